import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Batch, READING, STATUS } from '../../src/core/batch.ts';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { factoryOf, passOver, type Row, readRows } from '../rows.ts';

const HOUR_MS = 3_600_000;
const FROM_MS = Date.UTC(2026, 2, 3, 9);
const types = DEFAULT_FACTORY.machines.map(({ type }) => type);

function rowsOf(fromMs: number, toMs: number, options: Parameters<typeof createFleet>[1] = {}) {
  const reader = createReader(createFleet([DEFAULT_FACTORY], options));
  reader.seek(fromMs);
  return readRows(reader, toMs);
}
const readingsOf = (rows: readonly Row[]) => rows.filter(({ flags }) => (flags & READING) !== 0);
const of = (rows: readonly Row[], machineId: string) =>
  rows.filter((row) => row.machineId === machineId);

test('an hour of the default factory has exactly 13,680 data messages', () => {
  const rows = readingsOf(rowsOf(FROM_MS, FROM_MS + HOUR_MS));
  const messages = DEFAULT_FACTORY.machines.map(({ id }) => 3 * of(rows, id).length);
  assert.deepEqual(messages, [10_800, 1080, 1080, 360, 360]);
});

test('readings lie on the grid of their interval, in order of time', () => {
  const rows = readingsOf(rowsOf(FROM_MS + 1234, FROM_MS + HOUR_MS));
  for (const { machineId, timeMs } of rows) {
    const machine = DEFAULT_FACTORY.machines.find(({ id }) => id === machineId);
    assert.equal(timeMs % (1000 * (machine?.intervalS ?? 0)), 0);
  }
  for (const [i, { timeMs }] of rows.entries())
    assert.ok(i === 0 || timeMs >= (rows[i - 1] as Row).timeMs);
});

test('a window is the same, bit for bit, however it is split into calls and batches', () => {
  const whole = rowsOf(FROM_MS, FROM_MS + HOUR_MS / 4);
  const cuts = fc.array(fc.integer({ min: 0, max: HOUR_MS / 4 }), { maxLength: 20 });
  fc.assert(
    fc.property(cuts, fc.integer({ min: 1, max: 700 }), (offsets, capacity) => {
      const reader = createReader(createFleet([DEFAULT_FACTORY]));
      reader.seek(FROM_MS);
      const ends = [...offsets, HOUR_MS / 4].sort((a, b) => a - b);
      const parts = ends.flatMap((end) => readRows(reader, FROM_MS + end, capacity));
      assert.deepEqual(parts, whole);
    }),
    { numRuns: 12 },
  );
});

for (const type of types) {
  test(`${type}: a seek to any second of a year gives the rows of reading through`, () => {
    const fleet = createFleet([factoryOf([{ type }])], { seed: 11 });
    const intervalMs = (fleet.machines[0] as { intervalMs: number }).intervalMs;
    const instant = fc.integer({ min: 0, max: 365 * 86_400 });
    fc.assert(
      fc.property(instant, fc.integer({ min: 1, max: 40 }), (second, hours) => {
        const targetMs = Date.UTC(2026, 0, 1) + 1000 * second;
        const through = createReader(fleet);
        through.seek(targetMs - hours * HOUR_MS);
        passOver(through, targetMs);
        const direct = createReader(fleet);
        direct.seek(targetMs);
        const untilMs = targetMs + 5 * intervalMs;
        assert.deepEqual(readRows(direct, untilMs), readRows(through, untilMs));
      }),
      { numRuns: 8 },
    );
  });
}

test('a machine gives the same rows alone, with 99 others, and in any order of them', () => {
  const machines = Array.from({ length: 100 }, (_, i) => ({ type: types[i % 5] as string }));
  const factory = factoryOf(machines);
  const read = (members: typeof factory.machines) => {
    const reader = createReader(createFleet([{ ...factory, machines: members }]));
    reader.seek(FROM_MS);
    return readRows(reader, FROM_MS + HOUR_MS / 10);
  };
  const together = read(factory.machines);
  const reversed = read(factory.machines.toReversed());
  for (const machine of factory.machines.slice(0, 10)) {
    const alone = read([machine]);
    assert.deepEqual(of(together, machine.id), alone);
    assert.deepEqual(of(reversed, machine.id), alone);
  }
});

test('another seed gives other readings', () => {
  const until = FROM_MS + HOUR_MS / 60;
  assert.notDeepEqual(rowsOf(FROM_MS, until), rowsOf(FROM_MS, until, { seed: 43 }));
});

test('all machines of a site report the same weather and frequency at the same instant', () => {
  const fleet = createFleet([factoryOf(types.flatMap((type) => [{ type }, { type }]))]);
  const reader = createReader(fleet);
  reader.seek(FROM_MS);
  const seen = new Map<string, number>();
  let compared = 0;
  for (const row of readRows(reader, FROM_MS + HOUR_MS / 6)) {
    const fields = fleet.byId.get(row.machineId)?.type.fields ?? [];
    for (const { key, column } of fields) {
      if (!['outdoorTempC', 'outdoorHumidityPercent', 'frequencyHz'].includes(key)) continue;
      const value = row.values[column] as number;
      const known = seen.get(`${key} ${row.timeMs}`);
      if (known !== undefined) compared++;
      assert.equal(value, known ?? value);
      seen.set(`${key} ${row.timeMs}`, value);
    }
  }
  assert.ok(compared > 500);
});

test('a stopped machine reports that once and is then silent until it is started', () => {
  const id = DEFAULT_FACTORY.machines[0]?.id as string;
  const stopS = FROM_MS / 1000 + 100;
  const events: JournalEvent[] = [
    { kind: 'stop', machineIds: [id], sequence: 1, timeS: stopS },
    { kind: 'start', machineIds: [id], sequence: 2, timeS: stopS + 60 },
  ];
  const journal = new Journal(DEFAULT_SETTINGS, events);
  const rows = of(rowsOf(FROM_MS, FROM_MS + 300_000, { journal }), id);
  const times = readingsOf(rows).map(({ timeMs }) => timeMs / 1000 - stopS);
  assert.ok(times.every((s) => s < 0 || s > 60));
  assert.equal(times.length, 99 + 140);
  const alone = rows.filter(({ flags }) => flags === STATUS);
  assert.deepEqual(
    alone.map(({ timeMs }) => timeMs / 1000 - stopS),
    [0, 60],
  );
  for (const seekS of [stopS - 5, stopS, stopS + 30, stopS + 60, stopS + 61]) {
    const reader = createReader(createFleet([DEFAULT_FACTORY], { journal }));
    reader.seek(seekS * 1000);
    const found = of(readRows(reader, FROM_MS + 300_000), id);
    assert.deepEqual(
      found,
      rows.filter(({ timeMs }) => timeMs > seekS * 1000),
      `${seekS - stopS}`,
    );
  }
});

test('many machines are started over several calls, without changing any row', () => {
  const MINUTE_MS = 60_000;
  const atMinute = (minute: number) => ({ timeS: FROM_MS / 1000 + 60 * minute });
  const journal = new Journal(DEFAULT_SETTINGS, [
    { kind: 'stop', sequence: 1, ...atMinute(10) },
    { kind: 'start', sequence: 2, ...atMinute(20) },
  ]);
  const machines = Array.from({ length: 40 }, () => ({ type: 'compressor', intervalS: 10 }));
  const fleet = createFleet([factoryOf(machines)], { journal });
  const whole = createReader(fleet);
  whole.seek(FROM_MS);
  const rows = readRows(whole, FROM_MS + 25 * MINUTE_MS);

  const soughtMs = FROM_MS + 15 * MINUTE_MS;
  const reader = createReader(fleet);
  reader.seek(soughtMs);
  let calls = 0;
  const counting = {
    read(untilMs: number, batch: Batch) {
      calls++;
      return reader.read(untilMs, batch);
    },
  };
  const found = readRows(counting, FROM_MS + 25 * MINUTE_MS);
  assert.equal(calls, 3);
  assert.deepEqual(
    found,
    rows.filter(({ timeMs }) => timeMs > soughtMs),
  );
});

test('an event that is added ahead of a reader applies to that reader', () => {
  const id = DEFAULT_FACTORY.machines[0]?.id as string;
  const event: JournalEvent = {
    kind: 'inject',
    id: 'a',
    machineId: id,
    anomalyType: 'leak',
    severity: 5,
    durationS: 300,
    sequence: 1,
    timeS: FROM_MS / 1000 + 120,
  };
  const late = createFleet([DEFAULT_FACTORY]);
  const reader = createReader(late);
  reader.seek(FROM_MS);
  const before = readRows(reader, event.timeS * 1000 - 1000);
  late.journal.append(event);
  const after = readRows(reader, FROM_MS + HOUR_MS / 4);
  const known = rowsOf(FROM_MS, FROM_MS + HOUR_MS / 4, {
    journal: new Journal(DEFAULT_SETTINGS, [event]),
  });
  assert.deepEqual([...before, ...after], known);
  assert.ok(known.some(({ faults }) => faults !== 0));
});

test('the counterfactual equals the factory without the anomaly', () => {
  const [id, other] = DEFAULT_FACTORY.machines.map((machine) => machine.id) as [string, string];
  const inject = (machineId: string, anomalyId: string, anomalyType: string, sequence: number) =>
    ({
      kind: 'inject',
      id: anomalyId,
      machineId,
      anomalyType,
      severity: 3,
      durationS: 600,
      sequence,
      timeS: FROM_MS / 1000 + 60,
    }) as const;
  const both = new Journal(DEFAULT_SETTINGS, [
    inject(id, 'a', 'leak', 1),
    inject(other, 'b', 'dirty_coils', 2),
  ]);
  const one = new Journal(DEFAULT_SETTINGS, [inject(other, 'b', 'dirty_coils', 2)]);
  const reader = createReader(createFleet([DEFAULT_FACTORY], { journal: both }), { without: 'a' });
  reader.seek(FROM_MS);
  const untilMs = FROM_MS + HOUR_MS / 2;
  assert.deepEqual(readRows(reader, untilMs), rowsOf(FROM_MS, untilMs, { journal: one }));
});

test('a status is reported when the mode or an alert changes, and at least once a minute', () => {
  const fleet = createFleet([DEFAULT_FACTORY]);
  const reader = createReader(fleet);
  reader.seek(FROM_MS);
  const rows = readRows(reader, FROM_MS + HOUR_MS);
  for (const machine of fleet.machines) {
    const { modeColumn } = machine.type;
    let last: Row | undefined;
    let lastStatusMs = FROM_MS;
    for (const row of of(rows, machine.id)) {
      const changed =
        last !== undefined &&
        (last.values[modeColumn] !== row.values[modeColumn] || last.alerts !== row.alerts);
      if (row.flags & STATUS) lastStatusMs = row.timeMs;
      assert.ok(!changed || row.flags & STATUS, `${machine.name} at ${row.timeMs}`);
      assert.ok(row.timeMs - lastStatusMs < 60_000 + machine.intervalMs);
      last = row;
    }
  }
});
