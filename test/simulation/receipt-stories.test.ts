/** Readings of machines with defects in the order of their delivery. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Batch, LATE, PARTIAL, READING, REPEAT, STATUS } from '../../src/core/batch.ts';
import { Random } from '../../src/core/random.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { FleetReceiptReader } from '../../src/simulation/receipt-reader.ts';
import { boiler, compressor, type DefectOf, FROM_S, fleetOf, pump, TO_S } from '../defects/told.ts';
import { inOrder, read, readings } from './delivered.ts';

const DAY_S = 86_400;
const [FROM_MS, TO_MS] = [1000 * FROM_S, 1000 * TO_S];
const span = (from: number, to: number) => ({ beginS: FROM_S + from, endS: FROM_S + to });
const of = (machine: string) => ({ machineIds: [machine] });

const DEFECTS: readonly DefectOf[] = [
  { kind: 'outage', ...of(compressor) },
  {
    kind: 'late',
    ...of(compressor),
    ...span(100, 1100),
    values: { delay: { between: [10, 400] }, share: 0.5 },
  },
  { kind: 'duplicate', ...of(compressor), ...span(0, 700), values: { delay: 60, share: 0.3 } },
  { kind: 'gap', ...of(compressor), ...span(200, 1200), values: { share: 0.2 } },
  { kind: 'disorder', ...of(compressor), ...span(950, 1150), values: { share: 1 } },
  { kind: 'outage', ...of(compressor), ...span(1000, 1100), channels: ['energy'] },
  { kind: 'clock_offset', ...of(compressor), ...span(600, 1000), values: { by: -90 } },
  { kind: 'outage', ...of(pump) },
  { kind: 'late', ...of(boiler), values: { delay: 45, share: 1 }, channels: ['natural_gas'] },
  { kind: 'duplicate', ...of(boiler), values: { delay: 0, share: 1 } },
];

test('after a seek anywhere come the readings that are delivered later, each once', () => {
  const fleet = fleetOf(DEFECTS);
  const whole = createReader(fleet);
  whole.seek(FROM_MS);
  const rows = read(whole, TO_MS, 4096, true);
  const expected = inOrder(rows, FROM_MS, TO_MS);
  for (const flag of [REPEAT, PARTIAL]) assert.ok(expected.some(({ flags }) => flags & flag));
  const random = new Random(3, 'seeks');
  const seeks = [0, 899, 900, ...Array.from({ length: 20 }, (_, i) => 1200 * random.uniform(0, i))];
  for (const second of seeks) {
    const ms = FROM_MS + 1000 * Math.floor(second);
    const reader = new FleetReceiptReader(fleet);
    reader.seek(ms);
    const rest = expected.filter(({ receivedMs }) => receivedMs > ms);
    assert.deepEqual(readings(read(reader, TO_MS, 100)), rest, `sought ${second} s`);
  }
});

test('of readings 2k and 2k + 1 the first comes right after the second', () => {
  const fleet = fleetOf([{ kind: 'disorder', ...of(compressor), values: { share: 1 } }]);
  const reader = new FleetReceiptReader(fleet, {
    machinesOf: ({ machines }) => machines.filter(({ id }) => id === compressor),
  });
  reader.seek(FROM_MS + 300_000);
  const [first, second, third, fourth] = readings(read(reader, FROM_MS + 310_000)).map(
    ({ timeMs }) => timeMs / 1000 - FROM_S,
  );
  const isEven = (FROM_S + 301) % 2 === 0;
  assert.deepEqual(
    [first, second, third, fourth],
    isEven ? [302, 301, 304, 303] : [301, 303, 302, 305],
  );
});

test('a restart in an outage of days delivers its burst whole, oldest first', () => {
  const outage = { kind: 'outage', ...of(pump), ...span(0, 5 * DAY_S) };
  const fleet = fleetOf([outage]);
  const endMs = FROM_MS + 5000 * DAY_S;
  const reader = new FleetReceiptReader(fleet, {
    machinesOf: ({ machines }) => machines.filter(({ id }) => id === pump),
  });
  const batch = new Batch(1000);
  for (const restart of [DAY_S, 4 * DAY_S, 5 * DAY_S - 1]) {
    reader.seek(FROM_MS + 1000 * restart);
    let previousMs = FROM_MS;
    for (let isDone = false; !isDone; ) {
      batch.clear();
      isDone = reader.read(endMs, batch);
      for (let row = 0; row < batch.length; row++) {
        if (((batch.flags[row] as number) & READING) === 0) continue;
        assert.ok((batch.flags[row] as number) & LATE);
        assert.equal(batch.timesMs[row], previousMs + 30_000);
        previousMs += 30_000;
      }
    }
    assert.equal(previousMs, endMs);
  }
});

test('an outage that ends early, as its story does, delivers its burst then', () => {
  const late: DefectOf = {
    kind: 'late',
    ...of(compressor),
    values: { delay: { between: [100, 500] }, share: 0.3 },
  };
  const until = (second: number) =>
    fleetOf([
      { kind: 'outage', ...of(compressor), ...span(300, second) },
      { ...late, ...span(0, second) },
      { kind: 'outage', ...of(pump), ...span(300, second) },
    ]);
  const [planned, ended] = [until(900), until(600)];
  const reader = new FleetReceiptReader(planned);
  reader.seek(FROM_MS);
  const before = read(reader, FROM_MS + 500_000);
  reader.follow(ended, FROM_MS + 600_000);
  const rows = readings([...before, ...read(reader, TO_MS, 777)]);
  const expected = new FleetReceiptReader(ended);
  expected.seek(FROM_MS);
  // Machines of a new fleet announce themselves, and what waited is that of another story.
  const plain = ({ isHeld: _, flags, ...row }: (typeof rows)[number]) => ({
    ...row,
    flags: flags & ~STATUS,
  });
  assert.deepEqual(rows.map(plain), readings(read(expected, TO_MS)).map(plain));
});
