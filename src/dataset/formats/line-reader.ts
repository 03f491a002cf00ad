import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { LineFormat, LineValue } from '../../encoding/line-format.ts';
import { pathError } from '../dataset-error.ts';
import { type ColumnKind, Rows, type WantedColumns } from './format.ts';

/** Rows per chunk. */
const CHUNK_ROWS = 16_384;
/** Bytes read at a time. */
const PART_BYTES = 1 << 18;

/**
 * Reads a file of lines, compressed by gzip if its name ends in `.gz`.
 *
 * @throws DatasetError if it cannot be read, or is not in that format.
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

/** The lines of a file, part by part. */
async function* linesOf(path: string): AsyncGenerator<readonly string[]> {
  const file = createReadStream(path, { highWaterMark: PART_BYTES });
  // A pipeline passes an error of the file on to the reader of its output.
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

/** A column of a chunk; texts have no numbers, and numbers no texts. */
interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly numbers: Float64Array;
  readonly texts: string[];
}

/** A chunk of rows that is filled line by line. */
class LineColumns {
  length = 0;
  readonly #wanted: WantedColumns;
  #columns: readonly Column[];
  #time: LineValue = null;
  #timeMs = Number.NaN;

  constructor(wanted: WantedColumns) {
    this.#wanted = wanted;
    this.#columns = emptyColumns(wanted);
  }

  /** @param values - In the order of the wanted columns. */
  put(values: readonly LineValue[]): void {
    const columns = this.#columns;
    for (let i = 0; i < columns.length; i++) {
      const { kind, numbers, texts } = columns[i] as Column;
      const value = values[i] as LineValue;
      if (kind === 'text') texts.push(typeof value === 'string' ? value : String(value ?? ''));
      else if (kind === 'time') numbers[this.length] = this.#timeOf(value);
      else numbers[this.length] = numberOf(value);
    }
    this.length++;
  }

  /** Returns the rows so far and starts an empty chunk. */
  take(): Rows {
    const { length } = this;
    const numbers = new Map<string, Float64Array>();
    const texts = new Map<string, readonly string[]>();
    for (const column of this.#columns)
      if (column.kind === 'text') texts.set(column.name, column.texts);
      else numbers.set(column.name, column.numbers.subarray(0, length));
    this.length = 0;
    this.#columns = emptyColumns(this.#wanted);
    return new Rows(length, numbers, texts);
  }

  /** Rows with the same instant are adjacent, so its text is parsed once. */
  #timeOf(value: LineValue): number {
    if (value !== this.#time) {
      this.#time = value;
      this.#timeMs = Date.parse(String(value));
    }
    return this.#timeMs;
  }
}

/** A flag is 1 or 0, and no value NaN. */
function numberOf(value: LineValue): number {
  if (value === null || value === '') return Number.NaN;
  return value === 'true' ? 1 : value === 'false' ? 0 : Number(value);
}

function emptyColumns(wanted: WantedColumns): readonly Column[] {
  return Object.entries(wanted).map(([name, kind]) => ({
    name,
    kind,
    numbers: new Float64Array(kind === 'text' ? 0 : CHUNK_ROWS),
    texts: [],
  }));
}
