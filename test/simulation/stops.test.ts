/** Machines that stories switch off and on. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { OFFLINE } from '../../src/core/field.ts';
import type { JournalEvent } from '../../src/core/journal.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { createFleet, nextFleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { factoryOf } from '../rows.ts';
import { FROM_S, fleetOf, read, rowsOf, stopOf } from './changing.ts';

const factory = factoryOf([{ type: 'motor' }, { type: 'hvac' }, { type: 'compressor' }]);
const [motor, hvac] = factory.machines.map(({ id }) => id) as [string, string];

const journal = (kind: 'start' | 'stop', at: number, sequence: number): JournalEvent => {
  return { kind, machineIds: [hvac], sequence, timeS: FROM_S + at };
};

test('a stop of a story gives the rows of one from the journal, after the reading of its instant', () => {
  const commanded = fleetOf(factory, [], [journal('stop', 600, 1), journal('start', 4200, 2)]);
  const told = fleetOf(factory, [stopOf('service', [hvac], [600, 4200])]);
  const isAtBegin = ({ id, tS }: { id: string; tS: number }) => id === hvac && tS === 600;
  const rows = rowsOf(told, 0, 7200);
  const others = rows.filter((row) => !isAtBegin(row));
  assert.deepEqual(
    others.filter(({ isReading }) => isReading),
    rowsOf(commanded, 0, 7200).filter(({ isReading }) => isReading),
  );
  assert.deepEqual(
    rows.filter(isAtBegin).map(({ isReading, mode }) => [isReading, mode === OFFLINE]),
    [
      [true, false],
      [false, true],
    ],
  );
  const own = rows.filter(({ id }) => id === hvac);
  assert.ok(own.every(({ tS, isReading }) => !isReading || tS <= 600 || tS > 4200));
});

test('windows cut anywhere, and any seek, give the rows of one reading through', () => {
  const events = [
    stopOf('night', [hvac, motor], [-86_400, -3600], [600, 1200], [1800, 1810], [3000, 9000]),
    stopOf('beside', [hvac], [1000, 2000]),
  ];
  const fleet = fleetOf(factory, events, [journal('stop', 4000, 1), journal('start', 9500, 2)]);
  const whole = rowsOf(fleet, 0, 12_000);
  const readings = whole.filter(({ isReading }) => isReading);
  for (const from of [600, 605, 1199, 1500, 1805, 2999, 5000, 9100, 9600])
    assert.deepEqual(
      rowsOf(fleet, from, 12_000).filter(({ isReading }) => isReading),
      readings.filter(({ tS }) => tS > from),
      `${from}`,
    );
  const reader = createReader(fleet, { statusIntervalS: 366 * 86_400 });
  reader.seek(1000 * FROM_S);
  const cut = [700, 1805, 1806, 5000, 12_000].flatMap((to) => read(reader, to, 7));
  assert.deepEqual(cut, whole);
  const times = readings.filter(({ id }) => id === hvac).map(({ tS }) => tS);
  const stands = (tS: number) => (tS > 600 && tS <= 2000) || (tS > 3000 && tS <= 9500);
  assert.ok(times.length > 0 && times.every((tS) => !stands(tS)));
});

test('a machine runs while neither the journal nor a story stops it', () => {
  const told = fleetOf(
    factory,
    [stopOf('service', [hvac], [600, 1200])],
    [journal('stop', 900, 1), journal('start', 2400, 2)],
  );
  const statuses = rowsOf(told, 0, 3600).filter(({ id, isReading }) => id === hvac && !isReading);
  assert.deepEqual(
    statuses.map(({ tS, mode }) => [tS, mode === OFFLINE]),
    [
      [600, true],
      [2400, false],
    ],
  );
});

test('a story that comes to a running fleet, and leaves it, changes only what is told', () => {
  const plain = fleetOf(factory, []);
  const events = [stopOf('service', [hvac], [600, 1800])];
  const story = { name: 'changes', factoryId: factory.id, seed: 1, events };
  const told = nextFleet(plain, [factory], [story]);
  assert.equal(told.byId.get(motor), plain.byId.get(motor));
  const reader = createReader(plain, { statusIntervalS: 366 * 86_400 });
  reader.seek(1000 * FROM_S);
  const rows = read(reader, 300);
  const second = createReader(told, { statusIntervalS: 366 * 86_400, after: reader });
  rows.push(...read(second, 1000));
  // What ends a story keeps what it did until then.
  const ended = { ...story, events: [stopOf('service', [hvac], [600, 1000])] };
  const third = createReader(nextFleet(told, [factory], [ended]), {
    statusIntervalS: 366 * 86_400,
    after: second,
  });
  rows.push(...read(third, 3600));
  const wanted = fleetOf(factory, [stopOf('service', [hvac], [600, 1000])]);
  assert.deepEqual(rows, rowsOf(wanted, 0, 3600));
  const switches = rows.filter(({ id, isReading }) => id === hvac && !isReading);
  assert.deepEqual(
    switches.map(({ tS }) => tS),
    [600, 1000],
  );
});

test('a main meter and a network know of a stop', () => {
  const meter = {
    name: 'Main',
    id: 'main',
    topic: 'factory/demo/main',
    intervalS: 60,
    type: 'meter',
    ratedPowerKw: 400,
  };
  const metered = { ...factory, machines: [...factory.machines, meter] };
  const powerOf = (events: Parameters<typeof fleetOf>[1]) =>
    rowsOf(fleetOf(metered, events), 0, 3600)
      .filter(({ id, isReading }) => id === 'main' && isReading)
      .map(({ powerKw }) => powerKw);
  const [sound, told] = [powerOf([]), powerOf([stopOf('service', [hvac], [1800, 3600])])];
  assert.deepEqual(told.slice(0, 30), sound.slice(0, 30));
  assert.ok(told.slice(31).every((kw, i) => kw < (sound[31 + i] as number)));
});

test('a fleet without stories has no presence, and pays nothing', () => {
  const { machines } = createFleet([DEFAULT_FACTORY]);
  assert.ok(machines.every(({ story }) => story === undefined));
});
