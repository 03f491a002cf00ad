import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { regularFileBytes } from '../runtime/regular-file.ts';
import { DatasetError, pathError } from './dataset-error.ts';

/** Ends the name of a file that is not whole yet. */
export const PART = '.part';

/** Size and digest of a file. */
export interface FileDigest {
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/**
 * A file that has its name only when it is whole: until then it is called `….part`, by a name of
 * its writer's own, since a worker that was taken for dead may be writing the same file. It blocks
 * its thread while it writes, so that the writer need not keep more than it has in its hands.
 */
export class WholeFile {
  readonly #path: string;
  readonly #part: string;
  readonly #hash = createHash('sha256');
  #descriptor: number | undefined;
  #bytes = 0;

  /** @throws DatasetError where the file cannot be made. */
  constructor(path: string) {
    this.#path = path;
    this.#part = `${path}.${randomBytes(6).toString('hex')}${PART}`;
    this.#attempt(() => {
      makeFolder(dirname(path));
      this.#descriptor = openSync(this.#part, 'wx');
    });
  }

  /** @throws DatasetError where it cannot be written; the part that was written is removed. */
  write(bytes: Uint8Array): void {
    this.#attempt(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor as number, bytes, at);
    });
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** Gives the file its name. */
  finish(): FileDigest {
    this.#attempt(() => {
      this.#close();
      renameSync(this.#part, this.#path);
    });
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** Takes away what was written; nothing, once it is whole. */
  abandon(): void {
    if (this.#descriptor === undefined) return;
    this.#close();
    rmSync(this.#part, { force: true });
  }

  #close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) closeSync(descriptor);
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.abandon();
      throw pathError('write', this.#path, error);
    }
  }
}

/**
 * Makes a folder and those above it; other processes may be making them, too. Node's `recursive`
 * never returns where a parent exists but takes no folders, as in `/proc`.
 */
export function makeFolder(path: string): void {
  const above = dirname(path);
  let failure = mkdirFailure(path);
  if (failure?.code === 'ENOENT' && above !== path) {
    makeFolder(above);
    failure = mkdirFailure(path);
    if (failure?.code === 'ENOENT') {
      const message = `cannot make ${path}: the file system at ${above} takes no folders`;
      throw Object.assign(new DatasetError(message, { cause: failure }), { code: failure.code });
    }
  }
  if (failure) throw failure;
}

/** What keeps a folder from being made in the one above it; undefined where it is there. */
function mkdirFailure(path: string): NodeJS.ErrnoException | undefined {
  try {
    mkdirSync(path);
    return undefined;
  } catch (error) {
    const failure = error as NodeJS.ErrnoException;
    return failure.code === 'EEXIST' && isFolder(path) ? undefined : failure;
  }
}

/** A link that leads nowhere is no folder. */
function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Writes a small file at once. */
export function writeWhole(path: string, text: string): FileDigest {
  const file = new WholeFile(path);
  file.write(new TextEncoder().encode(text));
  return file.finish();
}

/** Read at a time; a digest then takes some megabytes however long the file is. */
const CHUNK_BYTES = 1 << 20;

/**
 * Size and digest of a file that is there; undefined where there is none.
 *
 * @throws DatasetError where it is no regular file, or cannot be read.
 */
export function digestOf(path: string): FileDigest | undefined {
  let descriptor: number | undefined;
  try {
    regularFileBytes(path);
    descriptor = openSync(path, 'r');
    const hash = createHash('sha256');
    const chunk = new Uint8Array(CHUNK_BYTES);
    let bytes = 0;
    for (let read = 1; read > 0; bytes += read) {
      read = readSync(descriptor, chunk);
      hash.update(chunk.subarray(0, read));
    }
    return { bytes, sha256: hash.digest('hex') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw pathError('read', path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
