/** Defects of clocks and of delivery; and what holds for all kinds. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Batch, LOST, PARTIAL, READING, REPEAT } from '../../src/core/batch.ts';
import { defects } from '../../src/defects/index.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import {
  compressor,
  type DefectOf,
  FROM_S,
  factory,
  fleetOf,
  pairs,
  pump,
  type Row,
  read,
  readings,
  storyOf,
  TO_S,
} from './told.ts';

const isActing = (tS: number) => tS > FROM_S + 300 && tS <= FROM_S + 900;
const rowsOf = (defect: DefectOf, machineId = compressor): readonly Row[] =>
  readings(read(fleetOf([{ machineIds: [machineId], ...defect }]))).filter(
    ({ machine }) => machine.id === machineId,
  );

test('a clock is ahead, runs too fast, or is on local time, while the defect acts', () => {
  const check = (defect: DefectOf, toldS: (tS: number) => number) => {
    for (const { tS, toldMs, receivedMs } of rowsOf(defect)) {
      assert.equal(toldMs, 1000 * (isActing(tS) ? toldS(tS) : tS));
      assert.equal(receivedMs, 1000 * tS);
    }
  };
  check({ kind: 'clock_offset', values: { by: -90 } }, (tS) => tS - 90);
  check({ kind: 'clock_drift', values: { by: 1000 } }, (tS) =>
    Math.floor(tS + (tS - FROM_S - 300) / 1000 + 0.5),
  );
  check({ kind: 'local_time', values: { zone: 'Asia/Kolkata' } }, (tS) => tS + 5.5 * 3600);
});

test('clocks that are wrong in several ways add up', () => {
  const fleet = fleetOf([
    { kind: 'clock_offset', values: { by: 7 } },
    { kind: 'local_time', values: { zone: 'Europe/Berlin' } },
  ]);
  const row = readings(read(fleet)).find(({ tS, machine }) => isActing(tS) && machine.id === pump);
  assert.equal(row?.toldMs, 1000 * ((row?.tS ?? 0) + 7 + 3600));
});

test('a gap loses messages, an outage delivers them at its end', () => {
  for (const { tS, flags } of rowsOf({ kind: 'gap', values: { share: 1 } }))
    assert.equal(flags & (LOST | READING), isActing(tS) ? LOST : READING);
  for (const { tS, receivedMs } of rowsOf({ kind: 'outage' }))
    assert.equal(receivedMs, 1000 * (isActing(tS) ? FROM_S + 900 : tS));
});

test('messages are late by a fixed or a drawn delay', () => {
  for (const { tS, receivedMs } of rowsOf({ kind: 'late', values: { delay: 45, share: 1 } }))
    assert.equal(receivedMs, 1000 * (isActing(tS) ? tS + 45 : tS));
  const values = { delay: { between: [10, 1000], scale: 'log' }, share: 1 } as const;
  const delays = new Set(
    rowsOf({ kind: 'late', values })
      .filter(({ tS }) => isActing(tS))
      .map(({ tS, receivedMs }) => receivedMs / 1000 - tS),
  );
  assert.ok(delays.size > 100 && [...delays].every((each) => each >= 10 && each <= 1000));
});

test('a repeat follows its original and comes later', () => {
  const rows = rowsOf({ kind: 'duplicate', values: { delay: 30, share: 1 } });
  for (const [i, { tS, flags, receivedMs, values }] of rows.entries()) {
    if ((flags & REPEAT) === 0) {
      const next = rows[i + 1]?.flags ?? 0;
      assert.equal((next & REPEAT) !== 0, isActing(tS));
      continue;
    }
    const original = rows[i - 1] as Row;
    assert.equal(original.tS, tS);
    assert.deepEqual(original.values, values);
    assert.equal(receivedMs, original.receivedMs + 30_000);
  }
  assert.equal(rows.filter(({ flags }) => flags & REPEAT).length, 600);
});

test('of two readings the first comes with the second', () => {
  for (const { tS, receivedMs } of rowsOf({ kind: 'disorder', values: { share: 1 } }))
    assert.equal(receivedMs, 1000 * (isActing(tS) && tS % 2 === 0 ? tS + 1 : tS));
});

test('a defect of some channels splits the reading, and each channel has its own draws', () => {
  const all = rowsOf({ kind: 'gap', channels: ['environmental'], values: { share: 1 } });
  const acting = all.filter(({ tS }) => isActing(tS));
  assert.equal(acting.length, 1200);
  for (const { flags, channels } of acting) {
    assert.ok(flags & PARTIAL);
    assert.equal(channels, flags & LOST ? 0b100 : 0b011);
  }
  const drawn = rowsOf({ kind: 'gap', values: { share: 0.3 } });
  const lost = [0, 1, 2].map(
    (channel) =>
      drawn.filter(({ flags, channels }) => {
        return (flags & LOST) !== 0 && (channels & (1 << channel)) !== 0;
      }).length,
  );
  for (const count of lost) assert.ok(count > 130 && count < 230, `${lost}`);
  assert.equal(new Set(lost).size > 1, true);
});

test('what is lost wins, and of several delays the latest holds', () => {
  const rows = readings(
    read(
      fleetOf([
        { kind: 'late', values: { delay: 500, share: 1 } },
        { kind: 'outage' },
        { kind: 'duplicate', values: { delay: 0, share: 1 }, endS: FROM_S + 600 },
        { kind: 'gap', values: { share: 1 }, endS: FROM_S + 450 },
      ]),
    ),
  ).filter(({ machine, tS }) => machine.id === pump && isActing(tS));
  for (const { tS, flags, receivedMs } of rows) {
    if (tS <= FROM_S + 450) assert.equal(flags, LOST);
    else assert.equal(receivedMs, 1000 * Math.max(FROM_S + 900, tS + 500));
  }
  const times = rows.map(({ tS }) => tS);
  assert.equal(times.length - new Set(times).size, 5, 'five readings are repeated');
});

/** One defect of every kind that acts on the pump. */
const EVERY: readonly DefectOf[] = [
  { kind: 'stuck', fields: ['machine_temp_c', 'recipe_id'] },
  { kind: 'drift', fields: ['pressure_bar'], values: { rate_per_day: 10 } },
  { kind: 'offset', fields: ['voltage_v'], values: { by: 4 } },
  { kind: 'scale', fields: ['energy_kwh'], values: { by: 1000 } },
  { kind: 'spikes', fields: ['vibration_mm_s'], values: { by: 10, share: 0.3 } },
  { kind: 'noise', fields: ['flow_rate_m3h'], values: { by: 0.2 } },
  { kind: 'sentinel', fields: ['outdoor_temp_c'], values: { value: -99, share: 0.5 } },
  { kind: 'missing', fields: ['speed_percent'], values: { share: 0.5 } },
  { kind: 'saturated', fields: ['throughput_units_per_hour'], values: { value: 60 } },
  { kind: 'coarse', fields: ['indoor_temp_c'], values: { by: 0.5 } },
  { kind: 'ct_reversed', values: { phases: ['L2'] } },
  { kind: 'ct_ratio', values: { by: 2, phases: ['L1'] } },
  { kind: 'phase_lost', values: { phases: ['L3'] } },
  { kind: 'ct_swapped', values: { phases: ['L1', 'L2'] } },
  { kind: 'clock_offset', values: { by: 5 } },
  { kind: 'clock_drift', values: { by: 50 } },
  { kind: 'local_time', values: { zone: 'Europe/Berlin' } },
  { kind: 'gap', values: { share: 0.2 } },
  { kind: 'outage' },
  { kind: 'late', values: { delay: 20, share: 0.5 } },
  { kind: 'duplicate', values: { delay: 10, share: 0.3 } },
  { kind: 'disorder', values: { share: 0.5 } },
];

test('readings with every kind do not depend on where a reader started, or on its batches', () => {
  const fleet = fleetOf(EVERY);
  const whole = readings(read(fleet));
  for (const fromS of [FROM_S + 299, FROM_S + 450, FROM_S + 899]) {
    const sought = readings(read(fleet, {}, fromS));
    assert.deepEqual(
      sought,
      whole.filter(({ tS }) => tS > fromS),
    );
  }
  const small: Row[] = [];
  const reader = createReader(fleet);
  const batch = new Batch(3);
  reader.seek(1000 * FROM_S);
  for (let isDone = false; !isDone; ) {
    batch.clear();
    isDone = reader.read(1000 * TO_S, batch);
    small.push(...readings(batch));
  }
  assert.deepEqual(small, whole);
});

test('a defect more, and another story, change nothing of the others', () => {
  const gap: DefectOf = { kind: 'gap', values: { share: 0.3 }, machineIds: [compressor] };
  const alone = rowsOf(gap).map(({ machine: _, ...row }) => row);
  const noise: DefectOf = { kind: 'noise', fields: ['power_kw'], values: { by: 1 } };
  const stories = [storyOf([noise], factory.id, 'other'), storyOf([gap, noise])];
  const { journal } = fleetOf([]);
  const both = readings(read(createFleet([factory], { journal, stories })))
    .filter(({ machine }) => machine.id === compressor)
    .map(({ machine: _, ...row }) => row);
  assert.deepEqual(both, alone);
});

test('a main meter adds up the true readings', () => {
  const meter = {
    name: 'Main',
    id: 'main',
    topic: 'factory/demo/main',
    intervalS: 60,
    type: 'meter',
    ratedPowerKw: 300,
  };
  const metered = { ...factory, machines: [...factory.machines, meter] };
  const wrong: DefectOf = { kind: 'scale', fields: ['power_kw'], values: { by: 9 } };
  const own = (defects: readonly DefectOf[]) =>
    pairs(defects, 'main', metered).map(({ told }) => told.values);
  assert.deepEqual(own([wrong]), own([]));
});

test('every kind has a name, a sentence, a bit, and a test', () => {
  assert.ok(defects.length <= 31);
  assert.equal(new Set(defects.map(({ kind }) => kind)).size, defects.length);
  for (const { about, keys } of defects) {
    assert.match(about, /^[A-Z].*\.$/);
    for (const key of Object.values(keys)) assert.match(key.about, /^[A-Z].*\.$/);
  }
  const registers = defects.filter((each) => each.class === 'register').map(({ kind }) => kind);
  const tested = new Set([...EVERY.map(({ kind }) => kind), ...registers]);
  assert.deepEqual(
    defects.filter(({ kind }) => !tested.has(kind)),
    [],
  );
});
