import { openAsBlob } from 'node:fs';
import {
  DataType,
  type Dictionary,
  type RecordBatch,
  tableFromIPC,
  type Utf8,
  type Vector,
} from 'apache-arrow';
import * as parquet from 'parquet-wasm';
import { pathError } from '../dataset-error.ts';
import { Rows, type WantedColumns } from './format.ts';

/** Rows per chunk: some megabytes. */
const CHUNK_ROWS = 65_536;

/**
 * Reads some columns of a Parquet file, range by range, so that it need not fit into memory.
 *
 * @throws DatasetError if it cannot be read, or is not Parquet.
 */
export async function* readParquet(path: string, wanted: WantedColumns): AsyncGenerator<Rows> {
  try {
    const file = await parquet.ParquetFile.fromFile(await openAsBlob(path));
    const own = new Set(tableFromIPC(file.schema().intoIPCStream()).schema.names.map(String));
    const columns = Object.keys(wanted).filter((name) => own.has(name));
    const stream = await file.stream({ columns, batchSize: CHUNK_ROWS });
    for await (const batch of stream as AsyncIterable<parquet.RecordBatch>)
      for (const arrow of tableFromIPC(batch.intoIPCStream()).batches) yield rowsOf(arrow, wanted);
    file.free();
  } catch (error) {
    throw pathError('read', path, error instanceof Error ? error : new Error(`${error}`));
  }
}

function rowsOf(batch: RecordBatch, wanted: WantedColumns): Rows {
  const length = batch.numRows;
  const numbers = new Map<string, Float64Array>();
  const texts = new Map<string, readonly string[]>();
  for (const [name, kind] of Object.entries(wanted)) {
    const column = batch.getChild(name);
    if (kind === 'text') texts.set(name, textsOf(column, length));
    else numbers.set(name, numbersOf(column, length));
  }
  return new Rows(length, numbers, texts);
}

/** Numbers, or instants in milliseconds. */
function numbersOf(column: Vector | null, length: number): Float64Array {
  if (!column) return new Float64Array(length).fill(Number.NaN);
  const numbers = new Float64Array(length);
  // Eight flags are in one byte.
  if (DataType.isBool(column.type)) return numbers.map((_, i) => Number(column.get(i)));
  const { values } = column.data[0] as { values: ArrayLike<number | bigint> };
  for (let i = 0; i < length; i++) numbers[i] = Number(values[i]);
  if (column.nullCount > 0)
    for (let i = 0; i < length; i++) if (!column.isValid(i)) numbers[i] = Number.NaN;
  return numbers;
}

/** Texts of a dictionary, each decoded once. */
function textsOf(column: Vector<Dictionary<Utf8>> | null, length: number): readonly string[] {
  const texts = new Array<string>(length).fill('');
  if (!column) return texts;
  const { dictionary, values } = column.data[0] as {
    dictionary: Vector<Utf8>;
    values: Int32Array;
  };
  const known = dictionary.toJSON();
  for (let i = 0; i < length; i++)
    if (column.nullCount === 0 || column.isValid(i)) texts[i] = known[values[i] as number] ?? '';
  return texts;
}
