import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../store/folders.ts';

/** The file in `DATA_DIR` with the address of the simulator that uses it. */
const FILE = 'address';

/** Notes where a simulator listens, for commands that look for it. */
export function writeAddress(dataDir: string, url: string): void {
  try {
    makeFolder(dataDir);
    writeFileSync(join(dataDir, FILE), `${url}\n`);
  } catch {
    // A simulator with a database server may run without a folder of its own. Commands then use
    // the configured port.
  }
}

/** The address of the simulator that uses a folder; undefined if none has noted one. */
export function readAddress(dataDir: string): string | undefined {
  try {
    return readFileSync(join(dataDir, FILE), 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Removes the note, unless another simulator has replaced it. */
export function removeAddress(dataDir: string, url: string): void {
  if (readAddress(dataDir) === url) rmSync(join(dataDir, FILE), { force: true });
}
