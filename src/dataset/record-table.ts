import { gzipSync } from 'node:zlib';
import { csvText } from '../encoding/csv.ts';
import type { Columns } from './parquet.ts';
import type { DatasetRequest } from './request.ts';
import type { WrittenTable } from './table-writer.ts';
import { WholeFile } from './whole-file.ts';

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

/** Writes a small table in the format of the dataset. */
export async function writeRecords(
  path: string,
  table: RecordTable,
  { format, compression }: DatasetRequest,
): Promise<WrittenTable> {
  const rows = table.rows.length;
  if (format === 'parquet') {
    const { ParquetFile } = await import('./parquet.ts');
    const file = new ParquetFile(path, compression);
    try {
      await file.add(await parquetColumns(table));
      return { ...(await file.finish()), rows };
    } catch (error) {
      file.abandon();
      throw error;
    }
  }
  const bytes = new TextEncoder().encode(format === 'csv' ? csv(table) : ndjson(table));
  const file = new WholeFile(path);
  file.write(compression === 'gzip' ? gzipSync(bytes) : bytes);
  return { ...file.finish(), rows };
}

function csv({ columns, rows }: RecordTable): string {
  const names = columns.map(({ name }) => name);
  const lines = rows.map((row) => row.map((value) => csvText(String(value ?? ''))));
  return [names, ...lines].map((cells) => `${cells.join(',')}\n`).join('');
}

function ndjson({ columns, rows }: RecordTable): string {
  const record = (row: RecordTable['rows'][number]) =>
    Object.fromEntries(columns.map(({ name }, i) => [name, row[i]]));
  return rows.map((row) => `${JSON.stringify(record(row))}\n`).join('');
}

async function parquetColumns({ columns, rows }: RecordTable): Promise<Columns> {
  const { numberColumn, textColumn, timeColumn, wholeColumn } = await import('./parquet.ts');
  const entries = columns.map(({ name, kind }, i) => {
    const values = rows.map((row) => row[i] ?? null);
    if (kind === 'time')
      return [name, timeColumn(BigInt64Array.from(values, (v) => BigInt(Date.parse(String(v)))))];
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
