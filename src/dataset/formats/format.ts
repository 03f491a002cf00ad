import type { Batch } from '../../core/batch.ts';
import type { LineFormat } from '../../encoding/line-format.ts';
import type { TableLayout } from '../../encoding/table-layout.ts';
import type { FileDigest } from '../whole-file.ts';

/** How a file is compressed. */
export type Compression = 'zstd' | 'snappy' | 'gzip' | 'none';

/** A format of a dataset's files: how it writes tables, and how it reads them back. */
export interface Format<Name extends string = string> {
  /** What users call it. */
  readonly name: Name;
  readonly mediaType: string;
  /** How its files may be compressed, the default first. */
  readonly compressions: readonly [Compression, ...Compression[]];
  /** What the names of its files end in. */
  extension(compression: Compression): string;
  /** The format of its lines; undefined where a table can only be written to a file. */
  readonly lines: LineFormat | undefined;
  /**
   * Prepares for files of one table of readings, which are written one after another: code that is
   * compiled for the table serves all of them.
   */
  tableFiles(
    layout: TableLayout,
    hasLabels: boolean,
    compression: Compression,
  ): Promise<TableFiles>;
  /** @throws DatasetError where the file cannot be written. */
  writeRecords(path: string, table: RecordTable, compression: Compression): Promise<WrittenTable>;
  /**
   * Streams some columns of a file, in the order of its rows; holds one chunk in memory. A column
   * that the file does not have is empty.
   *
   * @throws DatasetError where it cannot be read.
   */
  read(path: string, wanted: WantedColumns): AsyncGenerator<Rows>;
}

/** Begins a file of a table; throws a DatasetError where it cannot be made. */
export type TableFiles = (path: string) => TableWriter;

/** Writes one table of readings to one file, batch by batch. */
export interface TableWriter {
  /** Takes those rows of a batch that belong to the table. */
  add(batch: Batch): Promise<void>;
  /** Gives the file its name. */
  finish(): Promise<WrittenTable>;
  /** Removes what was written. */
  abandon(): void;
}

/** A file that was written, and how many rows it has. */
export interface WrittenTable extends FileDigest {
  readonly rows: number;
}

/** A small table: machines, factories, anomalies. */
export interface RecordTable {
  readonly name: string;
  /** A time is text in the rows, `2025-10-09T12:00:00Z`. */
  readonly columns: readonly {
    readonly name: string;
    readonly kind: 'text' | 'number' | 'whole' | 'time';
  }[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** How a column is read; a time becomes milliseconds since the epoch. */
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
   * A column of times or numbers; NaN where a row has no value.
   *
   * @throws RangeError for a column that was not asked for.
   */
  numbers(name: string): Float64Array {
    return this.#numbers.get(name) ?? unasked(name);
  }

  /**
   * A column of texts; '' where a row has none.
   *
   * @throws RangeError for a column that was not asked for.
   */
  texts(name: string): readonly string[] {
    return this.#texts.get(name) ?? unasked(name);
  }
}

function unasked(name: string): never {
  throw new RangeError(`the column ${name} was not asked for`);
}
