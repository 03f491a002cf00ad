import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { pathError } from './dataset-error.ts';
import { Rows, type WantedColumns } from './rows.ts';

/** Rows that are handed over at a time. */
const CHUNK_ROWS = 16_384;
/** Bytes that are read at a time. */
const PART_BYTES = 1 << 18;

/**
 * Reads CSV or JSON lines, as its name says, compressed by gzip or not.
 *
 * @throws DatasetError where it cannot be read, or is not what its name says.
 */
export async function* readLines(path: string, wanted: WantedColumns): AsyncGenerator<Rows> {
  const isCsv = /\.csv(\.gz)?$/.test(path);
  let columns: LineColumns | undefined;
  try {
    for await (const lines of linesOf(path))
      for (const line of lines) {
        if (columns === undefined) {
          columns = isCsv ? new CsvColumns(wanted, cellsOf(line)) : new JsonColumns(wanted);
          if (isCsv) continue;
        }
        columns.put(line);
        if (columns.length === CHUNK_ROWS) yield columns.take();
      }
  } catch (error) {
    throw pathError('read', path, error);
  }
  if (columns && columns.length > 0) yield columns.take();
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
abstract class LineColumns {
  length = 0;
  readonly #wanted: WantedColumns;
  #numbers = new Map<string, Float64Array>();
  #texts = new Map<string, string[]>();
  #time = '';
  #timeMs = Number.NaN;

  constructor(wanted: WantedColumns) {
    this.#wanted = wanted;
    this.#begin();
  }

  abstract put(line: string): void;

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

  protected putNumber(name: string, value: number): void {
    (this.#numbers.get(name) as Float64Array)[this.length] = value;
  }

  protected putText(name: string, text: string): void {
    (this.#texts.get(name) as string[]).push(text);
  }

  /** Rows of one instant follow each other, so its text is read once. */
  protected putTime(name: string, text: string): void {
    if (text !== this.#time) {
      this.#time = text;
      this.#timeMs = Date.parse(text);
    }
    this.putNumber(name, this.#timeMs);
  }

  #begin(): void {
    this.length = 0;
    this.#numbers = new Map();
    this.#texts = new Map();
    for (const [name, kind] of Object.entries(this.#wanted))
      if (kind === 'text') this.#texts.set(name, []);
      else this.#numbers.set(name, new Float64Array(CHUNK_ROWS));
  }
}

class CsvColumns extends LineColumns {
  readonly #sources: readonly { readonly name: string; readonly kind: string; at: number }[];

  constructor(wanted: WantedColumns, header: readonly string[]) {
    super(wanted);
    this.#sources = Object.entries(wanted).map(([name, kind]) => ({
      name,
      kind,
      at: header.indexOf(name),
    }));
  }

  put(line: string): void {
    const cells = cellsOf(line);
    for (const { name, kind, at } of this.#sources) {
      const cell = cells[at] ?? '';
      if (kind === 'text') this.putText(name, cell);
      else if (kind === 'time') this.putTime(name, cell);
      else this.putNumber(name, cell === '' ? Number.NaN : Number(cell));
    }
    this.length++;
  }
}

class JsonColumns extends LineColumns {
  readonly #sources: readonly (readonly [name: string, kind: string])[];

  constructor(wanted: WantedColumns) {
    super(wanted);
    this.#sources = Object.entries(wanted);
  }

  put(line: string): void {
    const record = JSON.parse(line) as Record<string, string | number | null>;
    for (const [name, kind] of this.#sources) {
      const value = record[name] ?? null;
      if (kind === 'text') this.putText(name, String(value ?? ''));
      else if (kind === 'time') this.putTime(name, String(value ?? ''));
      else this.putNumber(name, value === null ? Number.NaN : Number(value));
    }
    this.length++;
  }
}

/** The cells of a line of CSV (RFC 4180 §2); no text of a dataset has a line break. */
function cellsOf(line: string): readonly string[] {
  if (!line.includes('"')) return line.split(',');
  return Array.from(line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g), ([, quoted, plain]) =>
    quoted === undefined ? (plain as string) : quoted.replaceAll('""', '"'),
  );
}
