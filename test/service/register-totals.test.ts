import assert from 'node:assert/strict';
import test from 'node:test';
import type { FactoryDescription, Machine } from '../../src/core/factory.ts';
import { Journal } from '../../src/core/journal.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { RegisterTotals } from '../../src/service/register-totals.ts';
import { createFleet, DEFAULT_SETTINGS, type Fleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { dayTotals, inheritTotals } from '../../src/simulation/register.ts';
import type { Database } from '../../src/store/database.ts';
import { loadRegisterTotals } from '../../src/store/tables.ts';
import { readRows } from '../rows.ts';
import { inSharedStores } from '../store/places.ts';

const DAY_S = 86_400;
const BEGINS_S = Date.UTC(2026, 2, 2, 12) / 1000;
const NOW_S = BEGINS_S + 10 * DAY_S;
const NEVER = new AbortController().signal;

function counted(factory: FactoryDescription = DEFAULT_FACTORY, journal?: Journal): Fleet {
  return createFleet([factory], {
    journal: journal ?? new Journal(DEFAULT_SETTINGS),
    registersFromS: BEGINS_S,
    haveAllRegisters: true,
  });
}

function rowsOf(fleet: Fleet) {
  const reader = createReader(fleet);
  reader.seek(1000 * NOW_S);
  return readRows(reader, 1000 * (NOW_S + 60));
}

/** How many totals a new process has of a fleet at its start. */
async function loaded(database: Database, fleet: Fleet): Promise<number> {
  await new RegisterTotals(database, () => fleet).load();
  return fleet.machines.reduce((sum, each) => sum + dayTotals(each).told.latest(99).length, 0);
}

inSharedStores(
  'a start goes on from the stored totals, and shows the same',
  async ({ database }) => {
    const first = counted();
    const rows = rowsOf(first);
    await new RegisterTotals(database, () => first).keep(NEVER);
    const stored = await loadRegisterTotals(database);
    assert.equal(stored.length, DEFAULT_FACTORY.machines.length);
    for (const { totals } of stored) assert.equal(totals.length, 8, 'of the last days');

    const again = counted();
    assert.equal(await loaded(database, again), 8 * DEFAULT_FACTORY.machines.length);
    const lastS = dayTotals(again.machines[0] as Fleet['machines'][number]).told.latest(1)[0]?.tS;
    assert.equal(lastS, Math.floor(NOW_S / DAY_S) * DAY_S);
    assert.deepEqual(rowsOf(again), rows);
  },
);

inSharedStores('totals of another description are not used', async ({ database }) => {
  const first = counted();
  rowsOf(first);
  await new RegisterTotals(database, () => first).keep(NEVER);
  const [machine, ...others] = DEFAULT_FACTORY.machines;
  const changed = counted({
    ...DEFAULT_FACTORY,
    machines: [{ ...(machine as (typeof others)[number]), ratedPowerKw: 60 }, ...others],
  });
  assert.equal(await loaded(database, changed), 0);
  assert.equal(await loaded(database, counted()), 8 * DEFAULT_FACTORY.machines.length);
});

inSharedStores('totals after an event that they do not know are not used', async ({ database }) => {
  const first = counted();
  rowsOf(first);
  await new RegisterTotals(database, () => first).keep(NEVER);
  const stops = () =>
    new Journal(DEFAULT_SETTINGS, [
      { kind: 'stop', sequence: 1, timeS: BEGINS_S + 3600 },
      { kind: 'start', sequence: 2, timeS: BEGINS_S + 7200 },
    ]);
  const stopped = counted(DEFAULT_FACTORY, stops());
  await loaded(database, stopped);
  assert.deepEqual(rowsOf(stopped), rowsOf(counted(DEFAULT_FACTORY, stops())));
  assert.notDeepEqual(rowsOf(stopped), rowsOf(first));
});

test('a fleet without registers needs no store', async () => {
  const database = new Proxy({} as Database, {
    get: () => assert.fail('the database was used'),
  });
  const totals = new RegisterTotals(database, () => createFleet([DEFAULT_FACTORY]));
  await totals.load();
  await totals.keep(NEVER);
});

test('a machine goes on from the totals of the one whose place it takes', () => {
  const [before, after, fresh] = [counted(), counted(), counted()];
  const rows = rowsOf(before);
  for (const [i, machine] of after.machines.entries())
    inheritTotals(before.machines[i] as Machine, machine);
  const known = ({ machines }: Fleet) => dayTotals(machines[0] as Machine).told.latest(99);
  assert.ok(known(before).length > 8);
  assert.deepEqual(known(after), known(before));
  assert.deepEqual(known(fresh), []);
  assert.deepEqual(rowsOf(after), rows);
});
