import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';

/** A file to put into an archive. */
export interface ArchivedFile {
  /** Its path in the archive, with `/`. */
  readonly name: string;
  /** Its path on disk. */
  readonly path: string;
  readonly bytes: number;
}

/**
 * Streams files as one tar archive (POSIX.1-1988 ustar), with one chunk in memory.
 *
 * @param signal - Stops it early, and closes the file that is being read.
 */
export function tarOf(files: readonly ArchivedFile[], time: Date, signal: AbortSignal): Readable {
  const archive = pack();
  fill(archive, files, time, signal).catch((error: Error) => archive.destroy(error));
  return Readable.from(archive, { objectMode: false });
}

async function fill(
  archive: Pack,
  files: readonly ArchivedFile[],
  mtime: Date,
  signal: AbortSignal,
): Promise<void> {
  for (const { name, path, bytes } of files) {
    const entry = archive.entry({ name, size: bytes, mtime });
    await pipeline(createReadStream(path), entry, { signal });
  }
  archive.finalize();
}
