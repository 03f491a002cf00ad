import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { LineFormat, LineValue } from '../../encoding/line-format.ts';
import { pathError } from '../dataset-error.ts';
import { type ColumnKind, Rows, type WantedColumns } from './rows.ts';

/** Rows that are handed over at a time. */
const CHUNK_ROWS = 16_384;
/** Bytes that are read at a time. */
const PART_BYTES = 1 << 18;

/**
 * Reads a file of lines, compressed by gzip if its name ends in `.gz`.
 *
 * @throws DatasetError where it cannot be read, or is not of that format.
 */
export async function* readLines(
  path: string,
  wanted: WantedColumns,
  format: LineFormat,
): AsyncGenerator<Rows> {
  const columns = new LineColumns(wanted);
  const valuesOf = format.reader(Object.keys(wanted));
  try {
    for await (const lines of linesOf(path))
      for (const line of lines) {
        const values = valuesOf(line);
        if (!values) continue;
        columns.put(values);
        if (columns.length === CHUNK_ROWS) yield columns.take();
      }
  } catch (error) {
    throw pathError('read', path, error);
  }
  if (columns.length > 0) yield columns.take();
}

/** The lines of a file, those that a part of it ends together. */
async function* linesOf(path: string): AsyncGenerator<readonly string[]> {
  const file = createReadStream(path, { highWaterMark: PART_BYTES });
  // A pipeline hands an error of the file on to who reads what comes out of it.
  const bytes = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => undefined) : file;
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of bytes as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
    rest = lines.pop() as string;
    yield lines;
  }
  if (rest !== '') yield [rest];
}

/** A chunk of rows that is filled line by line. */
class LineColumns {
  length = 0;
  readonly #wanted: readonly (readonly [name: string, kind: ColumnKind])[];
  #numbers = new Map<string, Float64Array>();
  #texts = new Map<string, string[]>();
  #time: LineValue = null;
  #timeMs = Number.NaN;

  constructor(wanted: WantedColumns) {
    this.#wanted = Object.entries(wanted);
    this.#begin();
  }

  /** @param values - In the order of the wanted columns. */
  put(values: readonly LineValue[]): void {
    for (const [i, [name, kind]] of this.#wanted.entries()) {
      const value = values[i] ?? null;
      if (kind === 'text') this.#texts.get(name)?.push(String(value ?? ''));
      else
        (this.#numbers.get(name) as Float64Array)[this.length] =
          kind === 'time'
            ? this.#timeOf(value)
            : value === null || value === ''
              ? Number.NaN
              : Number(value);
    }
    this.length++;
  }

  /** The rows so far; the chunk begins anew. */
  take(): Rows {
    const { length } = this;
    const numbers = [...this.#numbers].map(
      ([name, values]) => [name, values.subarray(0, length)] as const,
    );
    const rows = new Rows(length, new Map(numbers), this.#texts);
    this.#begin();
    return rows;
  }

  /** Rows of one instant follow each other, so its text is read once. */
  #timeOf(value: LineValue): number {
    if (value !== this.#time) {
      this.#time = value;
      this.#timeMs = Date.parse(String(value));
    }
    return this.#timeMs;
  }

  #begin(): void {
    this.length = 0;
    this.#numbers = new Map();
    this.#texts = new Map();
    for (const [name, kind] of this.#wanted)
      if (kind === 'text') this.#texts.set(name, []);
      else this.#numbers.set(name, new Float64Array(CHUNK_ROWS));
  }
}
