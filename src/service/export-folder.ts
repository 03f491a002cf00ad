import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileEntry, MANIFEST, type Manifest } from '../dataset/manifest.ts';
import { digestOf } from '../dataset/whole-file.ts';
import { FolderLock } from '../store/locks/folder-lock.ts';
import { StoreError } from '../store/store-error.ts';
import { CommandError } from './command-error.ts';

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Where versions without a table of exports kept their record. */
const OLD_RECORD = 'export.json';

/** The folder with the files of exports, which no other simulator uses once it is locked. */
export class ExportFolder {
  readonly path: string;
  #lock: Promise<FolderLock> | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** The ids of the exports that have something here. */
  ids(): readonly string[] {
    return existsSync(this.path) ? readdirSync(this.path).filter((name) => ID.test(name)) : [];
  }

  /** Where all of an export is. */
  of(id: string): string {
    return join(this.path, id);
  }

  /** Where the dataset of an export is. */
  dataset(id: string): string {
    return join(this.path, id, 'dataset');
  }

  /** All files of a whole dataset: the manifest, and what that lists. */
  files(id: string, { files }: Manifest): readonly FileEntry[] {
    const digest = digestOf(join(this.dataset(id), MANIFEST));
    if (!digest) return files;
    return [{ path: MANIFEST, table: 'manifest', rows: 0, ...digest }, ...files];
  }

  /** When a dataset became whole [ms, real time]; 0 where it is not. */
  wholeSinceMs(id: string): number {
    return statSync(join(this.dataset(id), MANIFEST), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  }

  /** Bytes of all files of a dataset so far; files that vanish meanwhile do not count. */
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

  /** The record of an export that an earlier version left; undefined where it left none. */
  oldRecord(id: string): unknown {
    try {
      return JSON.parse(readFileSync(join(this.of(id), OLD_RECORD), 'utf8'));
    } catch {
      // A process that was killed leaves a folder without one.
      return undefined;
    }
  }

  /** Keeps others out. @throws CommandError where another simulator is there, or none can be. */
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

  /** Lets others in. */
  async unlock(): Promise<void> {
    const lock = await this.#lock?.catch(() => undefined);
    await lock?.release();
  }
}
