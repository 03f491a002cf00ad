import type { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { MachineType } from '../core/machine.ts';
import { Memo, viewMemo } from '../runtime/memo.ts';
import {
  type Column,
  ColumnWriter,
  checkedWithin,
  constantWithin,
  HEAD_BYTES_MAX,
  type NullAndTextFormat,
} from './columns.ts';
import { flatFields, flatNames } from './reading.ts';
import { MACHINE_ID, type MachineColumn, type TableLayout } from './table-layout.ts';
import {
  defectText,
  LabelMemo,
  ROW_LABELS,
  type RowLabel,
  type TableField,
  Utf8Constant,
} from './texts.ts';
import { TimeWriter } from './time.ts';

/**
 * Writes the readings of a batch, each as a line. Each call needs `MESSAGE_BYTES_MAX` bytes from
 * `at` on (columns.ts); bytes after the end of the text may be overwritten.
 */
export interface LineEncoder {
  /** Writes the header line, if any; returns the index after it. */
  header(bytes: Uint8Array, at: number): number;
  /**
   * Writes row `row`, which must be a reading; returns the index after it, or `at` if the table
   * has no row for that machine.
   */
  row(batch: Batch, row: number, bytes: Uint8Array, at: number): number;
}

/** A value in a line; formats without types read numbers as text, and '' for null. */
export type LineValue = string | number | null;

/** Parses lines one after another; returns the values of each, or undefined if it has none. */
export type LineReader = (line: string) => readonly LineValue[] | undefined;

/** A line format: writes readings and small tables, and reads them back. */
export interface LineFormat<Name extends string = string> {
  /** The name that users give, and the file extension. */
  readonly name: Name;
  readonly mediaType: string;
  /**
   * An encoder of flat records, one per reading.
   *
   * @param types - The machine types whose readings will be written. Formats that name the columns
   *   in each line need not know them.
   */
  flat(types?: Iterable<MachineType>): LineEncoder;
  /** An encoder of one table; types without that channel have no rows. */
  table(layout: TableLayout, labels: readonly RowLabel[]): LineEncoder;
  /**
   * Rows of a table as text.
   *
   * @param hasHeader - Whether they are the first of it.
   */
  records(
    names: readonly string[],
    rows: readonly (readonly LineValue[])[],
    hasHeader?: boolean,
  ): string;
  /** A parser for some columns; values are null if a line does not have the column. */
  reader(names: readonly string[]): LineReader;
}

/** How a format writes a line of values. */
export interface LineNotation<Name extends string> extends NullAndTextFormat {
  readonly name: Name;
  readonly mediaType: string;
  /** The beginning of a line. */
  readonly open: string;
  readonly separator: string;
  /** The end of a line, before the LF. */
  readonly close: string;
  /** The quotes around a time. */
  readonly quote: string;
  /** The text before a value; undefined if the first line names the columns instead. */
  readonly key: ((name: string) => string) | undefined;
  readonly reader: LineFormat['reader'];
}

/** Makes a format from a notation. */
export function lineFormat<const Name extends string>(
  notation: LineNotation<Name>,
): LineFormat<Name> {
  const { name, mediaType, open, separator, close, text, none, key, reader } = notation;
  const valueText = (value: LineValue) =>
    value === null ? none : typeof value === 'number' ? String(value) : text(value);
  return {
    name,
    mediaType,
    flat(types = []) {
      const columns = {
        machineColumns: [MACHINE_ID],
        names: flatNames(types),
        fieldsOf: flatFields,
        channelOf: () => 0,
      };
      return new Lines(notation, columns, []);
    },
    table(layout, labels) {
      const names = layout.fields.map((field) => field.name);
      const fieldsOf = (type: MachineType) =>
        Array.from(layout.fieldsOf(type), ([name, field]) => ({ name, field }));
      return new Lines(notation, { ...layout, names, fieldsOf }, labels);
    },
    records(names, rows, hasHeader = true) {
      const lines = rows.map((row) => {
        const values = names.map((column, i) => (key?.(column) ?? '') + valueText(row[i] ?? null));
        return `${open}${values.join(separator)}${close}\n`;
      });
      return (hasHeader ? headerText(notation, names) : '') + lines.join('');
    },
    reader,
  };
}

/** The columns of lines after `time`. */
interface LineColumns {
  readonly machineColumns: readonly MachineColumn[];
  readonly names: readonly string[];
  /** The columns that a machine type has, in its own order. */
  fieldsOf(type: MachineType): readonly { readonly name: string; readonly field: TableField }[];
  /**
   * Position of the channel with which a line is delivered: a flat record comes with the first; −1
   * for a type without lines.
   */
  channelOf(type: MachineType): number;
}

/** The longest label: the most fault types of a reading, each of thirty characters. */
const LABEL_BYTES_MAX = 1024;

/** Writes what a label says of row `row` from `at` on; returns the index after it. */
type LabelWriter = (view: DataView, at: number, batch: Batch, row: number) => number;

/** Everything that is constant in the lines of one machine. */
interface MachineLines {
  /** The texts that name it, with those before them. */
  readonly keys: Utf8Constant;
  /** The values, and the end of the line if no label follows. */
  readonly columns: ColumnWriter;
  readonly channel: number;
}

class Lines implements LineEncoder {
  readonly #views = viewMemo();
  readonly #header: Utf8Constant;
  readonly #beforeTime: Utf8Constant;
  readonly #time = new TimeWriter();
  readonly #machines: Memo<Machine, MachineLines | undefined>;
  readonly #labels: readonly LabelWriter[];

  constructor(notation: LineNotation<string>, columns: LineColumns, labels: readonly RowLabel[]) {
    const { open, quote, separator, text, key = () => '' } = notation;
    const { machineColumns } = columns;
    const keyNames = machineColumns.map(({ name }) => name);
    const labelNames = labels.flatMap((label) => ROW_LABELS[label]);
    const names = ['time', ...keyNames, ...columns.names, ...labelNames];
    this.#header = new Utf8Constant(headerText(notation, names));
    checkedWithin('the header', this.#header.length);
    this.#beforeTime = new Utf8Constant(open + key('time') + quote);
    const isLast = labels.length === 0;
    const writers = new Memo((type: MachineType) => typeWriter(notation, type, columns, isLast));
    this.#machines = new Memo((machine) => {
      const { type } = machine;
      if (columns.channelOf(type) < 0) return undefined;
      const words = machineColumns.map(
        ({ name, textOf }) => separator + key(name) + text(textOf(machine)),
      );
      const keys = new Utf8Constant(quote + words.join(''));
      const writer = writers.of(type);
      const labelBytes = labels.length * LABEL_BYTES_MAX;
      checkedWithin(type.type, HEAD_BYTES_MAX + keys.length + writer.bytesMax + labelBytes);
      return { keys, columns: writer, channel: columns.channelOf(type) };
    });
    this.#labels = labels.map((label, i) =>
      labelWriter(notation, label, i === labels.length - 1 ? `${notation.close}\n` : ''),
    );
  }

  header(bytes: Uint8Array, at: number): number {
    return this.#header.write(this.#views.of(bytes), at);
  }

  row(batch: Batch, row: number, bytes: Uint8Array, at: number): number {
    const machine = batch.machines[row] as Machine;
    const lines = this.#machines.of(machine);
    if (!lines || !batch.carries(row, lines.channel)) return at;
    const view = this.#views.of(bytes);
    at = this.#beforeTime.write(view, at);
    at = this.#time.write(view, at, batch.toldMs[row] as number, machine.intervalMs);
    at = lines.keys.write(view, at);
    at = lines.columns.write(view, at, batch, row);
    for (let i = 0; i < this.#labels.length; i++)
      at = (this.#labels[i] as LabelWriter)(view, at, batch, row);
    return at;
  }
}

/**
 * Writes the columns of a label.
 *
 * @param end - The text after them.
 */
function labelWriter(notation: LineNotation<string>, label: RowLabel, end: string): LabelWriter {
  const { quote, separator, text, none, key = () => '' } = notation;
  if (label === 'received') {
    const time = new TimeWriter();
    const before = new Utf8Constant(separator + key(ROW_LABELS.received[0]) + quote);
    const after = new Utf8Constant(quote + end);
    return (view, at, batch, row) => {
      const { intervalMs } = batch.machines[row] as Machine;
      const from = before.write(view, at);
      return after.write(view, time.write(view, from, batch.receivedMs[row] as number, intervalMs));
    };
  }
  const [flag, kind] = ROW_LABELS[label];
  const constant = (word: string) => {
    const values = [
      separator + key(flag) + (word === '' ? 0 : 1),
      separator + key(kind) + (word === '' ? none : text(word)),
    ];
    return constantWithin(values.join('') + end, LABEL_BYTES_MAX);
  };
  if (label === 'anomaly') {
    const texts = new LabelMemo(constant);
    return (view, at, { machines, faults }, row) =>
      texts.of((machines[row] as Machine).type, faults[row] as number).write(view, at);
  }
  const texts = new Map<number, Utf8Constant>();
  return (view, at, { defects }, row) => {
    const bits = defects[row] as number;
    let known = texts.get(bits);
    if (!known) {
      known = constant(defectText(bits));
      texts.set(bits, known);
    }
    return known.write(view, at);
  };
}

function headerText({ key, separator }: LineNotation<string>, names: readonly string[]): string {
  return key ? '' : `${names.join(separator)}\n`;
}

/**
 * The values of a type; by position, a run of separators leads to each.
 *
 * @param isLast - Whether the line ends after them.
 */
function typeWriter(
  notation: LineNotation<string>,
  type: MachineType,
  { names, fieldsOf }: LineColumns,
  isLast: boolean,
): ColumnWriter {
  const { separator, key, close } = notation;
  const fields = new Map(fieldsOf(type).map(({ name, field }) => [name, field]));
  const columns: Column[] = [];
  let lead = '';
  for (const name of key ? fields.keys() : names) {
    lead += separator;
    const field = fields.get(name);
    if (!field) continue;
    columns.push({ field, lead: lead + (key?.(name) ?? ''), isRequired: false });
    lead = '';
  }
  if (columns.length !== fields.size)
    throw new RangeError(
      `${type.type} is not among the machine types of this ${notation.name.toUpperCase()}`,
    );
  return new ColumnWriter(columns, isLast ? `${lead}${close}\n` : lead, notation);
}
