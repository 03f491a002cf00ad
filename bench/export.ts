/**
 * Datasets of the default factory, all three tables, two workers. CSV and JSON lines are compared
 * with the usual string building on one core, Parquet with the library alone, on prepared columns
 * in two processes. EXPORT_DAYS sets the number of days; the default is a month.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Batch } from '../src/core/batch.ts';
import type { FormatName } from '../src/dataset/formats/index.ts';
import { generateDataset } from '../src/dataset/generation.ts';
import type { Manifest } from '../src/dataset/manifest.ts';
import { readingAt } from '../src/encoding/reading.ts';
import { DEFAULT_FACTORY } from '../src/factory/default-factory.ts';
import { createFleet } from '../src/simulation/fleet.ts';
import { createReader } from '../src/simulation/reader.ts';
import { FROM_MS, requestOf } from './history.ts';
import { compare } from './measure.ts';

const DAYS = Number(process.env['EXPORT_DAYS'] ?? 30);
const parent = mkdtempSync(join(tmpdir(), 'enms-export-'));

const exported = (format: FormatName): Promise<Manifest> =>
  generateDataset(requestOf(DAYS, format), { folder: join(parent, format), workers: 2 });

/** Removes an export: it may take a gigabyte. */
function clear(): void {
  for (const name of readdirSync(parent)) rmSync(join(parent, name), { recursive: true });
}

const rowsOf = ({ rows }: Manifest) =>
  ['energy', 'production', 'environmental'].reduce((sum, name) => sum + (rows[name] ?? 0), 0);

/** The records of one batch as objects, by table: what a script would turn into text. */
const batch = new Batch();
const reader = createReader(createFleet([DEFAULT_FACTORY]));
reader.seek(FROM_MS);
reader.read(FROM_MS + 86_400_000, batch);
const records = Array.from({ length: batch.length }, (_, row) => {
  const { time, machine_id, ...values } = readingAt(batch, row);
  return (batch.machines[row] as Batch['machines'][number]).type.channels.map(({ fields }) => ({
    time,
    machine_id,
    ...Object.fromEntries(fields.map(({ name }) => [name, values[name]])),
  }));
}).flat();

function built(line: (record: object) => string): number {
  let text = '';
  for (const record of records) text += line(record);
  return Buffer.byteLength(text) > 0 ? records.length : 0;
}

const run = { unit: 'rows', runs: 5, clear };
await compare(
  `CSV, ${DAYS} days, two workers`,
  {
    strings: () => built((record) => `${Object.values(record).join(',')}\n`),
    generate: async () => rowsOf(await exported('csv')),
  },
  { ...run, against: 'strings', atLeast: 6 },
);
await compare(
  `JSON lines, ${DAYS} days, two workers`,
  {
    strings: () => built((record) => `${JSON.stringify(record)}\n`),
    generate: async () => rowsOf(await exported('jsonl')),
  },
  { ...run, against: 'strings', atLeast: 4 },
);

clear();
const made = await exported('parquet');
const bytes = made.files
  .filter(({ path }) => path.includes('/'))
  .reduce((sum, file) => sum + file.bytes, 0);
const files = made.files.filter(({ path }) => path.includes('2025-01-01'));
const paths = files.map(({ path }) => join(parent, 'parquet', path));
const dayRows = files.reduce((sum, { rows }) => sum + rows, 0);
const writers = Array.from({ length: 2 }, () =>
  fork(fileURLToPath(new URL('./parquet-process.js', import.meta.url)), paths),
);
await Promise.all(writers.map((writer) => once(writer, 'message')));
await compare(
  `Parquet, ${DAYS} days, two workers, ${(bytes / rowsOf(made)).toFixed(1)} bytes per row (bar: 14)`,
  {
    'library alone, two processes': async () => {
      const written = writers.map((writer) => once(writer, 'message'));
      for (const writer of writers) writer.send('write');
      await Promise.all(written);
      return writers.length * dayRows;
    },
    generate: async () => rowsOf(await exported('parquet')),
  },
  { ...run, against: 'library alone, two processes', atLeast: 0.7 },
);
for (const writer of writers) writer.kill();
console.log(`  resident set ${Math.round(process.memoryUsage().rss / 1e6)} MB`);
rmSync(parent, { recursive: true, force: true });
