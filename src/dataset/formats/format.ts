import type { Batch } from '../../core/batch.ts';
import type { LineFormat } from '../../encoding/line-format.ts';
import type { TableLayout } from '../../encoding/table-layout.ts';
import type { RowLabel } from '../../encoding/texts.ts';
import type { FileDigest } from '../whole-file.ts';

/** How a file is compressed. */
export type Compression = 'zstd' | 'snappy' | 'gzip' | 'none';

/** A file format of datasets: writes tables, and reads them back. */
export interface Format<Name extends string = string> {
  /** The name that users give. */
  readonly name: Name;
  readonly mediaType: string;
  /** Supported compression methods, the default first. */
  readonly compressions: readonly [Compression, ...Compression[]];
  /** The file extension. */
  extension(compression: Compression): string;
  /** The format of its lines; undefined if a table can only be written to a file. */
  readonly lines: LineFormat | undefined;
  /**
   * Prepares to write files of one table of readings, one after another. The code compiled for the
   * table serves all of them.
   */
  tableFiles(
    layout: TableLayout,
    labels: readonly RowLabel[],
    compression: Compression,
  ): Promise<TableFiles>;
  /** @throws DatasetError if the file cannot be written. */
  writeRecords(path: string, table: RecordTable, compression: Compression): Promise<WrittenTable>;
  /**
   * Streams some columns of a file, in the order of its rows; holds one chunk in memory. A column
   * that the file does not have is empty.
   *
   * @throws DatasetError if the file cannot be read.
   */
  read(path: string, wanted: WantedColumns): AsyncGenerator<Rows>;
}

/** Starts a file of a table; throws a DatasetError if it cannot be created. */
export type TableFiles = (path: string) => TableWriter;

/** Writes one table of readings to one file, batch by batch. */
export interface TableWriter {
  /** Writes the rows of a batch that belong to the table. */
  add(batch: Batch): Promise<void>;
  /** Completes the file and gives it its name. */
  finish(): Promise<WrittenTable>;
  /** Removes what was written. */
  abandon(): void;
}

/** A written file with its number of rows. */
export interface WrittenTable extends FileDigest {
  readonly rows: number;
}

/** A table that is no table of readings: machines, factories, anomalies. */
export interface RecordTable {
  readonly name: string;
  /** A time is text in the rows, `2025-10-09T12:00:00Z`. */
  readonly columns: readonly {
    readonly name: string;
    readonly kind: 'text' | 'number' | 'whole' | 'time';
  }[];
  readonly rows: Iterable<readonly (string | number | null)[]>;
}

/** Rows of a table that are written at a time. */
const CHUNK_ROWS = 50_000;

/** Some rows of a table after the others; one chunk at least. */
export function* chunksOf<Row>(rows: Iterable<Row>): Generator<readonly Row[]> {
  let chunk: Row[] = [];
  let isFirst = true;
  for (const row of rows) {
    if (chunk.length === CHUNK_ROWS) {
      yield chunk;
      chunk = [];
      isFirst = false;
    }
    chunk.push(row);
  }
  if (isFirst || chunk.length > 0) yield chunk;
}

/** The type as which a column is read; times become milliseconds since the epoch. */
export type ColumnKind = 'time' | 'number' | 'text';
/** The columns to read of a table, by name. */
export type WantedColumns = Readonly<Record<string, ColumnKind>>;

/** Some rows of a table, by column. */
export class Rows {
  readonly length: number;
  readonly #numbers: ReadonlyMap<string, Float64Array>;
  readonly #texts: ReadonlyMap<string, readonly string[]>;

  constructor(
    length: number,
    numbers: ReadonlyMap<string, Float64Array>,
    texts: ReadonlyMap<string, readonly string[]>,
  ) {
    this.length = length;
    this.#numbers = numbers;
    this.#texts = texts;
  }

  /**
   * A column of times or numbers; NaN for a row without a value.
   *
   * @throws RangeError for a column that was not requested.
   */
  numbers(name: string): Float64Array {
    return this.#numbers.get(name) ?? unasked(name);
  }

  /**
   * A column of texts; '' for a row without one.
   *
   * @throws RangeError for a column that was not requested.
   */
  texts(name: string): readonly string[] {
    return this.#texts.get(name) ?? unasked(name);
  }
}

function unasked(name: string): never {
  throw new RangeError(`the column ${name} was not requested`);
}
