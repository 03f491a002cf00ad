import type { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { Channel, Field } from '../core/field.ts';
import { type MachineType, ROW_WIDTH } from '../core/machine.ts';
import { NUMERIC_BYTES_MAX, NUMERIC_SCALE_MAX, writeNumeric } from './binary-numeric.ts';
import { carrierColumns, type Derived } from './carrier.ts';
import { ColumnWriter, fieldText } from './columns.ts';
import { JSON_SPELLING, keyText } from './json.ts';
import { PreparedText, SLACK_BYTES } from './prepared-text.ts';
import { type ReadingTable, type TableColumn, tableOf } from './reading-tables.ts';

/** Texts kept as bytes per column: more than the recipes of a plant and the batches of its day. */
const TEXTS_MAX = 1024;
/** Bytes of a character in UTF-8. */
const CHARACTER_BYTES_MAX = 4;
/** The length of a value, which is −1 for none. */
const LENGTH_BYTES = 4;
const INTEGER_END = 0x8000_0000;
/** Version of the binary form of `jsonb`. */
const JSONB_VERSION = 1;

/** A column with everything about it that is the same in every row. */
interface PreparedColumn {
  readonly column: TableColumn;
  readonly kind: TableColumn['type']['kind'];
  /** Position in the reading's values, −1 if the value is derived or there is none. */
  readonly at: number;
  readonly derived: Derived | undefined;
  readonly scale: number;
  /** 10^precision of a number. */
  readonly unitsEnd: number;
  readonly texts: Texts | undefined;
}

/** Writes one channel of a machine type as a record of its table, from the third column on. */
export class RecordWriter {
  readonly table: ReadingTable;
  readonly hasMetadata: boolean;
  readonly bytesMax: number;
  readonly #energyType: PreparedText | undefined;
  readonly #columns: readonly PreparedColumn[];
  readonly #metadata: ColumnWriter | undefined;

  constructor(type: MachineType, channel: Channel) {
    this.table = tableOf(channel.name);
    const isEnergy = this.table.key.includes('energy_type');
    this.#energyType = isEnergy ? new PreparedText(channel.name) : undefined;
    const derived = isEnergy ? carrierColumns(type, channel) : {};
    this.#columns = this.table.columns.map((column) => prepared(column, channel, derived));
    const stored = new Set(this.#columns.map(({ at }) => at));
    const rest = channel.fields.filter(({ column }) => !stored.has(column));
    this.hasMetadata = rest.length > 0;
    this.#metadata = this.hasMetadata ? metadataWriter(rest) : undefined;
    this.bytesMax =
      this.#columns.reduce((sum, column) => sum + columnBytesMax(column), SLACK_BYTES) +
      (this.#energyType ? LENGTH_BYTES + this.#energyType.length : 0) +
      (this.#metadata ? LENGTH_BYTES + 1 + this.#metadata.bytesMax : 0);
  }

  /**
   * @returns The index after the last byte.
   * @throws RangeError for a value that does not fit its column; it names machine and field.
   */
  write(view: DataView, at: number, batch: Batch, row: number): number {
    if (this.#energyType) at = writeText(view, at, this.#energyType);
    const { values } = batch;
    const from = row * ROW_WIDTH;
    const columns = this.#columns;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i] as PreparedColumn;
      const value = column.derived
        ? column.derived(values, from)
        : column.at < 0
          ? Number.NaN
          : (values[from + column.at] as number);
      const end = writeValue(view, at, column, value);
      if (end < 0) throw this.#unfit(column, value, batch, row);
      at = end;
    }
    return this.#metadata ? this.#writeMetadata(this.#metadata, view, at, batch, row) : at;
  }

  #writeMetadata(
    metadata: ColumnWriter,
    view: DataView,
    at: number,
    batch: Batch,
    row: number,
  ): number {
    const start = at + LENGTH_BYTES;
    view.setUint8(start, JSONB_VERSION);
    const end = metadata.write(view, start + 1, batch, row);
    view.setInt32(at, end - start);
    return end;
  }

  #unfit({ column, texts }: PreparedColumn, value: number, batch: Batch, row: number): RangeError {
    const { id, name } = batch.machines[row] as Machine;
    const time = new Date(batch.timesMs[row] as number).toISOString();
    const what = `${name} (${id}) at ${time}: ${column.name}`;
    if (!Number.isFinite(value)) return new RangeError(`${what} has no value, and may not be null`);
    const shown = texts ? JSON.stringify(texts.textOf(value)) : value;
    return new RangeError(`${what} is ${shown}, which does not fit ${declaration(column)}`);
  }
}

/** The records that a reading of a machine type makes, one a channel. */
export function tableRecords(type: MachineType): readonly RecordWriter[] {
  return type.channels.map((channel) => new RecordWriter(type, channel));
}

/** @returns The index after the last byte, or −1 for a value that does not fit. */
function writeValue(
  view: DataView,
  at: number,
  { kind, scale, unitsEnd, texts, column }: PreparedColumn,
  value: number,
): number {
  if (!Number.isFinite(value)) {
    view.setInt32(at, -1);
    return column.isRequired ? -1 : at + LENGTH_BYTES;
  }
  if (kind === 'numeric') return writeNumeric(view, at, value, scale, unitsEnd);
  if (kind === 'integer') {
    if (!Number.isInteger(value) || value >= INTEGER_END || value < -INTEGER_END) return -1;
    view.setInt32(at, 4);
    view.setInt32(at + LENGTH_BYTES, value);
    return at + LENGTH_BYTES + 4;
  }
  const text = texts?.of(value);
  return text ? writeText(view, at, text) : -1;
}

function writeText(view: DataView, at: number, text: PreparedText): number {
  view.setInt32(at, text.length);
  return text.write(view, at + LENGTH_BYTES);
}

/** The bytes of the texts that a field's numbers stand for, made when they are first met. */
class Texts {
  readonly #field: Field;
  readonly #lengthMax: number;
  readonly #known = new Map<number, PreparedText>();

  constructor(field: Field, lengthMax: number) {
    this.#field = field;
    this.#lengthMax = lengthMax;
  }

  textOf(code: number): string {
    return fieldText(this.#field, code);
  }

  /** Undefined for a text that is too long. */
  of(code: number): PreparedText | undefined {
    return this.#known.get(code) ?? this.#prepare(code);
  }

  #prepare(code: number): PreparedText | undefined {
    const text = this.textOf(code);
    if ([...text].length > this.#lengthMax) return undefined;
    const prepared = new PreparedText(text);
    if (this.#known.size >= TEXTS_MAX) this.#known.clear();
    this.#known.set(code, prepared);
    return prepared;
  }
}

function prepared(
  column: TableColumn,
  channel: Channel,
  derived: Readonly<Record<string, Derived>>,
): PreparedColumn {
  const { type } = column;
  const field = channel.fields.find(({ name }) => name === column.name);
  const isText = type.kind === 'varchar' || type.kind === 'operating_mode';
  const [precision, scale] = type.kind === 'numeric' ? [type.precision, type.scale] : [0, 0];
  if (scale > NUMERIC_SCALE_MAX) throw new RangeError(`${column.name}: ${scale} decimals`);
  return {
    column,
    kind: type.kind,
    at: field?.column ?? -1,
    derived: field ? undefined : derived[column.name],
    scale,
    unitsEnd: Number(`1e${precision}`),
    texts: isText && field ? new Texts(field, lengthMax(column)) : undefined,
  };
}

/** Characters that a column of text holds; a name in PostgreSQL, such as a mode, has 63. */
function lengthMax({ type }: TableColumn): number {
  return type.kind === 'varchar' ? type.lengthMax : 63;
}

function columnBytesMax({ kind, column }: PreparedColumn): number {
  if (kind === 'numeric') return NUMERIC_BYTES_MAX;
  if (kind === 'integer') return LENGTH_BYTES + 4;
  return LENGTH_BYTES + CHARACTER_BYTES_MAX * lengthMax(column);
}

function metadataWriter(fields: readonly Field[]): ColumnWriter {
  const columns = fields.map((field, i) => ({
    field,
    lead: i === 0 ? `{${keyText(field.name).slice(1)}` : keyText(field.name),
    isRequired: false,
  }));
  return new ColumnWriter(columns, '}', JSON_SPELLING);
}

function declaration({ type }: TableColumn): string {
  if (type.kind === 'numeric') return `numeric(${type.precision},${type.scale})`;
  return type.kind === 'varchar' ? `varchar(${type.lengthMax})` : type.kind;
}
