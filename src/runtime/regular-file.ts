import { readFileSync, statSync } from 'node:fs';

/** A path that is not read: not a regular file, or too large. */
export class FileRefusal extends Error {
  /** The system's error code, if there is one. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.name = 'FileRefusal';
    this.code = code;
  }
}

/**
 * The size of a regular file [bytes]. A pipe may never send anything and a device may never end,
 * so both are refused before they are opened.
 *
 * @throws FileRefusal for anything else, with a message that follows the path; the system's error
 *   if the path does not exist.
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
 * @throws FileRefusal if it is not a regular file, or too large; the system's error if it cannot
 *   be read.
 */
export function readRegularFile(path: string, maxBytes: number): Buffer {
  const bytes = regularFileBytes(path);
  if (bytes > maxBytes) throw new FileRefusal(`has ${bytes} bytes`);
  return readFileSync(path);
}
