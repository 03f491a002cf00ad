/** Rows in the order of their delivery. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Batch, LOST, READING, REPEAT } from '../../src/core/batch.ts';
import type { Machine } from '../../src/core/factory.ts';
import { Random } from '../../src/core/random.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import type { LateSpan } from '../../src/simulation/late-spans.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { ReceiptReader } from '../../src/simulation/receipt-reader.ts';
import { factoryOf } from '../rows.ts';
import { type Delivered, inOrder, read, readings, rowsOf } from './delivered.ts';
import { type Tell, ToldReader } from './told-reader.ts';

const DAY_MS = 86_400_000;
const FROM_MS = Date.UTC(2026, 2, 3, 9);
const fleet = createFleet([
  factoryOf([
    { type: 'motor', intervalS: 1 },
    { type: 'pump', intervalS: 10 },
    { type: 'compressor', intervalS: 1 },
    { type: 'hvac', intervalS: 30 },
  ]),
]);
const [motor, pump, compressor, hvac] = fleet.machines as [Machine, Machine, Machine, Machine];

function toldReader(tell: Tell, machines: readonly Machine[] = fleet.machines): ToldReader {
  return new ToldReader(createReader(fleet, { machines }), tell);
}

function receiptReader(tell: Tell, spansAt: (timeMs: number) => LateSpan[] = () => []) {
  return new ReceiptReader(toldReader(tell), {
    readerOf: (machine) => toldReader(tell, [machine]),
    spansAt,
    orderOf: (machine) => fleet.machines.indexOf(machine),
  });
}

/** Looks at every machine, half an hour back. */
const everywhere = (timeMs: number): LateSpan[] =>
  fleet.machines.map((machine) => ({ machine, fromMs: timeMs - 2_000_000 }));

/** Everything at once: lost, held, late by a constant and by draws, repeated, disordered. */
const chance = new Random(1, 'told');
const everything: Tell = (machine, timeMs) => {
  const s = (timeMs - FROM_MS) / 1000;
  const draw = (what: number) => chance.uniform(what + 10 * fleet.machines.indexOf(machine), s);
  if (machine === pump && s > 200 && s <= 900) return { receivedMs: FROM_MS + 900_000 };
  if (machine === compressor) {
    if (s > 100 && s <= 1000 && draw(1) < 0.1) return { isLost: true };
    if (s > 300 && s <= 700) return { receivedMs: FROM_MS + 900_000 };
    const k = timeMs / 1000;
    if (s > 1000 && s <= 1200 && k % 2 === 0) return { receivedMs: timeMs + 1000 };
    if (s > 1200) return { toldMs: timeMs - 3600_000, receivedMs: timeMs + 120_000 };
  }
  if (machine === motor && draw(2) < 0.5) {
    const receivedMs = timeMs + 1000 * Math.floor(600 * draw(3));
    return draw(4) < 0.3 ? { receivedMs, repeatMs: receivedMs } : { receivedMs };
  }
  if (machine === hvac) return { repeatMs: timeMs + (s > 600 ? 45_000 : 0) };
  return undefined;
};
const UNTIL_MS = FROM_MS + 1_800_000;

/** What is delivered in the window, sorted: an independent answer. */
function sorted(tell: Tell): Omit<Delivered, 'isMade'>[] {
  const reader = toldReader(tell);
  reader.seek(FROM_MS - 2_000_000);
  return inOrder(read(reader, UNTIL_MS, 1000, true), FROM_MS, UNTIL_MS);
}

test('rows come in the order of their delivery: late ones late, repeats twice, lost ones never', () => {
  const reader = receiptReader(everything, everywhere);
  reader.seek(FROM_MS);
  const rows = readings(read(reader, UNTIL_MS));
  assert.deepEqual(rows, sorted(everything));
  assert.ok(rows.some(({ flags }) => flags & REPEAT));
});

test('the rows do not depend on how they are cut into calls and batches', () => {
  const reader = receiptReader(everything, everywhere);
  reader.seek(FROM_MS);
  const whole = read(reader, UNTIL_MS);
  for (const [capacity, stepMs] of [
    [1, 1_800_000],
    [3, 7_000],
    [64, 1_000],
    [4096, 61_000],
  ] as const) {
    reader.seek(FROM_MS);
    const cut: Delivered[] = [];
    for (let ms = FROM_MS; ms < UNTIL_MS; ms += stepMs)
      cut.push(...read(reader, Math.min(UNTIL_MS, ms + stepMs), capacity));
    assert.deepEqual(readings(cut), readings(whole), `${capacity} rows, ${stepMs} ms`);
    const statuses = (rows: readonly Delivered[]) => rows.filter(({ flags }) => flags & 2);
    assert.deepEqual(statuses(cut), statuses(whole));
  }
});

test('after a seek come the rows that are delivered later, each once', () => {
  const whole = receiptReader(everything, everywhere);
  whole.seek(FROM_MS);
  const rows = readings(read(whole, UNTIL_MS));
  for (let i = 0; i < 20; i++) {
    const ms = FROM_MS + 1000 * Math.floor(1800 * chance.uniform(99, i));
    const sought = receiptReader(everything, everywhere);
    sought.seek(ms);
    const rest = rows.filter(({ receivedMs }) => receivedMs > ms);
    assert.deepEqual(readings(read(sought, UNTIL_MS, 100)), rest, `sought ${ms - FROM_MS}`);
  }
});

test('rows for which there is no room are read once more', () => {
  const [beginMs, endMs] = [FROM_MS + 10_800_000, FROM_MS + 21_600_000];
  const tell: Tell = (machine, timeMs) =>
    machine === motor && timeMs <= beginMs
      ? { receivedMs: timeMs + 1000 * Math.floor(10_800 + 1800 * chance.uniform(0, timeMs)) }
      : undefined;
  const told = toldReader(tell, [motor]);
  const reader = new ReceiptReader(told, {
    readerOf: () => toldReader(tell, [motor]),
    spansAt: () => [],
    orderOf: () => 0,
  });
  reader.seek(FROM_MS);
  const rows = readings(read(reader, endMs));
  told.seek(FROM_MS);
  assert.deepEqual(rows, inOrder(read(told, endMs, 1000, true), FROM_MS, endMs));
});

test('held rows of several machines come oldest first, and in the order of machines', () => {
  const untilMs = FROM_MS + 300_000;
  const reader = receiptReader((_, timeMs) =>
    timeMs <= untilMs - 1000 ? { receivedMs: untilMs - 1000 } : undefined,
  );
  reader.seek(FROM_MS);
  const rows = readings(read(reader, untilMs, 50));
  const held = rows.filter(({ receivedMs, timeMs }) => receivedMs > timeMs);
  assert.equal(held.length, 299 + 29 + 299 + 9 - 2);
  for (let i = 1; i < held.length; i++) {
    const [before, after] = [held[i - 1], held[i]];
    assert.ok(before && after);
    const isLater = after.timeMs > before.timeMs;
    assert.ok(isLater || (after.timeMs === before.timeMs && after.id > before.id));
  }
});

/** What is in use after a collection of any heap; the program's own leaves large ones alone. */
function bytesUsed(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test('a week of one machine is held in a few bytes, and comes in pieces', () => {
  const endMs = FROM_MS + 7 * DAY_MS;
  const second: Tell = () => ({ receivedMs: endMs, isHeld: true });
  const told = toldReader(second, [motor]);
  const again = toldReader(second, [motor]);
  const reader = new ReceiptReader(told, {
    readerOf: () => again,
    spansAt: () => [],
    orderOf: () => 0,
  });
  reader.seek(FROM_MS);
  const batch = new Batch();
  const bytesBefore = bytesUsed();
  let rows = 0;
  for (let isDone = false; !isDone; ) {
    batch.clear();
    isDone = reader.read(endMs - 1000, batch);
    for (const flags of batch.flags.subarray(0, batch.length)) rows += flags & READING;
  }
  assert.equal(rows, 0);
  const bytes = bytesUsed() - bytesBefore;
  // One row of values alone takes 256 bytes, a week of them 150 MB.
  assert.ok(bytes < 10e6, `${bytes} bytes`);
  let previousMs = FROM_MS;
  let longestMs = 0;
  for (let isDone = false; !isDone; ) {
    batch.clear();
    const startMs = performance.now();
    isDone = reader.read(endMs, batch);
    longestMs = Math.max(longestMs, performance.now() - startMs);
    for (let row = 0; row < batch.length; row++) {
      if (((batch.flags[row] as number) & READING) === 0) continue;
      assert.equal(batch.timesMs[row], previousMs + 1000);
      assert.equal(batch.receivedMs[row], endMs);
      previousMs += 1000;
      rows++;
    }
    if (!isDone) assert.ok(batch.untilMs < endMs);
  }
  assert.equal(rows, 7 * 86_400);
  assert.ok(longestMs < 1000, `${longestMs} ms`);
});

test('a span that is known to be held is not read before it is due', () => {
  const endMs = FROM_MS + 7 * DAY_MS;
  const tell: Tell = (machine, timeMs) =>
    machine === motor && timeMs > FROM_MS && timeMs <= endMs ? { receivedMs: endMs } : undefined;
  const seconds: ToldReader[] = [];
  const readerAt = (spansAt: (timeMs: number) => LateSpan[]) =>
    new ReceiptReader(toldReader(tell), {
      readerOf: (machine) => {
        seconds.push(toldReader(tell, [machine]));
        return seconds.at(-1) as ToldReader;
      },
      spansAt,
      orderOf: (machine) => fleet.machines.indexOf(machine),
    });
  const reader = readerAt(() => [{ machine: motor, fromMs: FROM_MS, receivedMs: endMs }]);
  reader.seek(endMs - 60_000);
  assert.equal(seconds.length, 0);
  const batch = new Batch(100);
  while (!reader.read(endMs, batch) && batch.untilMs < endMs - 1) batch.clear();
  const held = readings(rowsOf(batch)).filter(({ receivedMs }) => receivedMs === endMs);
  assert.ok(seconds.length <= 1 && (seconds[0]?.rowsRead ?? 0) < 500, 'read as far as it is taken');
  assert.ok(held.length <= 100);
});

test('each reading counts once, at its own time, whatever becomes of it', () => {
  const plain = createReader(fleet);
  const reader = receiptReader(everything, everywhere);
  plain.seek(FROM_MS);
  reader.seek(FROM_MS);
  const made = read(reader, UNTIL_MS).filter(({ isMade }) => isMade);
  const truth = read(plain, UNTIL_MS).filter(({ flags }) => flags & READING);
  const keysOf = (rows: readonly Delivered[]) => rows.map(({ id, timeMs }) => `${id} ${timeMs}`);
  assert.deepEqual(keysOf(made), keysOf(truth));
  assert.ok(made.some(({ flags }) => flags & LOST));
});

test('where nothing is late or lost, batches are those of the reader', () => {
  const plain = createReader(fleet);
  const wrapped = new ReceiptReader(createReader(fleet), {
    readerOf: () => assert.fail('no second reader'),
    spansAt: () => [],
    orderOf: () => assert.fail('no order'),
  });
  plain.seek(FROM_MS, true);
  wrapped.seek(FROM_MS, true);
  const [expected, actual] = [new Batch(333), new Batch(333)];
  for (let isDone = false; !isDone; ) {
    expected.clear();
    actual.clear();
    isDone = plain.read(UNTIL_MS, expected);
    assert.equal(wrapped.read(UNTIL_MS, actual), isDone);
    assert.deepEqual(rowsOf(actual), rowsOf(expected));
    assert.equal(actual.untilMs, expected.untilMs);
    assert.equal(actual.receivedMs, actual.timesMs);
  }
});
