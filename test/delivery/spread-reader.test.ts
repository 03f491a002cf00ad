import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withIntervals } from '../../src/config/load.ts';
import { Batch, READING } from '../../src/core/batch.ts';
import type { Machine } from '../../src/core/factory.ts';
import { Journal } from '../../src/core/journal.ts';
import { LAG_STEP_MS, lagMs, SpreadReader } from '../../src/delivery/spread-reader.ts';
import { DEFAULT_CALENDAR } from '../../src/factory/default-factory.ts';
import { largeFleet } from '../../src/factory/index.ts';
import { machineTypes } from '../../src/machines/index.ts';
import {
  createFleet,
  DEFAULT_SETTINGS,
  type Fleet,
  nextFleet,
} from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { type Row, readRows } from '../rows.ts';
import { START_MS } from './demo.ts';

const MACHINES = 40;
const { factories } = largeFleet(MACHINES, DEFAULT_CALENDAR, machineTypes);
const UNTIL_MS = START_MS + 65_000;

function spread(fleet: Fleet, timeMs = START_MS): SpreadReader {
  const reader = new SpreadReader(fleet, { statusIntervalS: 60 });
  reader.seek(timeMs);
  return reader;
}

/** Rows by machine, in the order in which they were read. */
function byMachine(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) found.set(row.machineId, [...(found.get(row.machineId) ?? []), row]);
  return found;
}

test('a lag is a part of the interval, derived from the id, and lags are evenly distributed', () => {
  for (const intervalMs of [100, 130, 1000, 10_000, 30_000, 3_600_000]) {
    const lags = Array.from({ length: 6000 }, (_, i) => lagMs({ id: `machine-${i}`, intervalMs }));
    assert.ok(lags.every((lag) => lag >= 0 && lag < intervalMs && lag % LAG_STEP_MS === 0));
    if (intervalMs < 1000) continue;
    const early = lags.filter((lag) => 2 * lag < intervalMs).length;
    assert.ok(Math.abs(early - 3000) < 200, `${intervalMs} ms: ${early} of 6000 in the first half`);
  }
  const fleet = createFleet(factories);
  const most = fleet.machines.reduce((lag, machine) => Math.max(lag, lagMs(machine)), 0);
  assert.equal(spread(fleet).longestLagMs, most);
});

test('simultaneous readings of 10,000 machines are published evenly', () => {
  const counts = new Map<number, number>();
  for (let i = 0; i < 10_000; i++) {
    const lag = lagMs({ id: `machine-${i}`, intervalMs: 1000 });
    counts.set(lag, (counts.get(lag) ?? 0) + 1);
  }
  assert.equal(counts.size, 1000 / LAG_STEP_MS);
  for (const count of counts.values()) assert.ok(count > 400 && count < 600, `${count} of 500`);
});

test('each reading is read after its lag, with unchanged bytes', () => {
  const fleet = createFleet(factories);
  const reader = spread(fleet);
  const rows: Row[] = [];
  for (let untilMs = START_MS; untilMs < UNTIL_MS; ) {
    const beforeMs = untilMs;
    untilMs += LAG_STEP_MS;
    for (const row of readRows(reader, untilMs)) {
      const dueMs = row.timeMs + lagMs(fleet.byId.get(row.machineId) as Machine);
      assert.ok(dueMs > beforeMs && dueMs <= untilMs, `${dueMs} read at ${untilMs}`);
      rows.push(row);
    }
  }
  const spreadRows = byMachine(rows);
  for (const machine of fleet.machines) {
    const alone = createReader(fleet, { machines: [machine] });
    alone.seek(START_MS - lagMs(machine));
    const expected = readRows(alone, UNTIL_MS - lagMs(machine));
    assert.deepEqual(spreadRows.get(machine.id) ?? [], expected, machine.name);
  }
});

test('a watermark covers everything due before it, however rows are split into batches', () => {
  // Readings at such an interval fall due between the steps.
  const intervalsS = { compressor: 0.13, hvac: 0.11, motor: 0.17, pump: 0.19 };
  const uneven = factories.map((factory) => withIntervals(factory, intervalsS));
  const untilMs = START_MS + 5000;
  const whole = byMachine(readRows(spread(createFleet(uneven)), untilMs));
  const fleet = createFleet(uneven);
  const reader = spread(fleet);
  const rows: Row[] = [];
  let doneMs = START_MS;
  const batch = new Batch(1);
  for (let i = 0, horizonMs = START_MS; doneMs < untilMs; i++) {
    // The horizon moves on while a full batch is written, by any part of a step.
    horizonMs = Math.min(untilMs, Math.max(horizonMs, doneMs) + (i % 3));
    const more = readRows({ read: (ms, into) => readOnce(reader, ms, into, batch) }, horizonMs, 1);
    for (const { timeMs, machineId } of more) {
      const dueMs = timeMs + lagMs(fleet.byId.get(machineId) as Machine);
      assert.ok(dueMs > doneMs && dueMs <= horizonMs, 'it is later than the watermark');
    }
    rows.push(...more);
    doneMs = batch.untilMs;
  }
  assert.deepEqual(byMachine(rows), whole);
});

/** Reads one batch as the last one; its watermark goes to `kept`. */
function readOnce(reader: SpreadReader, untilMs: number, batch: Batch, kept: Batch): boolean {
  reader.read(untilMs, batch);
  kept.untilMs = batch.untilMs;
  return true;
}

test('one instant is the position of all machines, and reading can resume there', () => {
  const middleMs = START_MS + 31_350;
  const before = readRows(spread(createFleet(factories)), middleMs);
  const after = readRows(spread(createFleet(factories), middleMs), UNTIL_MS);
  const whole = byMachine(readRows(spread(createFleet(factories)), UNTIL_MS));
  assert.deepEqual(byMachine([...before, ...after]), whole);
});

test('a stop is reported after the last reading before it, a start before the first one after it', () => {
  const journal = new Journal(DEFAULT_SETTINGS);
  const fleet = createFleet(factories, { journal });
  const reader = spread(fleet);
  const rows = readRows(reader, START_MS + 10_000);
  const stopMs = START_MS + 12_000;
  const startMs = START_MS + 20_000;
  journal.append({ kind: 'stop', sequence: 1, timeS: stopMs / 1000 });
  journal.append({ kind: 'start', sequence: 2, timeS: startMs / 1000 });
  rows.push(...readRows(reader, UNTIL_MS));
  for (const [id, own] of byMachine(rows)) {
    const times = own.map(({ timeMs }) => timeMs);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
      id,
    );
    const silent = own.filter(({ timeMs }) => timeMs > stopMs && timeMs < startMs);
    assert.deepEqual(silent, []);
    const said = own.filter(({ flags }) => (flags & READING) === 0).map(({ timeMs }) => timeMs);
    assert.deepEqual(said, [stopMs, startMs], 'both are said, at their own times');
  }
});

test('with shorter intervals, what still waits is read before the first reading of the new fleet', () => {
  const fromMs = START_MS + 20_000;
  const first = createFleet(factories);
  const slow = factories.map((factory) => ({
    ...factory,
    machines: factory.machines.map((each) => ({ ...each, intervalS: 30 })),
  }));
  const second = nextFleet(first, slow);
  const laterMs = fromMs + 10_000;
  const third = nextFleet(second, factories);
  const valuesOf = ({ timeMs, values }: Row) => [timeMs, values];
  const old = createReader(second);
  old.seek(fromMs);
  const expected = byMachine(readRows(old, laterMs));
  for (const capacity of [1, 7, 4096]) {
    const reader = spread(first);
    reader.follow(second, fromMs);
    reader.follow(third, laterMs);
    const rows: Row[] = [];
    for (let untilMs = START_MS; untilMs < UNTIL_MS; untilMs += 500)
      rows.push(...readRows(reader, untilMs, capacity));
    for (const [id, own] of byMachine(rows)) {
      const times = own.map(({ timeMs }) => timeMs);
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
        id,
      );
      const readings = own.filter(({ timeMs }) => timeMs > fromMs && timeMs <= laterMs);
      assert.deepEqual(readings.map(valuesOf), expected.get(id)?.map(valuesOf), id);
    }
    assert.equal(expected.size, MACHINES);
  }
});

test('another fleet takes effect at one instant of readings, whatever the lags', () => {
  const fromMs = START_MS + 20_000;
  const [small] = largeFleet(10, DEFAULT_CALENDAR, machineTypes).factories;
  const [large] = factories;
  assert.ok(small && large);
  const first = createFleet([small]);
  const second = nextFleet(first, [large]);
  const reader = spread(first);
  const rows = readRows(reader, START_MS + 10_000);
  reader.follow(second, fromMs);
  rows.push(...readRows(reader, UNTIL_MS));
  const found = byMachine(rows);
  for (const machine of second.machines) {
    const isNew = !first.byId.has(machine.id);
    const alone = createReader(second, { machines: [machine] });
    alone.seek(isNew ? fromMs : START_MS - lagMs(machine));
    const expected = readRows(alone, UNTIL_MS - lagMs(machine)).map(({ values }) => values);
    assert.deepEqual(
      (found.get(machine.id) ?? []).map(({ values }) => values),
      expected,
      machine.name,
    );
  }
});
