import assert from 'node:assert/strict';
import test from 'node:test';
import {
  DEFAULT_CALENDAR,
  DEFAULT_CLIMATE,
  DEFAULT_FACTORY,
} from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import type { Database } from '../../src/store/database.ts';
import { createRegistry } from '../../src/store/registry/create.ts';
import { readRegistry, registryDigest } from '../../src/store/registry/read.ts';
import { readMachineRow } from '../../src/store/registry/rows.ts';
import type { StoreError } from '../../src/store/store-error.ts';
import { enmsDatabase } from './enms.ts';
import { inBothDrivers, inSharedStores } from './places.ts';

const hasBoiler = machineTypes.some(({ type }) => type === 'boiler');

test('a machine’s age follows from the installation date in its metadata, if there is one', () => {
  const row = {
    id: 'c0000000-0000-0000-0000-000000000001',
    factory_id: '11111111-1111-1111-1111-111111111111',
    ...{ name: 'Compressor-1', description: null, type: 'compressor', rated_power_kw: 55 },
    ...{ rated_voltage_v: null, rated_current_a: null, rated_frequency_hz: null },
    ...{ data_interval_seconds: 1, mqtt_topic: 'factory/demo/one', is_active: true },
    is_critical: false,
  };
  const read = (metadata: unknown) =>
    readMachineRow({ ...row, metadata }, null, machineTypes).description?.parameters;
  assert.deepEqual(read({ installation_date: '2019-07-02T12:00:00Z' }), { installedYear: 2019.5 });
  assert.equal(read({ installation_date: 'unknown' }), undefined);
  assert.equal(read({}), undefined);
});

inSharedStores(
  'a new database has a column for energy registers where they are asked for',
  async ({ database }) => {
    assert.equal(await createRegistry(database, true), true);
    const columns = await database.query(
      `select format_type(atttypid, atttypmod) as type from pg_attribute
       where attrelid = 'energy_readings'::regclass and attname = 'energy_total_kwh'`,
    );
    assert.deepEqual(columns, [{ type: 'numeric(18,6)' }]);
    const flags = async () => {
      const { factories, rejections } = await readRegistry(database, machineTypes);
      assert.deepEqual(rejections, []);
      return [factories[0]?.energyRegister, factories[0]?.machines[0]?.energyRegister];
    };
    assert.deepEqual(await flags(), [undefined, undefined]);
    const set = (table: string, value: unknown) =>
      database.query(`update ${table} set metadata = metadata || $1`, [
        JSON.stringify({ energy_register: value }),
      ]);
    await set('factories', true);
    await set('machines', false);
    assert.deepEqual(await flags(), [true, false]);
    await set('machines', null);
    assert.deepEqual(await flags(), [true, undefined]);
    await set('machines', 'often');
    const { rejections } = await readRegistry(database, machineTypes);
    assert.match(rejections[0]?.reason ?? '', /metadata.energy_register: "often" is not accepted/);
  },
);

inSharedStores(
  'an empty database gets the tables and the default factory, once',
  async ({ database }) => {
    assert.equal(await createRegistry(database), true);
    const { factories, rejections, remarks } = await readRegistry(database, machineTypes);
    assert.deepEqual(factories, [DEFAULT_FACTORY]);
    assert.deepEqual([rejections, remarks], [[], []]);
    assert.equal(await createRegistry(database), false);
    const [{ made }] = (await database.query(
      'select made_registry as made from simulator.identity',
    )) as [{ made: boolean }];
    assert.equal(made, true);
    const schemas = await database.query(
      "select relnamespace::regnamespace::text as name from pg_class where relname = 'factories'",
    );
    assert.deepEqual(schemas, [{ name: 'public' }]);
  },
);

/** A stand-in for TimescaleDB's function that records its calls. */
const CREATE_HYPERTABLE = `
  create schema "time series";
  create table "time series".hypertables (name text);
  create function "time series".create_hypertable(
    relation regclass, time_column_name name, create_default_indexes boolean default true)
  returns void language sql as
    'insert into "time series".hypertables values (relation || '' by '' || time_column_name)'`;

inBothDrivers('the tables become hypertables only if TimescaleDB is installed', async (place) => {
  const { database } = await place.open();
  await database.script(`${CREATE_HYPERTABLE}; set search_path = public, "time series"`);
  assert.equal(await createRegistry(database), true);
  assert.deepEqual(await database.query('select name from "time series".hypertables'), []);
  await database.script('drop schema public cascade; create schema public; reset search_path');
  await database.transaction(async (queries) => {
    await queries.script(`set local allow_system_table_mods = on;
      insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
      select 1000001, 'timescaledb', nspowner, oid, false, '2.0.0'
      from pg_namespace where nspname = 'time series'`);
  });
  await createRegistry(database);
  assert.deepEqual(await database.query('select name from "time series".hypertables'), [
    { name: 'energy_readings by time' },
    { name: 'production_data by time' },
    { name: 'environmental_data by time' },
  ]);
  await createRegistry(database);
  const again = await database.query('select from "time series".hypertables');
  assert.equal(again.length, 3);
});

inSharedStores(
  'a database with some of the tables and no registry is left alone',
  async ({ database }) => {
    await database.script('create table public.energy_readings (time timestamptz)');
    await assert.rejects(createRegistry(database), ({ kind, message }: StoreError) => {
      assert.equal(kind, 'rejected');
      assert.match(message, /has the tables energy_readings, but not both factories and machines/);
      return true;
    });
    const tables = await database.query(
      "select tablename from pg_tables where schemaname = 'public'",
    );
    assert.equal(tables.length, 1);
  },
);

inSharedStores(
  'the registry of an EnMS is read as it is, and rows that cannot run are reported',
  async ({ database }) => {
    await enmsDatabase(database);
    const before = await contents(database);
    assert.equal(await createRegistry(database), false);
    const { factories, rejections, remarks } = await readRegistry(database, machineTypes);

    assert.deepEqual(
      factories.map(({ name, machines }) => [name, machines.map((machine) => machine.name)]),
      [
        ['Plant Berlin', ['Air 1', 'Cooling', 'Belt', ...(hasBoiler ? ['Steam'] : [])]],
        ['Planta Monterrey', ['Prensa', 'Bomba', 'Bomba 2']],
      ],
    );
    assert.deepEqual(
      rejections
        .map(({ table, name, reason }) => `${table} ${name} ${reason.split(';')[0]}`)
        .sort(),
      [
        'factories Nowhere timezone: "Mars/Olympus" is not accepted',
        ...(hasBoiler ? [] : ['machines Steam type: "boiler" is not accepted']),
        'machines Broken power rated_power_kw: 99999 is not accepted',
        'machines Broken topic mqtt_topic: "plant/pump" is not accepted',
        'machines Lathe type: "other" is not accepted',
        'machines Twin mqtt_topic: "factory/berlin/air-1" is already the topic of Air 1',
      ].sort(),
    );
    assert.match(
      rejections.find(({ name }) => name === 'Nowhere')?.reason ?? '',
      /its machines \(1\) do not run/,
    );
    assert.match(remarks.join(), /Bomba 2: rated_power_kw: 300 kW is unusual/);
    assert.match(
      remarks.join(),
      /Planta Monterrey: metadata.latitude: "far north" is not accepted/,
    );
    // The registry can be built, and reading it changed nothing.
    assert.equal(createFleet(factories).machines.length, hasBoiler ? 7 : 6);
    assert.deepEqual(await contents(database), before);
  },
);

inSharedStores(
  'place, calendar and grid come from the rows, or are estimated',
  async ({ database }) => {
    await enmsDatabase(database);
    const { factories } = await readRegistry(database, machineTypes);
    const [berlin, monterrey] = factories;
    assert.ok(berlin && monterrey);
    assert.deepEqual(
      [berlin.timeZone, berlin.latitude, berlin.longitude, berlin.location],
      ['Europe/Berlin', 52.5, 13.4, 'Berlin, hall 3'],
    );
    assert.deepEqual([berlin.nominalVoltageV, berlin.nominalFrequencyHz], [690, 50]);
    assert.deepEqual(berlin.climate, { ...DEFAULT_CLIMATE, baseTempC: 10 });
    assert.deepEqual(berlin.calendar, {
      shifts: [{ startMinute: 420, endMinute: 960, loadShare: 0.9 }],
      restShare: DEFAULT_CALENDAR.restShare,
      weekendShare: 0.1,
      holidays: ['2026-12-25'],
    });
    assert.deepEqual([monterrey.latitude, monterrey.longitude], [50, -90]);
    assert.deepEqual([monterrey.nominalVoltageV, monterrey.nominalFrequencyHz], [480, 60]);
    assert.deepEqual(monterrey.calendar, DEFAULT_CALENDAR);
    const belt = berlin.machines.find(({ name }) => name === 'Belt');
    assert.deepEqual(belt, {
      id: 'b0000000-0000-0000-0000-000000000003',
      name: 'Belt',
      type: 'motor',
      ratedPowerKw: 22.5,
      intervalS: 5,
      topic: 'factory/berlin/belt',
      description: 'two\nlines',
    });
  },
);

inSharedStores(
  'the digest changes if a relevant row changes, and only then',
  async ({ database }) => {
    await enmsDatabase(database);
    let last = await registryDigest(database);
    assert.equal((await readRegistry(database, machineTypes)).digest, last);
    for (const [sql, isToChange] of [
      ["update machines set notes = 'x', is_critical = true", false],
      ['update machines set data_interval_seconds = 7 where data_interval_seconds = 5', true],
      ["update machines set is_active = false where name = 'Lathe'", true],
      ["update machines set name = 'Lathe 2' where name = 'Lathe'", false],
      ["update factories set timezone = 'UTC' where name = 'Nowhere'", true],
      ["update factories set metadata = '{}' where name = 'Plant Berlin'", true],
    ] as const) {
      await database.script(sql);
      const digest = await registryDigest(database);
      assert.equal(digest !== last, isToChange, sql);
      last = digest;
    }
  },
);

/** Every column and every row of tables outside the simulator's schema. */
async function contents(database: Database): Promise<unknown> {
  const columns = await database.query(
    `select table_name, column_name, data_type, column_default, is_nullable
     from information_schema.columns where table_schema = 'public' order by 1, 2`,
  );
  const tables = await database.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' order by 1`,
  );
  const rows = [];
  for (const { name } of tables)
    rows.push(await database.query(`select * from ${name} order by 1`));
  assert.ok(columns.length > 50 && rows.flat().length > 15, 'the tables were not found');
  return { columns, tables, rows };
}
