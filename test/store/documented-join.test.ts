/** What docs/guides/deployment.md says about the tables, tried on a real PostgreSQL. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { COPY_TARGETS } from '../../src/encoding/copy-binary.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { STATUS_COLUMNS } from '../../src/outputs/postgres/machine-statuses.ts';
import { PostgresDatabase } from '../../src/store/drivers/postgres.ts';
import { SIMULATOR_TABLES } from '../../src/store/migrations/0001-simulator.ts';
import { CLUSTER_TABLES } from '../../src/store/migrations/0002-cluster.ts';
import { createRegistry } from '../../src/store/registry/create.ts';
import { findTruth } from '../../src/store/tables.ts';
import { withoutPostgres } from '../postgres.ts';
import { placeOf, sharedStore } from './places.ts';

const OPTIONS = { skip: withoutPostgres() };
const DOCUMENT = readFileSync(
  new URL('../../../docs/guides/deployment.md', import.meta.url),
  'utf8',
);
const MACHINE = DEFAULT_FACTORY.machines[0]?.id as string;

/** The statements of the document. */
const documented = [...DOCUMENT.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql]) => sql as string);

const INSERT = `insert into simulator.ground_truth
  select 'leak-1', '${MACHINE}', 'leak', 'injected', 2, '2026-01-01T00:00:10Z', '2026-01-01T00:01Z',
    '2026-01-01T00:00:30Z', null, array['power_kw'], 1.5, 0, true`;
const READINGS = `insert into energy_readings (time, machine_id, energy_type, power_kw, energy_kwh)
  select '2026-01-01Z'::timestamptz + i * interval '10 s', '${MACHINE}', 'energy', i, 0
  from generate_series(0, 6) as i`;

test('the documented join of ground truth and readings works', OPTIONS, async () => {
  const { database } = await sharedStore('PostgreSQL');
  await createRegistry(database);
  await database.script(INSERT);
  await database.script(READINGS);
  assert.equal(documented.length, 1);
  for (const sql of documented) {
    const rows = await database.query<{ power_kw: string }>(sql);
    assert.deepEqual(
      rows.map(({ power_kw }) => Number(power_kw)),
      [2, 3],
    );
  }
});

test(
  'the ground truth of an older store is kept, with ids of the readings’ type',
  OPTIONS,
  async (t) => {
    const place = await placeOf('PostgreSQL', t);
    const older = new PostgresDatabase(place.options.server ?? {});
    t.after(() => older.close());
    await older.script(`create schema simulator; create table simulator.migrations (
      version integer primary key, name text not null, applied_at timestamptz default now());
    insert into simulator.migrations values (1, 'simulator'), (2, 'cluster')`);
    await older.script(SIMULATOR_TABLES + CLUSTER_TABLES);
    await older.script(INSERT);
    const { database } = await place.open();
    const [found] = await findTruth(database, ['leak-1']);
    assert.deepEqual([found?.machineId, found?.excessEnergyKwh], [MACHINE, 1.5]);
    const [column] = await database.query(
      `select format_type(atttypid, -1) as type from pg_attribute
     where attrelid = 'simulator.ground_truth'::regclass and attname = 'machine_id'`,
    );
    assert.deepEqual(column, { type: 'uuid' });
  },
);

test('the ground truth has text ids if the EnMS has', OPTIONS, async (t) => {
  const place = await placeOf('PostgreSQL', t);
  const enms = new PostgresDatabase(place.options.server ?? {});
  t.after(() => enms.close());
  await enms.script(`create table public.machines (id text primary key);
    create table public.energy_readings (
      time timestamptz, machine_id text, energy_type text, power_kw real, energy_kwh real)`);
  const { database } = await place.open();
  await database.script(INSERT);
  await database.script(READINGS);
  for (const sql of documented) assert.equal((await database.query(sql)).length, 2);
});

test('every column that is written is in the list of columns', () => {
  const line = (table: string) =>
    DOCUMENT.split('\n').find((text) => text.startsWith(`| \`${table}\` |`)) ?? '';
  for (const { table, columns } of COPY_TARGETS)
    for (const name of columns) assert.match(line(table.name), new RegExp(`\\b${name}\\b`), name);
  for (const name of Object.keys(STATUS_COLUMNS))
    assert.match(line('machine_status'), new RegExp(`\\b${name}\\b`), name);
});

test(
  'the tables that the simulator creates have comments and an index by time',
  OPTIONS,
  async () => {
    const { database } = await sharedStore('PostgreSQL');
    await createRegistry(database);
    const tables = await database.query<{ name: string; about: string | null; by_time: boolean }>(
      `select relname as name, obj_description(oid) as about,
       exists (select from pg_index join pg_class i on i.oid = indexrelid
         where indrelid = c.oid and indnatts = 1 and pg_get_indexdef(i.oid) like '%("time")%') as by_time
     from pg_class c where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`,
    );
    assert.equal(tables.length, 6);
    for (const { name, about, by_time } of tables) {
      assert.ok(about, name);
      assert.equal(by_time, name.endsWith('_data') || name === 'energy_readings', name);
    }
    const [energy] = await database.query(
      "select col_description('energy_readings'::regclass, 4) as about",
    );
    assert.deepEqual(energy, { about: 'Mean power over the interval [kW]' });
  },
);
