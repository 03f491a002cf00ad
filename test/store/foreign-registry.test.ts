/** The registry of an EnMS with declarations other than the simulator's. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { ConfigError } from '../../src/core/errors.ts';
import { DEFAULT_CALENDAR } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import type { Database } from '../../src/store/database.ts';
import {
  createRow,
  deactivateRow,
  RegistryConflict,
  updateRow,
} from '../../src/store/registry/change.ts';
import { addRegistryRows } from '../../src/store/registry/create.ts';
import { countRows, purgeRow } from '../../src/store/registry/purge.ts';
import { readRegistry, registryDigest } from '../../src/store/registry/read.ts';
import { withoutPostgres } from '../postgres.ts';
import { sharedStore } from './places.ts';

const OPTIONS = { skip: withoutPostgres() };

const FACTORY = '10000000-0000-0000-0000-00000000000a';
const machineId = (n: number) => `20000000-0000-0000-0000-${String(n).padStart(12, '0')}`;

/** The minimum that the simulator needs; ID is a placeholder for a type. */
const LEAST = `
  create table public.factories (id ID primary key, name text);
  create table public.machines (id ID primary key, factory_id ID references factories,
    name varchar(80), type text, rated_power_kw real, data_interval_seconds bigint);
  create table public.energy_readings (machine_id ID references machines, time timestamp);
  insert into factories values ('${FACTORY}', 'Plant A');
  insert into machines values
    ('${machineId(1)}', '${FACTORY}', 'C 1', 'compressor', 55, 1),
    ('${machineId(2)}', '${FACTORY}', 'P 2', 'pump', 30, 30)`;

const namesIn = ({ factories }: Awaited<ReturnType<typeof readRegistry>>) =>
  factories.flatMap(({ machines }) => machines.map(({ name, topic }) => `${name} ${topic}`));

for (const idType of ['uuid', 'text'])
  test(
    `a registry with the fewest columns runs and can be changed, with ${idType} ids`,
    OPTIONS,
    async () => {
      const { database } = await sharedStore('PostgreSQL');
      await database.script(LEAST.replaceAll('ID', idType));
      const reading = await readRegistry(database, machineTypes);
      assert.deepEqual(namesIn(reading), ['C 1 factory/plant-a/c-1', 'P 2 factory/plant-a/p-2']);
      assert.deepEqual(reading.rejections, []);
      assert.deepEqual(reading.remarks, [
        'C 1: mqtt_topic is empty; using the topic factory/plant-a/c-1',
        'P 2: mqtt_topic is empty; using the topic factory/plant-a/p-2',
      ]);
      const [factory] = reading.factories;
      assert.deepEqual([factory?.timeZone, factory?.calendar], ['UTC', DEFAULT_CALENDAR]);

      const made = await createRow(
        database,
        'machines',
        {
          factory_id: FACTORY.toUpperCase(),
          name: 'M 3',
          type: 'motor',
        },
        machineTypes,
      );
      assert.equal(made.is_active, true);
      assert.notEqual(await registryDigest(database), reading.digest);
      const changed = await updateRow(
        database,
        'machines',
        made.id,
        { rated_power_kw: 7.5 },
        machineTypes,
      );
      assert.equal(changed.rated_power_kw, 7.5);
      const lost = (path: string) => (error: unknown) =>
        error instanceof ConfigError &&
        error.faults.length === 1 &&
        error.faults[0]?.path === path &&
        /has no column for it/.test(error.message);
      await assert.rejects(
        updateRow(database, 'machines', made.id, { description: 'x' }, machineTypes),
        lost('description'),
      );
      await assert.rejects(deactivateRow(database, 'machines', made.id), lost('is_active'));
      await assert.rejects(
        createRow(database, 'factories', { name: 'B', timezone: 'UTC' }, machineTypes),
        lost('timezone'),
      );

      await addRegistryRows(database, reading.factories);
      const upper = machineId(1).toUpperCase();
      await database.query('insert into energy_readings values ($1)', [machineId(1)]);
      assert.equal((await countRows(database, 'machines', upper))['energy_readings'], 1);
      await purgeRow(database, 'machines', upper, 1);
      await purgeRow(database, 'factories', FACTORY, 2);
      assert.deepEqual((await readRegistry(database, machineTypes)).factories, []);
    },
  );

test(
  'a registry that cannot be read reports everything that it lacks at once',
  OPTIONS,
  async () => {
    const { database } = await sharedStore('PostgreSQL');
    await database.script(`
    create table public.factories (id integer, location point);
    create table public.machines (id uuid, factory_id uuid, type bytea, rated_power_kw text);
    create role nobody login; create schema nothing`);
    await assert.rejects(readRegistry(database, machineTypes), {
      name: 'StoreError',
      message:
        'the registry cannot be read: factories.id is integer; uuid or text is needed; ' +
        'factories has no column name; machines has no column name; machines.type is bytea; ' +
        'text is needed; machines.rated_power_kw is text; a number is needed; ' +
        'machines has no column data_interval_seconds',
    });
  },
);

/** A registry of an EnMS, with topics that may be missing. */
async function withTopics(database: Database, ...topics: readonly (string | null)[]) {
  await database.script(`${LEAST.replaceAll('ID', 'uuid')};
    alter table machines add mqtt_topic text, add metadata json, add is_active int default 1`);
  for (const [i, topic] of topics.entries())
    await database.query('update machines set mqtt_topic = $1 where id = $2', [
      topic,
      machineId(i + 1),
    ]);
}

test('a missing topic uses the level that the others have', OPTIONS, async () => {
  const { database } = await sharedStore('PostgreSQL');
  await withTopics(database, 'factory/works/air', ' ');
  const reading = await readRegistry(database, machineTypes);
  assert.deepEqual(namesIn(reading), ['C 1 factory/works/air', 'P 2 factory/works/p-2']);
  assert.deepEqual(reading.remarks, [
    'machines.is_active is integer, not boolean, and is not read',
    'P 2: mqtt_topic is empty; using the topic factory/works/p-2',
  ]);
});

test('a machine that ran keeps running, whichever rows are added', OPTIONS, async () => {
  const { database } = await sharedStore('PostgreSQL');
  await withTopics(database, 'factory/works/air', null);
  const first = await readRegistry(database, machineTypes);
  // Lower ids, both topics again, and another first level in the majority.
  await database.script(`insert into machines
    select ('10000000-0000-0000-0000-00000000000' || i)::uuid, '${FACTORY}', 'New ' || i, 'pump',
      30, 30, topic
    from unnest(array['factory/works/air', 'factory/works/p-2', 'factory/x/1', 'factory/x/2'])
      with ordinality as news(topic, i)`);
  const next = await readRegistry(database, machineTypes, DEFAULT_CALENDAR, first.factories);
  assert.deepEqual(
    next.rejections.map(({ name, reason }) => `${name}: ${reason}`),
    [
      'New 1: mqtt_topic: "factory/works/air" is already the topic of C 1',
      'New 2: mqtt_topic: "factory/works/p-2" is already the topic of P 2',
    ],
  );
  assert.deepEqual(namesIn(next).slice(-2), namesIn(first));
  // No machine has run: an explicit topic has priority over one derived from a name.
  const fresh = await readRegistry(database, machineTypes);
  assert.deepEqual(
    fresh.rejections.map(({ name }) => name),
    ['C 1', 'P 2'],
  );
});

test('an id with capitals in a text column is refused', OPTIONS, async () => {
  const { database } = await sharedStore('PostgreSQL');
  await database.script(LEAST.replaceAll('ID', 'text'));
  await database.query(
    "update machines set id = 'C0000000-0000-0000-0000-000000000001' where name = 'C 1'",
  );
  const { rejections } = await readRegistry(database, machineTypes);
  assert.match(rejections[0]?.reason ?? '', /^id: "C0000000-\S+" has capital letters/);
  await assert.rejects(countRows(database, 'machines', rejections[0]?.id ?? ''), RegistryConflict);
});
