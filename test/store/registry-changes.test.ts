import assert from 'node:assert/strict';
import { ConfigError } from '../../src/core/errors.ts';
import { machineTypes } from '../../src/machines/index.ts';
import type { Database } from '../../src/store/database.ts';
import type { Store } from '../../src/store/open-store.ts';
import {
  createRow,
  deactivateRow,
  RegistryConflict,
  updateRow,
} from '../../src/store/registry/change.ts';
import { createRegistry } from '../../src/store/registry/create.ts';
import { countReadings, purgeRow } from '../../src/store/registry/purge.ts';
import { readRegistry } from '../../src/store/registry/read.ts';
import { enmsDatabase } from './enms.ts';
import { inSharedStores } from './places.ts';

const DEMO = '11111111-1111-1111-1111-111111111111';
const COMPRESSOR = 'c0000000-0000-0000-0000-000000000001';
const NOBODY = '99999999-9999-9999-9999-999999999999';

async function demo({ database }: Store): Promise<Database> {
  await createRegistry(database);
  return database;
}

/** The kind and the field of a conflict. */
const conflict = (kind: string, path: string) => (error: unknown) => {
  assert.ok(error instanceof RegistryConflict, String(error));
  assert.deepEqual([error.kind, error.path], [kind, path]);
  return true;
};

/** The fields with errors. */
const faults =
  (...paths: string[]) =>
  (error: unknown) => {
    assert.ok(error instanceof ConfigError, String(error));
    assert.deepEqual(error.faults.map(({ path }) => path).sort(), paths.sort());
    return true;
  };

inSharedStores('a factory and a machine need few fields, and run at once', async (store) => {
  const database = await demo(store);
  const factory = await createRow(
    database,
    'factories',
    {
      name: 'Werk Süd',
      timezone: 'europe/berlin',
      metadata: { latitude: 48, owner: 'x' },
    },
    machineTypes,
  );
  assert.equal(factory.timezone, 'Europe/Berlin');
  const machine = await createRow(
    database,
    'machines',
    {
      factory_id: factory.id,
      name: 'Presse 1',
      type: 'conveyor',
    },
    machineTypes,
  );
  assert.equal(machine.mqtt_topic, 'factory/werk-sud/presse-1');
  assert.equal(machine.type, 'conveyor');
  const second = await createRow(
    database,
    'machines',
    {
      id: 'ABCDEF00-0000-0000-0000-000000000001',
      factory_id: DEMO,
      name: 'Pump 2',
      type: 'pump',
      rated_power_kw: 30.006,
      data_interval_seconds: 5,
    },
    machineTypes,
  );
  assert.equal(second.id, 'abcdef00-0000-0000-0000-000000000001');
  assert.equal(second.mqtt_topic, 'factory/demo/pump-2');
  assert.equal(second.rated_power_kw, 30.01);

  const { factories, rejections } = await readRegistry(database, machineTypes);
  assert.deepEqual(rejections, []);
  const added = factories.find(({ name }) => name === 'Werk Süd');
  assert.equal(added?.latitude, 48);
  assert.deepEqual(
    added?.machines.map(({ name, type, topic }) => [name, type, topic]),
    [['Presse 1', 'motor', 'factory/werk-sud/presse-1']],
  );
});

inSharedStores('every invalid field is reported', async (store) => {
  const database = await demo(store);
  await assert.rejects(
    createRow(
      database,
      'machines',
      {
        factory_id: 'x',
        name: ' ',
        type: 'kettle',
        data_interval_seconds: 0,
        mqtt_topic: 'factory/demo',
        rated_power: 3,
      },
      machineTypes,
    ),
    faults('factory_id', 'name', 'type', 'data_interval_seconds', 'mqtt_topic', 'rated_power'),
  );
  await assert.rejects(
    createRow(database, 'machines', {}, machineTypes),
    faults('factory_id', 'name', 'type'),
  );
  const machine = { factory_id: DEMO, name: 'Big', type: 'pump', rated_power_kw: 401 };
  await assert.rejects(
    createRow(database, 'machines', machine, machineTypes),
    faults('rated_power_kw'),
  );
  await assert.rejects(
    createRow(database, 'factories', { name: 'x', timezone: 'Mars/Olympus' }, machineTypes),
    faults('timezone'),
  );
  await assert.rejects(
    createRow(
      database,
      'factories',
      {
        name: 'x',
        metadata: { latitude: 91, calendar: { shift: [] } },
      },
      machineTypes,
    ),
    faults('metadata.latitude', 'metadata.calendar.shift'),
  );
  await assert.rejects(
    updateRow(database, 'machines', COMPRESSOR, { id: NOBODY }, machineTypes),
    faults('id'),
  );
  await assert.rejects(
    updateRow(database, 'machines', COMPRESSOR, { rated_power_kw: 1 }, machineTypes),
    faults('rated_power_kw'),
  );
});

inSharedStores('a duplicate name, topic or id is a conflict', async (store) => {
  const database = await demo(store);
  const machine = { factory_id: DEMO, name: 'New', type: 'pump' };
  await assert.rejects(
    createRow(
      database,
      'machines',
      {
        ...machine,
        name: 'HVAC-Main',
        mqtt_topic: 'factory/demo/x',
      },
      machineTypes,
    ),
    conflict('duplicate-name', 'name'),
  );
  await assert.rejects(
    createRow(
      database,
      'machines',
      { ...machine, mqtt_topic: 'factory/demo/hvac-main' },
      machineTypes,
    ),
    conflict('duplicate-topic', 'mqtt_topic'),
  );
  await assert.rejects(
    createRow(database, 'machines', { ...machine, id: COMPRESSOR.toUpperCase() }, machineTypes),
    conflict('duplicate-id', 'id'),
  );
  await assert.rejects(
    createRow(database, 'machines', { ...machine, factory_id: NOBODY }, machineTypes),
    conflict('unknown-factory', 'factory_id'),
  );
  await assert.rejects(
    updateRow(database, 'machines', COMPRESSOR, { factory_id: NOBODY }, machineTypes),
    conflict('unknown-factory', 'factory_id'),
  );
  await assert.rejects(
    updateRow(
      database,
      'machines',
      COMPRESSOR,
      { mqtt_topic: 'factory/demo/hvac-main' },
      machineTypes,
    ),
    conflict('duplicate-topic', 'mqtt_topic'),
  );
  await assert.rejects(
    createRow(database, 'factories', { name: 'Demo Manufacturing Plant' }, machineTypes),
    conflict('duplicate-name', 'name'),
  );
  await assert.rejects(
    createRow(database, 'factories', { name: 'x', id: DEMO }, machineTypes),
    conflict('duplicate-id', 'id'),
  );
  for (const id of [NOBODY, "x' or true"]) {
    const unknown = conflict('unknown-machine', 'machine_id');
    await assert.rejects(updateRow(database, 'machines', id, {}, machineTypes), unknown);
    await assert.rejects(deactivateRow(database, 'machines', id), unknown);
    await assert.rejects(purgeRow(database, 'machines', id), unknown);
    await assert.rejects(
      updateRow(database, 'factories', id, {}, machineTypes),
      conflict('unknown-factory', 'factory_id'),
    );
  }
  assert.equal((await readRegistry(database, machineTypes)).factories[0]?.machines.length, 5);
});

inSharedStores(
  'a change keeps other fields, including an EnMS’s own metadata',
  async ({ database }) => {
    await enmsDatabase(database);
    const bomba = 'a0000000-0000-0000-0000-000000000010';
    const changed = await updateRow(
      database,
      'machines',
      bomba.toUpperCase(),
      {
        data_interval_seconds: 60,
        metadata: { line: 4 },
      },
      machineTypes,
    );
    assert.deepEqual(
      [changed.type, changed.data_interval_seconds, changed.rated_power_kw, changed.metadata],
      ['other', 60, 45, { simulator_type: 'pump', line: 4 }],
    );
    const named = await updateRow(
      database,
      'machines',
      bomba,
      {
        type: 'pump',
        metadata: { line: null },
      },
      machineTypes,
    );
    assert.deepEqual([named.type, named.metadata], ['pump', {}]);
    const [row] = await database.query('select notes from machines where id = $1', [bomba]);
    assert.deepEqual(row, { notes: 'none' });

    const berlin = '10000000-0000-0000-0000-00000000000b';
    const factory = await updateRow(
      database,
      'factories',
      berlin,
      { metadata: { longitude: 14 } },
      machineTypes,
    );
    const metadata = factory.metadata as Record<string, unknown>;
    assert.deepEqual(
      [metadata['owner'], metadata['latitude'], metadata['longitude']],
      ['somebody', 52.5, 14],
    );
  },
);

inSharedStores('a deactivated row stays in the tables and stops running', async (store) => {
  const database = await demo(store);
  assert.equal((await deactivateRow(database, 'machines', COMPRESSOR)).is_active, false);
  assert.equal((await readRegistry(database, machineTypes)).factories[0]?.machines.length, 4);
  // Another machine may take its topic; then it cannot return with it.
  await createRow(
    database,
    'machines',
    {
      factory_id: DEMO,
      name: 'Compressor-2',
      type: 'compressor',
      mqtt_topic: 'factory/demo/compressor-1',
    },
    machineTypes,
  );
  await assert.rejects(
    updateRow(database, 'machines', COMPRESSOR, { is_active: true }, machineTypes),
    conflict('duplicate-topic', 'mqtt_topic'),
  );
  assert.equal((await deactivateRow(database, 'factories', DEMO)).is_active, false);
  assert.deepEqual((await readRegistry(database, machineTypes)).factories, []);
  const machines = await database.query('select id from machines');
  assert.equal(machines.length, 6);
});

inSharedStores(
  'a purge deletes the readings if their number was confirmed',
  async ({ database }) => {
    await enmsDatabase(database);
    const air = 'b0000000-0000-0000-0000-000000000001';
    const counts = {
      energy_readings: 3,
      production_data: 0,
      environmental_data: 0,
      machine_status: 1,
    };
    assert.deepEqual(await countReadings(database, [air]), counts);
    for (const confirmed of [undefined, 3, 5])
      await assert.rejects(
        purgeRow(database, 'machines', air, confirmed),
        (error: RegistryConflict) => {
          assert.equal(error.kind, 'unconfirmed');
          assert.deepEqual(error.counts, counts);
          assert.match(
            error.message,
            /this also deletes 4 rows \(3 of energy_readings, 1 of machine_status\)/,
          );
          assert.match(error.message, /confirm=4/);
          return true;
        },
      );
    assert.deepEqual(await purgeRow(database, 'machines', air, 4), counts);
    assert.deepEqual(await countReadings(database, [air]), {
      ...counts,
      energy_readings: 0,
      machine_status: 0,
    });
    await assert.rejects(
      purgeRow(database, 'machines', air, 0),
      conflict('unknown-machine', 'machine_id'),
    );

    const berlin = '10000000-0000-0000-0000-00000000000b';
    assert.equal((await purgeRow(database, 'factories', berlin, 7))['machines'], 7);
    const names = await database.query(
      "select name from factories where name like 'Pl%' order by 1",
    );
    assert.deepEqual(names, [{ name: 'Planta Monterrey' }]);
  },
);

inSharedStores('a row referenced by other tables of an EnMS is not purged', async (store) => {
  const database = await demo(store);
  await database.script(`create table alarms (machine_id uuid references machines (id));
    insert into alarms values ('${COMPRESSOR}');`);
  await assert.rejects(purgeRow(database, 'machines', COMPRESSOR, 0), conflict('refused', 'id'));
  assert.equal((await readRegistry(database, machineTypes)).factories[0]?.machines.length, 5);
});

inSharedStores(
  'a violated constraint of the database is a conflict with its name',
  async (store) => {
    const database = await demo(store);
    await database.script(
      "alter table machines add constraint no_loud_names check (name <> 'LOUD')",
    );
    await assert.rejects(
      createRow(
        database,
        'machines',
        { factory_id: DEMO, name: 'LOUD', type: 'pump' },
        machineTypes,
      ),
      (error: RegistryConflict) => {
        assert.equal(error.kind, 'refused');
        assert.match(error.message, /no_loud_names/);
        return true;
      },
    );
  },
);
