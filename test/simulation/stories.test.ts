/** Faults of stories: they grow and fade, and act beside all others. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Growth } from '../../src/core/anomaly.ts';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import { type FaultOccurrence, occurrenceId } from '../../src/core/occurrence.ts';
import type { FaultEvent, Story } from '../../src/core/story.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { createFleet, nextFleet } from '../../src/simulation/fleet.ts';
import { Incidents } from '../../src/simulation/incidents.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { CostCount } from '../../src/simulation/truth.ts';
import { readRows } from '../rows.ts';

const CALM = { enableAnomalies: false, anomalyProbability: 0, weekendProductionFactor: null };
const FROM_S = Date.UTC(2026, 2, 2, 9) / 1000;
const DAY_S = 86_400;
const [compressor] = DEFAULT_FACTORY.machines;
assert.ok(compressor);
const { id: machineId } = compressor;

/** A story with one fault of the compressor. */
function storyOf(name: string, fault: Partial<FaultOccurrence> = {}): Story {
  const occurrence: FaultOccurrence = {
    index: 0,
    beginS: FROM_S,
    endS: FROM_S + 1800,
    machineId,
    type: 'leak',
    severity: 4,
    ...fault,
  };
  const event: FaultEvent = {
    class: 'fault',
    id: 'event-1',
    machineIds: [machineId],
    between: (fromS, toS) =>
      occurrence.beginS < toS && occurrence.endS > fromS ? [occurrence] : [],
  };
  return { name, factoryId: DEFAULT_FACTORY.id, seed: 1, events: [event] };
}

const fleetOf = (stories: readonly Story[], events: readonly JournalEvent[] = []) =>
  createFleet([DEFAULT_FACTORY], { journal: new Journal(CALM, events), stories });

function rowsOf(fleet: ReturnType<typeof fleetOf>, fromS: number, toS: number) {
  const reader = createReader(fleet);
  reader.seek(1000 * fromS);
  return readRows(reader, 1000 * toS);
}

/** The intensity of the one fault of a story, from its parameters' leak. */
function leakOf(story: Story) {
  const { journal, byId } = fleetOf([story]);
  const machine = byId.get(machineId);
  assert.ok(machine);
  const [actual, healthy] = [new Incidents(machine, journal), new Incidents(machine, journal, '*')];
  return (tS: number) => {
    const leakAt = (incidents: Incidents) => incidents.parametersAt(tS)['leakShare'] as number;
    return (leakAt(actual) - leakAt(healthy)) / 0.6;
  };
}

test('a fault without growth gives the bytes of an injected anomaly', () => {
  const injected: JournalEvent = {
    kind: 'inject',
    id: 'a',
    machineId,
    anomalyType: 'leak',
    severity: 4,
    durationS: 1800,
    sequence: 1,
    timeS: FROM_S,
  };
  const told = rowsOf(fleetOf([storyOf('leak')]), FROM_S - 600, FROM_S + 3600);
  assert.deepEqual(told, rowsOf(fleetOf([], [injected]), FROM_S - 600, FROM_S + 3600));
  assert.notDeepEqual(told, rowsOf(fleetOf([]), FROM_S - 600, FROM_S + 3600));
});

test('only the machine that a story names differs', () => {
  const fleet = fleetOf([storyOf('leak')]);
  const sound = fleetOf([]);
  for (const machine of fleet.machines)
    assert.equal(machine.story !== undefined, machine.id === machineId, machine.name);
  const others = (each: { machineId: string }) => each.machineId !== machineId;
  assert.deepEqual(
    rowsOf(fleet, FROM_S, FROM_S + 600).filter(others),
    rowsOf(sound, FROM_S, FROM_S + 600).filter(others),
  );
});

const SHAPES: readonly [Growth['curve'], readonly [number, number, number]][] = [
  ['linear', [0.25, 0.5, 0.75]],
  ['smooth', [0.15625, 0.5, 0.84375]],
  ['exponential', [0.0321, 0.1192, 0.3561]],
  ['steps', [0.2, 0.5, 0.7]],
];
for (const [curve, quarters] of SHAPES)
  test(`${curve} growth reaches its full intensity with its ramp, and fades before its end`, () => {
    const lengthS = 25 * DAY_S;
    const rampS = 20 * DAY_S;
    const fadeS = 2 * DAY_S;
    const growth = { rampS, curve, fadeS };
    const leak = leakOf(storyOf('growing', { endS: FROM_S + lengthS, severity: 5, growth }));
    for (const [i, share] of quarters.entries())
      assert.ok(Math.abs(leak(FROM_S + ((i + 1) * rampS) / 4) - share) < 1e-3, `${i}`);
    let before = 0;
    for (let tS = 0; tS <= lengthS - fadeS; tS += 3600) {
      const now = leak(FROM_S + tS);
      assert.ok(now >= before - 1e-12, `it falls at ${tS}`);
      assert.ok(Math.abs(1024 * now - Math.round(1024 * now)) < 1e-6, 'in steps of 1/1024');
      before = now;
    }
    assert.ok(Math.abs(before - 1) < 1e-12);
    assert.ok(Math.abs(leak(FROM_S + lengthS - fadeS / 2) - 0.5) < 1e-12, 'the fade is linear');
    assert.ok(Math.abs(leak(FROM_S + lengthS)) < 1e-12, 'nothing acts at its end');
  });

test('a ramp alone ends as usual, and a fade alone begins as usual', () => {
  const endS = FROM_S + DAY_S;
  const severity = 5;
  const ramp = leakOf(
    storyOf('ramp', { endS, severity, growth: { rampS: 3600, curve: 'linear' } }),
  );
  assert.ok(Math.abs(ramp(endS) - 1) < 1e-12);
  assert.ok(Math.abs(ramp(endS + 5) - 0.5) < 1e-12, 'it fades in ten seconds');
  const fade = leakOf(
    storyOf('fade', { endS, severity, growth: { fadeS: 3600, curve: 'linear' } }),
  );
  assert.ok(Math.abs(fade(FROM_S + 1) - 0.5) < 1e-12, 'a step takes two seconds');
  assert.ok(Math.abs(fade(FROM_S + 2) - 1) < 1e-12);
});

test('a growing leak costs more from week to week, and nothing once the machine has recovered', () => {
  const growth = { rampS: 21 * DAY_S, curve: 'linear' } as const;
  const story = storyOf('leak', { endS: FROM_S + 21 * DAY_S, severity: 3, growth });
  const fleet = fleetOf([story]);
  const machine = fleet.byId.get(machineId);
  assert.ok(machine);
  const [incident] = new Incidents(machine, fleet.journal).between(FROM_S, FROM_S + DAY_S);
  assert.ok(incident);
  const count = new CostCount(fleet, incident);
  const weeks = [1, 2, 3].map((week) => {
    count.advance(incident, FROM_S + 7 * week * DAY_S, Number.POSITIVE_INFINITY);
    return count.cost.excessEnergyKwh;
  });
  const [first = 0, second = 0, third = 0] = weeks;
  assert.ok(first > 0 && second - first > first && third - second > second - first, `${weeks}`);
  count.advance(incident, FROM_S + 25 * DAY_S, Number.POSITIVE_INFINITY);
  assert.ok(count.cost.hasRecovered);
});

test('a window with a growing fault has the same bytes wherever a reader starts', () => {
  const growth = { rampS: 3 * DAY_S, curve: 'exponential', fadeS: DAY_S } as const;
  const fleet = fleetOf([storyOf('leak', { endS: FROM_S + 5 * DAY_S, growth })]);
  const toS = FROM_S + 2 * DAY_S;
  const whole = rowsOf(fleet, toS - 7200, toS);
  const late = rowsOf(fleet, toS - 1801, toS);
  assert.deepEqual(
    whole.filter(({ timeMs }) => timeMs > 1000 * (toS - 1801)),
    late,
  );
});

test('several stories act together, in any order in which they are given', () => {
  const [a, b] = [storyOf('a', { severity: 2 }), storyOf('b', { severity: 1 })];
  const both = rowsOf(fleetOf([a, b]), FROM_S, FROM_S + 1800);
  assert.deepEqual(both, rowsOf(fleetOf([b, a]), FROM_S, FROM_S + 1800));
  const one = rowsOf(fleetOf([a]), FROM_S, FROM_S + 1800);
  const labels = (rows: typeof one) => rows.map(({ faults }) => faults);
  assert.deepEqual(labels(both), labels(one), 'the label is of the type');
  assert.notDeepEqual(both, one);
});

test('a request ends the fault of a story as it ends any other', () => {
  const clear = { kind: 'clear', machineId, sequence: 1, timeS: FROM_S + 60 } as const;
  const { byId, journal } = fleetOf([storyOf('leak')], [clear]);
  const machine = byId.get(machineId);
  assert.ok(machine);
  const [incident] = new Incidents(machine, journal).between(FROM_S, FROM_S + 1);
  assert.equal(incident?.endS, FROM_S + 60);
  assert.equal(incident?.clearedBy, 'request');
  assert.deepEqual(incident?.story, { scenario: 'leak', event: 'event-1' });
});

test('a main meter measures the fault of a story', () => {
  const meter = {
    ...compressor,
    id: 'meter',
    name: 'Meter',
    type: 'meter',
    topic: 'factory/demo/m',
  };
  const factory = { ...DEFAULT_FACTORY, machines: [...DEFAULT_FACTORY.machines, meter] };
  const meteredWith = (stories: readonly Story[]) =>
    rowsOf(
      createFleet([factory], { journal: new Journal(CALM), stories }),
      FROM_S,
      FROM_S + 1200,
    ).filter((row) => row.machineId === meter.id);
  assert.ok(meteredWith([]).length > 0);
  assert.notDeepEqual(meteredWith([storyOf('leak')]), meteredWith([]));
});

test('where no fault of a story acts, a machine in one is like any other', () => {
  const hvac = DEFAULT_FACTORY.machines.find(({ type }) => type === 'hvac');
  assert.ok(hvac);
  // Both change the same parameter: one multiplies it and the other divides it.
  const types = ['refrigerant_leak', 'compressor_fault'];
  const injections = types.map(
    (anomalyType, i): JournalEvent => ({
      kind: 'inject',
      id: `${types.length - i}`,
      machineId: hvac.id,
      anomalyType,
      severity: 3,
      durationS: 1800,
      sequence: i + 1,
      timeS: FROM_S,
    }),
  );
  const later = storyOf('later', {
    beginS: FROM_S + 3600,
    endS: FROM_S + 7200,
    machineId: hvac.id,
    type: 'dirty_coils',
  });
  const events = later.events.map((event) => ({ ...event, machineIds: [hvac.id] }));
  const incidentsOf = (stories: readonly Story[]) => {
    const { byId, journal } = fleetOf(stories, injections);
    const machine = byId.get(hvac.id);
    assert.ok(machine);
    assert.equal(machine.story !== undefined, stories.length > 0);
    return new Incidents(machine, journal);
  };
  const [told, plain] = [incidentsOf([{ ...later, events }]), incidentsOf([])];
  for (let tS = FROM_S; tS < FROM_S + 1800; tS += 10)
    assert.deepEqual(told.parametersAt(tS), plain.parametersAt(tS));
});

test('a fault that the machine type does not have is left out', () => {
  const { byId, journal } = fleetOf([storyOf('odd', { type: 'tube_fouling' })]);
  const machine = byId.get(machineId);
  assert.ok(machine);
  assert.deepEqual(new Incidents(machine, journal).between(FROM_S, FROM_S + 1), []);
});

test('a changed fleet keeps its stories, and the machines that stay the same', () => {
  const fleet = fleetOf([storyOf('leak')]);
  const machines = DEFAULT_FACTORY.machines.slice(0, -1);
  const next = nextFleet(fleet, [{ ...DEFAULT_FACTORY, machines }]);
  assert.equal(next.byId.get(machineId), fleet.byId.get(machineId));
  assert.deepEqual(next.stories, fleet.stories);
});

test('the id of an occurrence is a UUID that depends on everything that it is made of', () => {
  const story = { seed: 1, name: 'leak' };
  const ids = [
    occurrenceId(story, 'a', 0, 'm'),
    occurrenceId(story, 'a', 1, 'm'),
    occurrenceId(story, 'b', 0, 'm'),
    occurrenceId(story, 'a', 0, 'n'),
    occurrenceId({ ...story, seed: 2 }, 'a', 0, 'm'),
    occurrenceId({ ...story, name: 'other' }, 'a', 0, 'm'),
  ];
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids)
    assert.match(id, /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  assert.equal(occurrenceId(story, 'a', 0, 'm'), ids[0]);
});
