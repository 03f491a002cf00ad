import { gzipSync } from 'node:zlib';
import { type Batch, READING } from '../../core/batch.ts';
import { MESSAGE_BYTES_MAX } from '../../encoding/columns.ts';
import type { LineEncoder, LineFormat } from '../../encoding/line-format.ts';
import { WholeFile } from '../whole-file.ts';
import {
  type Compression,
  chunksOf,
  type Format,
  type TableWriter,
  type WrittenTable,
} from './format.ts';
import { readLines } from './line-reader.ts';

/** Files of lines, compressed by gzip or not. */
export function lines<Name extends string>(format: LineFormat<Name>): Format<Name> {
  const { name, mediaType } = format;
  return {
    name,
    mediaType,
    lines: format,
    compressions: ['none', 'gzip'],
    extension: (compression) => (compression === 'gzip' ? `.${name}.gz` : `.${name}`),
    async tableFiles(layout, labels, compression) {
      const encoder = format.table(layout, labels);
      return (path) => new LineTableWriter(path, encoder, compression);
    },
    async writeRecords(path, { columns, rows }, compression) {
      const names = columns.map((column) => column.name);
      const file = new WholeFile(path);
      let written = 0;
      for (const chunk of chunksOf(rows)) {
        const bytes = new TextEncoder().encode(format.records(names, chunk, written === 0));
        file.write(compression === 'gzip' ? gzipSync(bytes) : bytes);
        written += chunk.length;
      }
      return { ...file.finish(), rows: written };
    },
    read: (path, wanted) => readLines(path, wanted, format),
  };
}

/** Bytes written and hashed at a time: they stay in the second-level cache. */
const CHUNK_BYTES = 1 << 17;
/** Bytes of one gzip member. */
const MEMBER_BYTES = 1 << 20;
/** Higher levels hardly compress this kind of text further, and level 6 takes twice as long. */
const GZIP_LEVEL = 4;

/** Writes a table as lines. */
class LineTableWriter implements TableWriter {
  readonly #file: WholeFile;
  readonly #encoder: LineEncoder;
  readonly #isGzip: boolean;
  readonly #chunkBytes: number;
  readonly #chunk: Uint8Array;
  #at: number;
  #rows = 0;

  /** @throws DatasetError if the file cannot be created. */
  constructor(path: string, encoder: LineEncoder, compression: Compression) {
    this.#file = new WholeFile(path);
    this.#encoder = encoder;
    this.#isGzip = compression === 'gzip';
    this.#chunkBytes = this.#isGzip ? MEMBER_BYTES : CHUNK_BYTES;
    this.#chunk = new Uint8Array(this.#chunkBytes + MESSAGE_BYTES_MAX);
    this.#at = encoder.header(this.#chunk, 0);
  }

  async add(batch: Batch): Promise<void> {
    for (let row = 0; row < batch.length; row++) {
      if (((batch.flags[row] as number) & READING) === 0) continue;
      const end = this.#encoder.row(batch, row, this.#chunk, this.#at);
      if (end > this.#at) this.#rows++;
      this.#at = end;
      if (end >= this.#chunkBytes) this.#flush();
    }
  }

  async finish(): Promise<WrittenTable> {
    // A gzip file has at least one member, so that an empty table can be unpacked, too.
    if (this.#at > 0 || this.#isGzip) this.#flush();
    return { ...this.#file.finish(), rows: this.#rows };
  }

  abandon(): void {
    this.#file.abandon();
  }

  /** Each chunk is a separate member (RFC 1952 §2.2), so none waits for more data. */
  #flush(): void {
    const bytes = this.#chunk.subarray(0, this.#at);
    this.#file.write(this.#isGzip ? gzipSync(bytes, { level: GZIP_LEVEL }) : bytes);
    this.#at = 0;
  }
}
