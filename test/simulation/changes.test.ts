/** Factories that are other ones from a date on. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { FactoryDescription } from '../../src/core/factory.ts';
import { OFFLINE } from '../../src/core/field.ts';
import type { JournalEvent } from '../../src/core/journal.ts';
import type { Story } from '../../src/core/story.ts';
import { DEFAULT_CALENDAR } from '../../src/factory/default-factory.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { factoryOf } from '../rows.ts';
import { changeOf, FROM_S, fleetOf, read, rowsOf, stopOf } from './changing.ts';

const HOUR = 3600;
const factory = factoryOf([
  { type: 'compressor', intervalS: 5 },
  { type: 'hvac' },
  { type: 'injection_molding' },
  { type: 'motor' },
  { type: 'pump' },
]);
const [compressor, hvac, press, motor, pump] = factory.machines.map(({ id }) => id) as [
  string,
  string,
  string,
  string,
  string,
];
const extra = {
  id: '00000000-0000-0000-0000-000000000009',
  name: 'Press-2',
  type: 'injection_molding',
  ratedPowerKw: 80,
  intervalS: 30,
  topic: 'factory/demo/press-2',
};

/** Everything that can change, within a few hours. */
const EVENTS: Story['events'] = [
  changeOf('vsd', [1800], { machine: { id: compressor, parameters: { control: 1 } } }),
  changeOf('set-point', [HOUR, 3 * HOUR], {
    machine: { id: hvac, parameters: { setpointTempC: 20, waterSetpointTempC: 9 } },
  }),
  changeOf('lower', [2 * HOUR, 4 * HOUR], {
    machine: { id: hvac, parameters: { setpointTempC: 18 } },
  }),
  changeOf('abs', [2000, 9000], { machine: { id: press, parameters: { material: 1 } } }),
  changeOf('pump', [5000], { machine: { id: motor, type: 'pump' } }),
  changeOf('gone', [6000, 11_000], { remove: [pump] }),
  changeOf('new', [7000, 12_000], { add: [extra] }),
  changeOf('night', [8000, 10_000], {
    as: 'routine',
    calendar: { ...DEFAULT_CALENDAR, restShare: 0.2, shifts: [] },
  }),
  changeOf('winter', [9000], { climate: { baseTempC: 0, summerOffsetK: 5, winterOffsetK: -5 } }),
  stopOf('service', [compressor], [4000, 4600]),
];
const readingsOf = (rows: ReturnType<typeof rowsOf>) => rows.filter(({ isReading }) => isReading);

test('seeking behind changes gives the rows of reading through them, however they are cut', () => {
  const fleet = fleetOf(factory, EVENTS);
  const whole = rowsOf(fleet, 0, 5 * HOUR);
  for (const from of [1805, 2100, 4300, 5100, 6500, 7300, 8200, 9100, 10_100, 12_500, 15_000])
    assert.deepEqual(
      readingsOf(rowsOf(fleet, from, 5 * HOUR)),
      readingsOf(whole).filter(({ tS }) => tS > from),
      `from ${from}`,
    );
  const reader = createReader(fleet, { statusIntervalS: 366 * 86_400 });
  reader.seek(1000 * FROM_S);
  const cut = [1800, 5000, 5001, 7000, 9999, 5 * HOUR].flatMap((to) => read(reader, to, 11));
  assert.deepEqual(cut, whole);
});

test('days later, too, a machine is what changes made of it', () => {
  const fleet = fleetOf(factory, EVENTS);
  const reader = createReader(fleet, { statusIntervalS: 366 * 86_400 });
  reader.seek(1000 * (FROM_S - HOUR));
  const whole = readingsOf(read(reader, 30 * HOUR)).filter(({ tS }) => tS > 29 * HOUR);
  assert.deepEqual(readingsOf(rowsOf(fleet, 29 * HOUR, 30 * HOUR)), whole);
  const sound = readingsOf(rowsOf(fleetOf(factory, []), 29 * HOUR, 30 * HOUR));
  assert.notDeepEqual(whole, sound);
});

test('a change that sets what already holds changes nothing', () => {
  const parameters = { ...factory.machines[1]?.parameters, setpointTempC: 22 };
  const same = changeOf('same', [HOUR], { machine: { id: hvac, parameters } });
  const calendar = changeOf('calendar', [2 * HOUR], { calendar: factory.calendar });
  const told = rowsOf(fleetOf(factory, [same, calendar]), 0, 4 * HOUR);
  assert.deepEqual(told, rowsOf(fleetOf(factory, []), 0, 4 * HOUR));
});

test('before its begin, and on other machines, a change is not seen', () => {
  const change = changeOf('vsd', [HOUR], {
    machine: { id: compressor, parameters: { control: 1 } },
  });
  const [told, sound] = [
    rowsOf(fleetOf(factory, [change]), 0, 2 * HOUR),
    rowsOf(fleetOf(factory, []), 0, 2 * HOUR),
  ];
  const untouched = (row: (typeof told)[number]) => row.id !== compressor || row.tS <= HOUR;
  assert.deepEqual(told.filter(untouched), sound.filter(untouched));
  const power = (rows: typeof told) =>
    rows.filter(({ id, tS }) => id === compressor && tS > HOUR + 60).map(({ powerKw }) => powerKw);
  assert.notDeepEqual(power(told), power(sound));
});

test('of several changes the later begin holds, and what lies below holds again', () => {
  const setpointOf = (events: Story['events'], at: number) => {
    const machine = fleetOf(factory, events).byId.get(hvac);
    return machine?.story?.epochs?.at(FROM_S + at).machine.parameters['setpointTempC'];
  };
  const change = (id: string, when: readonly [number, number?], setpointTempC: number) =>
    changeOf(id, when, { machine: { id: hvac, parameters: { setpointTempC } } });
  const events = [change('a', [100], 20), change('b', [200, 400], 18), change('c', [200, 300], 17)];
  assert.equal(setpointOf(events, 99), 22);
  assert.equal(setpointOf(events, 100), 20);
  assert.equal(setpointOf(events, 250), 17);
  assert.equal(setpointOf(events, 350), 18);
  assert.equal(setpointOf(events, 400), 20);
});

test('a machine of another type takes the place of one, under its name, from cold', () => {
  const fleet = fleetOf(factory, [
    changeOf('pump', [HOUR], { machine: { id: motor, type: 'pump' } }),
  ]);
  const rows = rowsOf(fleet, 0, 2 * HOUR).filter(({ id }) => id === motor);
  for (const { tS, type, isReading } of rows)
    if (isReading) assert.equal(type, tS > HOUR ? 'pump' : 'motor');
  assert.deepEqual(
    rows.filter(({ isReading }) => !isReading).map(({ tS }) => tS),
    [HOUR],
  );
});

test('a machine that leaves ends as offline; one that comes starts, and is not there before', () => {
  const events = [
    changeOf('gone', [600, 3000], { remove: [pump] }),
    changeOf('new', [900, 2400], { add: [extra] }),
  ];
  const fleet = fleetOf(factory, events);
  assert.equal(fleet.machines.length, 6);
  const rows = rowsOf(fleet, 0, HOUR);
  const statuses = (machineId: string) =>
    rows
      .filter(({ id, isReading }) => id === machineId && !isReading)
      .map(({ tS, mode }) => [tS, mode === OFFLINE]);
  assert.deepEqual(statuses(pump), [
    [600, true],
    [3000, false],
  ]);
  assert.deepEqual(statuses(extra.id), [
    [900, false],
    [2400, true],
  ]);
  const times = readingsOf(rows)
    .filter(({ id }) => id === extra.id)
    .map(({ tS }) => tS);
  assert.ok(times.every((tS) => tS > 900 && tS <= 2400) && times.length === 50);
  const reader = createReader(fleet);
  reader.seek(1000 * (FROM_S + 650), true);
  const announced = new Set(read(reader, 700).map(({ id }) => id));
  assert.ok(!announced.has(pump) && !announced.has(extra.id));
});

test('a command and a change together: what was stopped when it came starts later, from cold', () => {
  const journal: JournalEvent[] = [
    { kind: 'stop', machineIds: [extra.id], sequence: 1, timeS: FROM_S + 100 },
    { kind: 'start', machineIds: [extra.id], sequence: 2, timeS: FROM_S + 2000 },
  ];
  const fleet = fleetOf(factory, [changeOf('new', [900], { add: [extra] })], journal);
  const rows = rowsOf(fleet, 0, HOUR).filter(({ id }) => id === extra.id);
  assert.ok(rows.every(({ tS, isReading }) => !isReading || tS > 2000));
  assert.ok(rows.some(({ isReading }) => isReading));
  for (const from of [1500, 2500])
    assert.deepEqual(
      readingsOf(rowsOf(fleet, from, HOUR)).filter(({ id }) => id === extra.id),
      readingsOf(rows).filter(({ tS }) => tS > from),
    );
});

test('the main meter and the suppliers of a network follow changes of others', () => {
  const meter = {
    name: 'Main',
    id: 'main',
    topic: 'factory/demo/main',
    intervalS: 60,
    type: 'meter',
    ratedPowerKw: 500,
  };
  const site: FactoryDescription = {
    ...factory,
    machines: [...factory.machines, meter],
    networks: { compressedAir: {} },
  };
  const change = changeOf('less', [HOUR], {
    machine: { id: press, parameters: { effectivenessShare: 0.5 } },
  });
  const off = changeOf('off', [2 * HOUR], { remove: [press] });
  const [told, sound] = [[change, off], []].map((events) =>
    rowsOf(fleetOf(site, events), 0, 3 * HOUR),
  );
  assert.ok(told && sound);
  const before = (row: (typeof told)[number]) => row.tS <= HOUR;
  assert.deepEqual(told.filter(before), sound.filter(before));
  const mean = (rows: typeof told, id: string) => {
    const own = rows.filter((row) => row.id === id && row.isReading && row.tS > 2 * HOUR + 600);
    return own.reduce((sum, { powerKw }) => sum + powerKw, 0) / own.length;
  };
  assert.ok(mean(told, 'main') < mean(sound, 'main') - 20);
  assert.notEqual(mean(told, compressor), mean(sound, compressor));
  for (const from of [HOUR + 700, 2 * HOUR + 700])
    assert.deepEqual(
      readingsOf(rowsOf(fleetOf(site, [change, off]), from, 3 * HOUR)),
      readingsOf(told).filter(({ tS }) => tS > from),
    );
});
