import { type Batch, PARTIAL, READING } from '../../core/batch.ts';
import type { Machine } from '../../core/factory.ts';
import { ROW_WIDTH } from '../../core/machine.ts';
import type { MachineColumn, TableLayout } from '../../encoding/table-layout.ts';
import {
  defectText,
  FieldTexts,
  isText,
  LabelMemo,
  ROW_LABELS,
  type RowLabel,
  type TableField,
} from '../../encoding/texts.ts';
import { Memo } from '../../runtime/memo.ts';
import type { Compression, TableWriter, WrittenTable } from './format.ts';
import {
  booleanColumn,
  type Columns,
  flagColumn,
  numberColumn,
  ParquetFile,
  textColumn,
  timeColumn,
  wholeColumn,
} from './parquet-file.ts';

/** Rows written at a time: half of a row group, some megabytes. */
const CHUNK_ROWS = 61_440;

/** Writes a table of readings as Parquet. */
export class ParquetTableWriter implements TableWriter {
  readonly #file: ParquetFile;
  readonly #columns: TableColumns;
  #rows = 0;

  /** @throws DatasetError if the file cannot be created. */
  constructor(path: string, columns: TableColumns, compression: Compression) {
    this.#file = new ParquetFile(path, compression, columns.descriptions);
    this.#columns = columns;
    columns.reset();
  }

  async add(batch: Batch): Promise<void> {
    for (let row = 0; row < batch.length; ) {
      row = this.#columns.take(batch, row);
      if (this.#columns.isFull) await this.#flush();
    }
  }

  async finish(): Promise<WrittenTable> {
    // The first chunk defines the columns of a file, so an empty table has one, too.
    if (this.#columns.length > 0 || this.#rows === 0) await this.#flush();
    return { ...(await this.#file.finish()), rows: this.#rows };
  }

  abandon(): void {
    this.#file.abandon();
  }

  async #flush(): Promise<void> {
    this.#rows += this.#columns.length;
    await this.#file.add(this.#columns.chunk());
  }
}

/** A column of the table: its position in the readings of each machine, and a chunk of values. */
interface FieldColumn {
  readonly field: TableField;
  /** By the machine's index; −1 if it does not have the column. */
  readonly sources: number[];
  /** The texts that numbers stand for, by machine; used only with a dictionary. */
  readonly texts: FieldTexts<string>[];
  /** NaN is null; texts are stored as indexes into the dictionary. */
  readonly values: Float64Array;
  readonly dictionary: Dictionary | undefined;
}

/** The columns of a table, filled chunk by chunk: for one file at a time, one after another. */
export class TableColumns {
  readonly #layout: TableLayout;
  readonly #columns: readonly FieldColumn[];
  /** The next rows of a batch, where their values start, and their machines. */
  readonly #rowsTaken = new Int32Array(CHUNK_ROWS);
  readonly #starts = new Int32Array(CHUNK_ROWS);
  readonly #machinesTaken = new Int32Array(CHUNK_ROWS);
  readonly #times = new Instants();
  readonly #machines = new Float64Array(CHUNK_ROWS);
  readonly #labels: readonly LabelColumns[];
  /** The texts that name a machine, by its index. */
  readonly #machineTexts: readonly (MachineColumn & { readonly texts: string[] })[];
  /** Each machine's index; −1 for machines without rows in the table. */
  #indexes: Memo<Machine, number>;
  readonly #texts = new Memo((field: TableField) => new FieldTexts(field, (text) => text));
  #length = 0;

  constructor(layout: TableLayout, labels: readonly RowLabel[]) {
    this.#layout = layout;
    this.#machineTexts = layout.machineColumns.map((column) => ({ ...column, texts: [] }));
    this.#columns = layout.fields.map((field) => ({
      field,
      sources: [],
      texts: [],
      values: new Float64Array(CHUNK_ROWS),
      dictionary: isText(field) ? new Dictionary() : undefined,
    }));
    this.#labels = labels.map(labelColumns);
    this.#indexes = new Memo((machine) => this.#add(machine));
  }

  /** Descriptions of the columns, if the layout has them. */
  get descriptions(): TableLayout['descriptions'] {
    return this.#layout.descriptions;
  }

  /** Rows of the chunk so far. */
  get length(): number {
    return this.#length;
  }

  /** Whether the chunk is full and must be written first. */
  get isFull(): boolean {
    return this.#length === CHUNK_ROWS;
  }

  /** Forgets all rows and machines. */
  reset(): void {
    this.#length = 0;
    for (const { texts } of this.#machineTexts) texts.length = 0;
    this.#indexes = new Memo((machine) => this.#add(machine));
    for (const { sources, texts, dictionary } of this.#columns) {
      sources.length = 0;
      texts.length = 0;
      dictionary?.take();
    }
    for (const label of this.#labels) label.columns(0);
  }

  /**
   * Adds the rows of a batch that belong to the table, from `row` on, as far as they fit: column
   * by column, so that each loop does one thing to one array.
   *
   * @returns The row of the batch to continue with.
   */
  take(batch: Batch, row: number): number {
    const at = this.#length;
    let count = 0;
    for (; row < batch.length && at + count < CHUNK_ROWS; row++) {
      if (((batch.flags[row] as number) & READING) === 0) continue;
      const index = this.#indexes.of(batch.machines[row] as Machine);
      if (index < 0 || !this.#carries(batch, row)) continue;
      this.#rowsTaken[count] = row;
      this.#starts[count] = row * ROW_WIDTH;
      this.#machinesTaken[count++] = index;
    }
    this.#times.take(batch.toldMs, this.#rowsTaken, count, at);
    this.#machines.set(this.#machinesTaken.subarray(0, count), at);
    for (const column of this.#columns)
      if (column.dictionary) this.#takeTexts(batch, count, column, column.dictionary);
      else this.#takeNumbers(batch, count, column);
    for (const label of this.#labels) label.take(batch, this.#rowsTaken, count, at);
    this.#length += count;
    return row;
  }

  #carries(batch: Batch, row: number): boolean {
    const isWhole = ((batch.flags[row] as number) & PARTIAL) === 0;
    return (
      isWhole || batch.carries(row, this.#layout.channelOf((batch.machines[row] as Machine).type))
    );
  }

  /** Returns the added rows as columns, to be written before more are added; resets the chunk. */
  chunk(): Columns {
    const length = this.#length;
    const columns: Record<string, Columns[string]> = {
      time: this.#times.column(length),
    };
    for (const { name, texts } of this.#machineTexts)
      columns[name] = textColumn(this.#machines.subarray(0, length), texts);
    for (const { field, values, dictionary } of this.#columns) {
      const chunk = values.subarray(0, length);
      columns[field.name] = dictionary
        ? textColumn(chunk, dictionary.take())
        : columnOfKind(field.kind, chunk);
    }
    this.#length = 0;
    return Object.assign(columns, ...this.#labels.map((label) => label.columns(length)));
  }

  #add(machine: Machine): number {
    const own = this.#layout.fieldsOf(machine.type);
    if (this.#layout.channelOf(machine.type) < 0) return -1;
    for (const { field, sources, texts } of this.#columns) {
      const source = own.get(field.name);
      sources.push(source?.column ?? -1);
      texts.push(this.#texts.of(source ?? field));
    }
    const [first] = this.#machineTexts;
    for (const { texts, textOf } of this.#machineTexts) texts.push(textOf(machine));
    return (first?.texts.length ?? 0) - 1;
  }

  #takeNumbers(batch: Batch, count: number, { sources, values }: FieldColumn): void {
    const at = this.#length;
    const starts = this.#starts;
    const machines = this.#machinesTaken;
    const from = batch.values;
    for (let k = 0; k < count; k++) {
      const source = sources[machines[k] as number] as number;
      values[at + k] = source < 0 ? Number.NaN : (from[(starts[k] as number) + source] as number);
    }
  }

  #takeTexts(
    batch: Batch,
    count: number,
    { sources, texts, values }: FieldColumn,
    dictionary: Dictionary,
  ): void {
    const at = this.#length;
    for (let k = 0; k < count; k++) {
      const index = this.#machinesTaken[k] as number;
      const source = sources[index] as number;
      const code =
        source < 0 ? Number.NaN : (batch.values[(this.#starts[k] as number) + source] as number);
      values[at + k] = Number.isNaN(code)
        ? Number.NaN
        : dictionary.indexOf((texts[index] as FieldTexts<string>).of(code));
    }
  }
}

/** A column of numbers as the field's kind stores it. */
function columnOfKind(kind: TableField['kind'], values: Float64Array): Columns[string] {
  if (kind === 'count') return wholeColumn(values);
  return kind === 'flag' ? booleanColumn(values) : numberColumn(values);
}

/** The instants of a chunk as 64-bit integers, assembled from halves to avoid a BigInt per row. */
class Instants {
  readonly #values = new BigInt64Array(CHUNK_ROWS);
  /** The halves of each value, the lower one first: the format is that of little-endian hosts. */
  readonly #halves = new Int32Array(this.#values.buffer);

  /** Copies the instants of some rows of a batch, from `at` on. */
  take(timesMs: Float64Array, rows: Int32Array, count: number, at: number): void {
    const halves = this.#halves;
    for (let k = 0; k < count; k++) {
      const timeMs = timesMs[rows[k] as number] as number;
      const high = Math.floor(timeMs / 2 ** 32);
      halves[2 * (at + k)] = timeMs - high * 2 ** 32;
      halves[2 * (at + k) + 1] = high;
    }
  }

  column(length: number): Columns[string] {
    return timeColumn(this.#values.subarray(0, length));
  }
}

/** The distinct texts of a chunk of a column, in order of appearance. */
class Dictionary {
  readonly #indexes = new Map<string, number>();

  indexOf(text: string): number {
    let index = this.#indexes.get(text);
    if (index === undefined) {
      index = this.#indexes.size;
      this.#indexes.set(text, index);
    }
    return index;
  }

  /** Returns all texts; the next chunk starts with none. */
  take(): readonly string[] {
    const texts = [...this.#indexes.keys()];
    this.#indexes.clear();
    return texts;
  }
}

/** The columns of a label, filled chunk by chunk. */
interface LabelColumns {
  /** Takes what it says of some rows of a batch, from `at` on. */
  take(batch: Batch, rows: Int32Array, count: number, at: number): void;
  /** Returns the columns of the chunk; the next one starts with none. */
  columns(length: number): Columns;
}

function labelColumns(label: RowLabel): LabelColumns {
  if (label === 'received') return receivedColumn();
  if (label === 'defect')
    return flaggedText(ROW_LABELS.defect, ({ defects }, row) => defectText(defects[row] as number));
  const texts = new LabelMemo((text) => text);
  return flaggedText(ROW_LABELS.anomaly, ({ machines, faults }, row) =>
    texts.of((machines[row] as Machine).type, faults[row] as number),
  );
}

/** A column of 0 and 1, and one of texts, which has none where the first is 0. */
function flaggedText(
  [flag, kind]: readonly [string, string],
  textOf: (batch: Batch, row: number) => string,
): LabelColumns {
  const flags = new Int8Array(CHUNK_ROWS);
  const indexes = new Float64Array(CHUNK_ROWS);
  const texts = new Dictionary();
  return {
    take(batch, rows, count, at) {
      for (let k = 0; k < count; k++) {
        const text = textOf(batch, rows[k] as number);
        flags[at + k] = text === '' ? 0 : 1;
        indexes[at + k] = text === '' ? Number.NaN : texts.indexOf(text);
      }
    },
    columns: (length) => ({
      [flag]: flagColumn(flags.subarray(0, length)),
      [kind]: textColumn(indexes.subarray(0, length), texts.take()),
    }),
  };
}

function receivedColumn(): LabelColumns {
  const instants = new Instants();
  return {
    take: ({ receivedMs }, rows, count, at) => instants.take(receivedMs, rows, count, at),
    columns: (length) => ({ [ROW_LABELS.received[0]]: instants.column(length) }),
  };
}
