import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileEntry, MANIFEST, type Manifest } from '../dataset/manifest.ts';
import { digestOf } from '../dataset/whole-file.ts';
import { FolderLock } from '../store/locks/folder-lock.ts';
import { StoreError } from '../store/store-error.ts';
import { CommandError } from './command-error.ts';

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Where versions without a table of exports stored their record. */
const OLD_RECORD = 'export.json';

/** The folder with the files of exports; once locked, no other simulator uses it. */
export class ExportFolder {
  readonly path: string;
  #lock: Promise<FolderLock> | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** The ids of the exports that have a folder here. */
  ids(): readonly string[] {
    return existsSync(this.path) ? readdirSync(this.path).filter((name) => ID.test(name)) : [];
  }

  /** The folder of an export. */
  of(id: string): string {
    return join(this.path, id);
  }

  /** The folder of an export's dataset. */
  dataset(id: string): string {
    return join(this.path, id, 'dataset');
  }

  /** All files of a complete dataset: the manifest and the files that it lists. */
  files(id: string, { files }: Manifest): readonly FileEntry[] {
    const digest = digestOf(join(this.dataset(id), MANIFEST));
    if (!digest) return files;
    return [{ path: MANIFEST, table: 'manifest', rows: 0, ...digest }, ...files];
  }

  /** When a dataset was completed [ms, real time]; 0 if it is not complete. */
  wholeSinceMs(id: string): number {
    return statSync(join(this.dataset(id), MANIFEST), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  }

  /** Bytes of all files of a dataset so far; files that vanish meanwhile count as 0. */
  async bytes(id: string): Promise<number> {
    const folder = this.dataset(id);
    let bytes = 0;
    for (const path of await readdir(folder, { recursive: true }).catch(() => []))
      bytes += await stat(join(folder, path)).then(
        (found) => (found.isFile() ? found.size : 0),
        () => 0,
      );
    return bytes;
  }

  /** The record of an export that an earlier version left; undefined if there is none. */
  oldRecord(id: string): unknown {
    try {
      return JSON.parse(readFileSync(join(this.of(id), OLD_RECORD), 'utf8'));
    } catch {
      // A killed process leaves a folder without a record.
      return undefined;
    }
  }

  /**
   * Locks the folder. @throws CommandError if another simulator uses it, or it cannot be locked.
   */
  async lock(): Promise<void> {
    this.#lock ??= FolderLock.acquire(this.path);
    try {
      await this.#lock;
    } catch (cause) {
      this.#lock = undefined;
      if (!(cause instanceof StoreError)) throw cause;
      const reason = cause.kind === 'locked' ? 'is used by another simulator' : 'cannot be used';
      throw new CommandError('unavailable', `the folder of exports ${reason}`, [], { cause });
    }
  }

  /** Releases the lock. */
  async unlock(): Promise<void> {
    const lock = await this.#lock?.catch(() => undefined);
    await lock?.release();
  }
}
