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

/** Suffix of an incomplete file. */
export const PART = '.part';

/** Size and digest of a file. */
export interface FileDigest {
  readonly bytes: number;
  /** As hexadecimal digits. */
  readonly sha256: string;
}

/**
 * A file that gets its name only when it is complete. Until then it is called `….part`, with a
 * name unique to its writer, since a worker that was presumed dead may be writing the same file.
 * It writes synchronously, so that the writer need not buffer more than one chunk.
 */
export class WholeFile {
  readonly #path: string;
  readonly #part: string;
  readonly #hash = createHash('sha256');
  #descriptor: number | undefined;
  #bytes = 0;

  /** @throws DatasetError if the file cannot be created. */
  constructor(path: string) {
    this.#path = path;
    this.#part = `${path}.${randomBytes(6).toString('hex')}${PART}`;
    this.#attempt(() => {
      makeFolder(dirname(path));
      this.#descriptor = openSync(this.#part, 'wx');
    });
  }

  /** @throws DatasetError if it cannot be written; the part is then removed. */
  write(bytes: Uint8Array): void {
    this.#attempt(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor as number, bytes, at);
    });
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** Closes the file and gives it its name. */
  finish(): FileDigest {
    this.#attempt(() => {
      this.#close();
      renameSync(this.#part, this.#path);
    });
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** Removes what was written; does nothing once the file is complete. */
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
 * Creates a folder and its parents; other processes may be creating them, too. Node's `recursive`
 * never returns if a parent exists but cannot contain folders, as in `/proc`.
 */
export function makeFolder(path: string): void {
  const above = dirname(path);
  let failure = mkdirFailure(path);
  if (failure?.code === 'ENOENT' && above !== path) {
    makeFolder(above);
    failure = mkdirFailure(path);
    if (failure?.code === 'ENOENT') {
      const message = `cannot create ${path}: the file system at ${above} allows no new folders`;
      throw Object.assign(new DatasetError(message, { cause: failure }), { code: failure.code });
    }
  }
  if (failure) throw failure;
}

/** The error that prevents a folder from being created; undefined if it exists. */
function mkdirFailure(path: string): NodeJS.ErrnoException | undefined {
  try {
    mkdirSync(path);
    return undefined;
  } catch (error) {
    const failure = error as NodeJS.ErrnoException;
    return failure.code === 'EEXIST' && isFolder(path) ? undefined : failure;
  }
}

/** Follows links; a broken link is not a folder. */
function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Writes a small file in one go. */
export function writeWhole(path: string, text: string): FileDigest {
  const file = new WholeFile(path);
  file.write(new TextEncoder().encode(text));
  return file.finish();
}

/** Bytes read at a time, which limits the memory for a digest. */
const CHUNK_BYTES = 1 << 20;

/**
 * Size and digest of a file; undefined if it does not exist.
 *
 * @throws DatasetError if it is not a regular file, or cannot be read.
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
