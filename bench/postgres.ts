/**
 * Readings into a dedicated PostgreSQL: computed, encoded and stored through the sink, compared
 * with the server's own `COPY … FROM` a file with the same rows into the same tables.
 */

import pg from 'pg';
import type { FactoryDescription } from '../src/core/factory.ts';
import { ReadAhead } from '../src/delivery/read-ahead.ts';
import { COPY_TARGETS, type CopyTarget } from '../src/encoding/copy-binary.ts';
import { DEFAULT_FACTORY } from '../src/factory/default-factory.ts';
import { PostgresSink } from '../src/outputs/postgres/sink.ts';
import { loadWindow } from '../src/outputs/postgres/window.ts';
import { createFleet } from '../src/simulation/fleet.ts';
import { createReader } from '../src/simulation/reader.ts';
import { SIMULATOR_TABLES } from '../src/store/migrations/0001-simulator.ts';
import { CREATE_REGISTRY } from '../src/store/registry/tables.ts';
import { saveWatermarkSql } from '../src/store/tables.ts';
import { startPostgres } from '../test/postgres.ts';
import { factoryOf, START_MS } from './fleets.ts';
import { compare } from './measure.ts';

const MACHINES_EACH = 4;
/**
 * Readings per call: about a second of work, to make the overhead of its start and end negligible.
 */
const STORED_ROWS = 65_536;
const LOADED_ROWS = 163_840;

const types = [...new Set(DEFAULT_FACTORY.machines.map(({ type }) => type))];
const factory: FactoryDescription = {
  ...DEFAULT_FACTORY,
  machines: factoryOf(types, MACHINES_EACH).machines.map((machine, i) => ({
    ...machine,
    id: `00000000-0000-0000-0000-${String(i).padStart(12, '0')}`,
  })),
};
/** Settings of a server that stores a lot: large buffers, and commits that reach the disk. */
const SETTINGS = { fsync: 'on', shared_buffers: '256MB', max_wal_size: '4GB' };
const postgres = await startPostgres({ settings: SETTINGS });
const server = postgres.server();
const admin = new pg.Client(server);
await admin.connect();
await admin.query(CREATE_REGISTRY);
await admin.query(`create schema simulator; ${SIMULATOR_TABLES}`);
await admin.query('insert into factories (id, name) values ($1, $2)', [factory.id, factory.name]);
for (const { id, name, type } of factory.machines)
  await admin.query(
    'insert into machines (id, factory_id, name, type, rated_power_kw) values ($1, $2, $3, $4, 9)',
    [id, factory.id, name, type],
  );

const targets = COPY_TARGETS.filter(({ hasMetadata }) => !hasMetadata);
const tables = targets.map(({ table }) => table.name);
const truncate = `truncate ${tables.join(', ')}`;
const settings = await admin.query<{ data_directory: string }>('show data_directory');
const fileOf = ({ table }: CopyTarget) => `'${settings.rows[0]?.data_directory}/${table.name}.bin'`;
const copyFrom = (target: CopyTarget, options: string) =>
  `copy ${target.table.name} (${target.columns}) from ${fileOf(target)} (format binary${options})`;

const reader = createReader(createFleet([factory]));

/** Loads readings, and has the server write them to its files. */
async function loadAndExport(readings: number): Promise<number> {
  await load(readings);
  for (const target of targets)
    await admin.query(
      `copy ${target.table.name} (${target.columns}) to ${fileOf(target)} (format binary)`,
    );
  const { rows } = await admin.query<{ count: string }>(`select count(*) from ${tables[0]}`);
  return targets.length * Number(rows[0]?.count);
}

async function load(readings: number): Promise<void> {
  await admin.query(truncate);
  reader.seek(START_MS, true);
  let left = readings;
  await loadWindow(server, (batch) => {
    reader.read(Number.POSITIVE_INFINITY, batch);
    left -= batch.length;
    return left <= 0;
  });
}

const watermarkSql = (timeMs: number) =>
  saveWatermarkSql('postgres', { timeMs, liveFromMs: timeMs });
const sink = new PostgresSink({ server, watermarkSql });

/**
 * Stores one call's rows as delivery does: it reads a batch while the server stores the last one.
 */
async function store(): Promise<number> {
  await admin.query(truncate);
  const ahead = new ReadAhead(reader);
  ahead.seek(START_MS);
  for (let left = STORED_ROWS; left > 0; left -= sink.batchRows) {
    const written = sink.write(ahead.read(Number.POSITIVE_INFINITY, sink.batchRows));
    if (left > sink.batchRows) await ahead.prepare(Number.POSITIVE_INFINITY, sink.batchRows);
    await written;
  }
  return stored;
}

const stored = await loadAndExport(STORED_ROWS);
await compare(
  `Continuous loading into PostgreSQL, ${stored} rows: ${types.join(', ')}`,
  {
    'COPY on the server': async () => {
      await admin.query(truncate);
      await admin.query(targets.map((target) => copyFrom(target, '')).join('; '));
      return stored;
    },
    sink: store,
  },
  { against: 'COPY on the server', atLeast: 0.8, unit: 'rows', runs: 5 },
);

/** Drops indexes and keys during the load, as {@link loadWindow} does. */
const definitions = await admin.query<{ drop: string; create: string }>(
  `select format('drop index %s', indexrelid::regclass) as drop,
     pg_get_indexdef(indexrelid) as create
   from pg_index where indrelid = any ($1::regclass[])
   union all
   select format('alter table %s drop constraint %I', conrelid::regclass, conname),
     format('alter table %s add constraint %I %s', conrelid::regclass, conname,
       pg_get_constraintdef(oid))
   from pg_constraint where conrelid = any ($1::regclass[])`,
  [tables],
);
const loadOnServer = [
  'begin',
  truncate,
  ...definitions.rows.map(({ drop }) => drop),
  ...targets.map((target) => copyFrom(target, ', freeze')),
  ...definitions.rows.map(({ create }) => create),
  'commit',
].join('; ');

const loaded = await loadAndExport(LOADED_ROWS);
await compare(
  `A window into empty tables, ${loaded} rows: ${types.join(', ')}`,
  {
    'COPY on the server': async () => {
      await admin.query(truncate);
      await admin.query(loadOnServer);
      return loaded;
    },
    loadWindow: async () => {
      await load(LOADED_ROWS);
      return loaded;
    },
  },
  { against: 'COPY on the server', atLeast: 0.85, unit: 'rows', runs: 5 },
);

await sink.close();
await admin.end();
await postgres.close();
