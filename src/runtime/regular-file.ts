import { readFileSync, statSync } from 'node:fs';

/** A path that is not read: nothing that ends stands there, or more than is taken. */
export class FileRefusal extends Error {
  /** The system's code for it, where there is one. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.name = 'FileRefusal';
    this.code = code;
  }
}

/**
 * The size of a regular file [bytes]. A pipe may never say anything, and a device may never end, so
 * both are refused before they are opened.
 *
 * @throws FileRefusal for anything else, in a few words that follow the path; the system's error
 *   where there is nothing.
 */
export function regularFileBytes(path: string): number {
  const status = statSync(path);
  if (status.isDirectory()) throw new FileRefusal('is a folder', 'EISDIR');
  if (!status.isFile()) throw new FileRefusal('is not a file');
  return status.size;
}

/**
 * Reads a regular file of limited size.
 *
 * @throws FileRefusal where it is none, or larger; the system's error where it cannot be read.
 */
export function readRegularFile(path: string, maxBytes: number): Buffer {
  const bytes = regularFileBytes(path);
  if (bytes > maxBytes) throw new FileRefusal(`has ${bytes} bytes`);
  return readFileSync(path);
}
