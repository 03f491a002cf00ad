import {
  Bool,
  type Data,
  DataType,
  Dictionary,
  Field,
  Float64,
  Int8,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  TimestampMillisecond,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import * as parquet from 'parquet-wasm';
import type { ColumnDescription, ColumnDescriptions } from '../../encoding/table-layout.ts';
import { keepWebAssembly } from '../../web-assembly.ts';
import { pathError } from '../dataset-error.ts';
import { type FileDigest, WholeFile } from '../whole-file.ts';
import { type Compression, chunksOf, type RecordTable, type WrittenTable } from './format.ts';

keepWebAssembly();

/** Rows of one row group: the size that DuckDB gives to one thread, see its guide on Parquet. */
const ROW_GROUP_ROWS = 122_880;

const CODECS = {
  none: parquet.Compression.UNCOMPRESSED,
  snappy: parquet.Compression.SNAPPY,
  gzip: parquet.Compression.GZIP,
  zstd: parquet.Compression.ZSTD,
} as const satisfies Record<Compression, parquet.Compression>;

/** How the library writes a file; the properties are freed with it. */
export function writerProperties(
  compression: Compression,
  descriptions?: ColumnDescriptions,
): parquet.WriterProperties {
  const builder = new parquet.WriterPropertiesBuilder();
  const metadata = new Map([['columns', JSON.stringify(descriptions)]]);
  return (
    (descriptions ? builder.setKeyValueMetadata(metadata) : builder)
      .setCompression(CODECS[compression])
      .setMaxRowGroupSize(ROW_GROUP_ROWS)
      // Row groups are selected by time; statistics of all other columns cost a seventh of the
      // time.
      .setStatisticsEnabled(parquet.EnabledStatistics.None)
      .setColumnStatisticsEnabled('time', parquet.EnabledStatistics.Chunk)
      // Instants one interval apart: a dictionary is as long as the column, a delta takes a bit.
      .setColumnDictionaryEnabled('time', false)
      .setColumnEncoding('time', parquet.Encoding.DELTA_BINARY_PACKED)
      .setCreatedBy('enms-simulator')
      .build()
  );
}

/**
 * A description as the metadata of a column, in one entry: the library writes several in any order.
 */
function metadataOf(description: ColumnDescription | undefined): Map<string, string> {
  if (!description) return new Map();
  const unit = description.unit === '' ? '' : ` [${description.unit}]`;
  return new Map([['description', description.description + unit]]);
}

/** Columns of equal length, ready to be written. */
export type Columns = Readonly<Record<string, Data>>;

/** Instants in milliseconds since the epoch, as a timestamp with time zone. */
export function timeColumn(values: BigInt64Array): Data {
  return instantsOf(values, { nullCount: 0 });
}

function instantsOf(data: BigInt64Array, nulls: ReturnType<typeof nullsOf>): Data {
  const type = new TimestampMillisecond('UTC');
  return makeData({ type, length: data.length, data, ...nulls });
}

/** Numbers; NaN is null. */
export function numberColumn(values: Float64Array): Data {
  const { length } = values;
  return makeData({ type: new Float64(), length, data: values, ...nullsOf(values) });
}

/** Whole numbers; NaN is null. */
export function wholeColumn(values: Float64Array): Data {
  const { length } = values;
  return makeData({
    type: new Int32(),
    length,
    data: new Int32Array(values),
    ...nullsOf(values),
  });
}

/** True or false, neither of them null. */
export function booleanColumn(values: Float64Array): Data {
  const { length } = values;
  const data = new Uint8Array(8 * Math.ceil(length / 64));
  for (let i = 0; i < length; i++)
    if (values[i] !== 0) data[i >> 3] = (data[i >> 3] as number) | (1 << (i & 7));
  return makeData({ type: new Bool(), length, nullCount: 0, data });
}

/** 0 or 1. */
export function flagColumn(values: Int8Array): Data {
  return makeData({ type: new Int8(), length: values.length, nullCount: 0, data: values });
}

/** Texts by their index in a dictionary; NaN is null. */
export function textColumn(indexes: Float64Array, texts: readonly string[]): Data {
  // The type of an empty dictionary cannot be inferred.
  const dictionary = vectorFromArray(texts.length > 0 ? texts : [''], new Utf8());
  const type = new Dictionary(new Utf8(), new Int32(), DICTIONARY_ID);
  const { length } = indexes;
  const data = new Int32Array(indexes);
  return makeData({ type, length, data, dictionary, ...nullsOf(indexes) });
}

/** The id of a dictionary is set when the record batch is assembled. */
const DICTIONARY_ID = 0;

/** Writes record batches to one Parquet file, row group by row group. */
export class ParquetFile {
  readonly #path: string;
  readonly #file: WholeFile;
  readonly #input = new TransformStream<parquet.RecordBatch, parquet.RecordBatch>();
  readonly #batches = this.#input.writable.getWriter();
  readonly #written: Promise<void>;
  readonly #descriptions: ColumnDescriptions | undefined;

  /**
   * @param descriptions - Stored in the file.
   * @throws DatasetError if the file cannot be created.
   */
  constructor(path: string, compression: Compression, descriptions?: ColumnDescriptions) {
    this.#path = path;
    this.#file = new WholeFile(path);
    this.#descriptions = descriptions;
    this.#written = this.#drain(compression);
    // `add` and `finish` report a failure; until then, it must not be an unhandled rejection.
    this.#written.catch(() => undefined);
  }

  /** Writes some rows; settles when the writer is ready for more. */
  async add(columns: Columns): Promise<void> {
    const table = parquet.Table.fromIPCStream(ipcOf(columns, this.#descriptions));
    const batch = table.recordBatch(0) as parquet.RecordBatch;
    table.free();
    // The writer takes ownership of the batch and frees it.
    await Promise.race([this.#batches.write(batch), this.#written]);
  }

  /** Completes the file, which needs at least one record batch, possibly without rows. */
  async finish(): Promise<FileDigest> {
    await Promise.race([this.#batches.close(), this.#written]);
    await this.#written;
    return this.#file.finish();
  }

  /** Removes what was written. */
  abandon(): void {
    this.#batches.abort().catch(() => undefined);
    this.#file.abandon();
  }

  async #drain(compression: Compression): Promise<void> {
    try {
      const output = await parquet.transformParquetStream(
        this.#input.readable,
        writerProperties(compression, this.#descriptions),
      );
      for await (const bytes of output as AsyncIterable<Uint8Array>) this.#file.write(bytes);
    } catch (error) {
      this.#file.abandon();
      throw pathError('write', this.#path, error instanceof Error ? error : new Error(`${error}`));
    }
  }
}

/** Columns as bytes of an Arrow stream, the form that WebAssembly imports. */
function ipcOf(columns: Columns, descriptions?: ColumnDescriptions): Uint8Array {
  const entries = Object.entries(columns);
  const children = entries.map(([, data], i) => withOwnDictionary(data, i));
  const fields = entries.map(([name], i) => {
    const metadata = metadataOf(descriptions?.[name]);
    return new Field(name, (children[i] as Data).type, !REQUIRED.has(name), metadata);
  });
  const schema = new Schema(fields);
  const length = children[0]?.length ?? 0;
  const type = new Struct(schema.fields);
  const batch = new RecordBatch(schema, makeData({ type, length, nullCount: 0, children }));
  return tableToIPC(new Table(schema, [batch]), 'stream');
}

/** Columns that have a value in every row. */
const REQUIRED = new Set(['time', 'machine_id']);

function withOwnDictionary(data: Data, column: number): Data {
  if (!DataType.isDictionary(data.type)) return data;
  const { length, nullCount, nullBitmap, values, dictionary } = data;
  return makeData({
    type: new Dictionary(new Utf8(), new Int32(), column),
    length,
    nullCount,
    nullBitmap,
    data: values as Int32Array,
    dictionary: dictionary as NonNullable<typeof dictionary>,
  });
}

/** The validity bitmap of a column with NaNs for Arrow; none if all values are present. */
function nullsOf(values: Float64Array): { nullCount: number; nullBitmap?: Uint8Array } {
  const { length } = values;
  // Arrow pads bitmaps to words of 64 bits.
  const nullBitmap = new Uint8Array(8 * Math.ceil(length / 64));
  let nullCount = 0;
  for (let i = 0; i < length; i += 8) {
    let bits = 0;
    const bitsEnd = Math.min(8, length - i);
    for (let bit = 0; bit < bitsEnd; bit++)
      if (Number.isNaN(values[i + bit] as number)) nullCount++;
      else bits |= 1 << bit;
    nullBitmap[i >> 3] = bits;
  }
  return nullCount > 0 ? { nullCount, nullBitmap } : { nullCount };
}

/** Writes a small table. */
export async function writeParquetRecords(
  path: string,
  table: RecordTable,
  compression: Compression,
): Promise<WrittenTable> {
  const file = new ParquetFile(path, compression);
  try {
    let rows = 0;
    for (const chunk of chunksOf(table.rows)) {
      await file.add(recordColumns(table, chunk));
      rows += chunk.length;
    }
    return { ...(await file.finish()), rows };
  } catch (error) {
    file.abandon();
    throw error;
  }
}

function recordColumns(
  { columns }: RecordTable,
  rows: readonly (readonly (string | number | null)[])[],
): Columns {
  const entries = columns.map(({ name, kind }, i) => {
    const values = rows.map((row) => row[i] ?? null);
    if (kind === 'time') {
      const times = Float64Array.from(values, (v) =>
        v === null ? Number.NaN : Date.parse(String(v)),
      );
      const data = BigInt64Array.from(times, (ms) => BigInt(Number.isNaN(ms) ? 0 : ms));
      return [name, instantsOf(data, nullsOf(times))];
    }
    if (kind === 'text') {
      const texts = [...new Set(values.filter((value) => value !== null))].map(String);
      const indexes = new Map(texts.map((text, index) => [text, index]));
      const indexOf = (v: string | number | null) => indexes.get(String(v)) ?? Number.NaN;
      return [
        name,
        textColumn(
          Float64Array.from(values, (v) => (v === null ? Number.NaN : indexOf(v))),
          texts,
        ),
      ];
    }
    const numbers = Float64Array.from(values, (v) => (v === null ? Number.NaN : Number(v)));
    return [name, kind === 'whole' ? wholeColumn(numbers) : numberColumn(numbers)];
  });
  return Object.fromEntries(entries);
}
