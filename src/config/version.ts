import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The version of the simulator, from the nearest `package.json` above this file. */
export const version: string = readVersion(import.meta.dirname);

function readVersion(folder: string): string {
  try {
    const description = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return (description as { version: string }).version;
  } catch (error) {
    if (dirname(folder) === folder) throw error;
    return readVersion(dirname(folder));
  }
}
