import type { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { Channel, Field } from '../core/field.ts';
import { type MachineType, ROW_WIDTH } from '../core/machine.ts';
import { NUMERIC_BYTES_MAX, NUMERIC_SCALE_MAX, writeNumeric } from './binary-numeric.ts';
import { carrierColumns, type Derived } from './carrier.ts';
import { ColumnWriter } from './columns.ts';
import { wholeUnits } from './decimal.ts';
import { JSON_VALUES, jsonKey } from './json.ts';
import { type ReadingTable, type TableColumn, tableNameOf } from './reading-tables.ts';
import { FieldTexts, fieldText, SLACK_BYTES, Utf8Constant } from './texts.ts';

/** Bytes of a character in UTF-8. */
const CHARACTER_BYTES_MAX = 4;
/** The length field of a value; −1 for null. */
const LENGTH_BYTES = 4;
const INTEGER_END = 0x8000_0000;
const SMALLINT_END = 0x8000;
/** Wide integers are written exactly up to here. */
const BIGINT_END = Number.MAX_SAFE_INTEGER;
/** Units that are whole numbers in a double, and digits before the point that are written. */
const UNITS_MAX = 0x20_0000_0000_0000;
const WHOLE_MAX = 1e12;
/** Version of the binary form of `jsonb`. */
const JSONB_VERSION = 1;

/** A column with everything that is constant over all rows. */
interface PreparedColumn {
  readonly column: TableColumn;
  readonly kind: TableColumn['type']['kind'];
  /** Position in the reading's values, −1 if the value is derived or there is none. */
  readonly at: number;
  readonly derived: Derived | undefined;
  readonly scale: number;
  /** Exclusive limit: 10^precision of a `numeric`, or the range of an integer. */
  readonly unitsEnd: number;
  readonly field: Field | undefined;
  /** Undefined for a text that is too long. */
  readonly texts: FieldTexts<Utf8Constant | undefined> | undefined;
}

/** Writes one channel of a machine type as a record of its table, from the third column on. */
export class RecordWriter {
  readonly table: ReadingTable;
  /** Position of the channel in the machine type. */
  readonly channel: number;
  readonly hasMetadata: boolean;
  /** Names of fields that the table cannot store: totals, which do not belong into metadata. */
  readonly unstored: readonly string[];
  readonly bytesMax: number;
  readonly #energyType: Utf8Constant | undefined;
  readonly #columns: readonly PreparedColumn[];
  readonly #metadata: ColumnWriter | undefined;

  constructor(type: MachineType, channel: Channel, table: ReadingTable) {
    this.table = table;
    this.channel = type.channels.indexOf(channel);
    const isEnergy = this.table.key.includes('energy_type');
    this.#energyType = isEnergy ? new Utf8Constant(channel.name) : undefined;
    const derived = isEnergy ? carrierColumns(type, channel) : {};
    this.#columns = this.table.columns.map((column) => prepared(column, channel, derived));
    const stored = new Set(this.#columns.map(({ at }) => at));
    const others = channel.fields.filter(({ column }) => !stored.has(column));
    const rest = others.filter(({ isTotal }) => !isTotal);
    this.unstored = others.filter(({ isTotal }) => isTotal).map(({ name }) => name);
    this.hasMetadata = rest.length > 0;
    const isStored = this.hasMetadata && table.metadataType !== undefined;
    this.#metadata = isStored ? metadataWriter(rest) : undefined;
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
    const isBinary = this.table.metadataType === 'jsonb';
    const start = at + LENGTH_BYTES;
    if (isBinary) view.setUint8(start, JSONB_VERSION);
    const end = metadata.write(view, isBinary ? start + 1 : start, batch, row);
    view.setInt32(at, end - start);
    return end;
  }

  #unfit(
    { column, texts, field }: PreparedColumn,
    value: number,
    batch: Batch,
    row: number,
  ): RangeError {
    const { id, name } = batch.machines[row] as Machine;
    const time = new Date(batch.timesMs[row] as number).toISOString();
    const what = `${name} (${id}) at ${time}: ${column.name}`;
    if (!Number.isFinite(value)) return new RangeError(`${what} has no value and must not be null`);
    const shown = texts && field ? JSON.stringify(fieldText(field, value)) : value;
    return new RangeError(`${what} is ${shown}, which does not fit ${declaration(column)}`);
  }
}

/** The records of a reading of a machine type in some tables, one per channel. */
export function tableRecords(
  type: MachineType,
  tables: readonly ReadingTable[],
): readonly RecordWriter[] {
  return type.channels.map((channel) => {
    const name = tableNameOf(channel.name);
    const table = tables.find((each) => each.name === name);
    if (!table) throw new RangeError(`no table ${name}`);
    return new RecordWriter(type, channel, table);
  });
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
  if (kind === 'text') {
    const text = texts?.of(value);
    return text ? writeText(view, at, text) : -1;
  }
  if (kind === 'double precision' || kind === 'real')
    return writeFloating(view, at, kind, roundedTo(value, Number(`1e${scale}`)));
  const whole = column.isWhole ? value : Math.round(value);
  if (!Number.isInteger(whole) || whole >= unitsEnd || whole < -unitsEnd) return -1;
  return writeWhole(view, at, kind, whole);
}

function writeWhole(
  view: DataView,
  at: number,
  kind: 'smallint' | 'integer' | 'bigint',
  whole: number,
): number {
  const start = at + LENGTH_BYTES;
  const bytes = kind === 'integer' ? 4 : kind === 'smallint' ? 2 : 8;
  view.setInt32(at, bytes);
  if (kind === 'integer') view.setInt32(start, whole);
  else if (kind === 'smallint') view.setInt16(start, whole);
  else view.setBigInt64(start, BigInt(whole));
  return start + bytes;
}

/** Only existing tables have columns of these types. */
function writeFloating(
  view: DataView,
  at: number,
  kind: 'real' | 'double precision',
  value: number,
): number {
  const start = at + LENGTH_BYTES;
  const bytes = kind === 'real' ? 4 : 8;
  view.setInt32(at, bytes);
  if (kind === 'real') view.setFloat32(start, value);
  else view.setFloat64(start, value);
  return start + bytes;
}

/** Rounds half away from zero, as {@link writeNumeric} does. */
function roundedTo(value: number, unit: number): number {
  return (Math.sign(value) * wholeUnits(Math.abs(value), unit)) / unit;
}

function writeText(view: DataView, at: number, text: Utf8Constant): number {
  view.setInt32(at, text.length);
  return text.write(view, at + LENGTH_BYTES);
}

function prepared(
  column: TableColumn,
  channel: Channel,
  derived: Readonly<Record<string, Derived>>,
): PreparedColumn {
  const { type } = column;
  const field = channel.fields.find(({ name }) => name === column.name);
  // The server adds the zeros of a longer scale.
  const scale = 'scale' in type ? Math.min(type.scale, NUMERIC_SCALE_MAX) : 0;
  return {
    column,
    kind: type.kind,
    at: field?.column ?? -1,
    derived: field ? undefined : derived[column.name],
    scale,
    unitsEnd: unitsEnd(type, scale),
    field,
    texts: type.kind === 'text' && field ? textsWithin(field, type.lengthMax) : undefined,
  };
}

function textsWithin(field: Field, lengthMax: number): PreparedColumn['texts'] {
  return new FieldTexts(field, (text) =>
    [...text].length > lengthMax ? undefined : new Utf8Constant(text),
  );
}

function unitsEnd(type: TableColumn['type'], scale: number): number {
  if (type.kind === 'smallint') return SMALLINT_END;
  if (type.kind === 'integer') return INTEGER_END;
  if (type.kind !== 'numeric') return BIGINT_END;
  const exact = Math.min(UNITS_MAX, Number(`${WHOLE_MAX}e${scale}`));
  if (type.precision === undefined) return exact;
  return Math.min(exact, Number(`1e${type.precision - type.scale + scale}`));
}

function columnBytesMax({ column: { type } }: PreparedColumn): number {
  if (type.kind === 'numeric') return NUMERIC_BYTES_MAX;
  if (type.kind !== 'text') return LENGTH_BYTES + 8;
  return LENGTH_BYTES + CHARACTER_BYTES_MAX * type.lengthMax;
}

function metadataWriter(fields: readonly Field[]): ColumnWriter {
  const columns = fields.map((field, i) => ({
    field,
    lead: (i === 0 ? '{' : ',') + jsonKey(field.name),
    isRequired: false,
  }));
  return new ColumnWriter(columns, '}', JSON_VALUES);
}

function declaration({ type }: TableColumn): string {
  if (type.kind === 'text') return type.name;
  if (type.kind !== 'numeric' || type.precision === undefined) return type.kind;
  return `numeric(${type.precision},${type.scale})`;
}
