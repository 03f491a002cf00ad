/** Rows as they are delivered, in plain form. */
import assert from 'node:assert/strict';
import { Batch, LATE, PARTIAL, READING } from '../../src/core/batch.ts';
import type { Machine } from '../../src/core/factory.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import { defects } from '../../src/defects/index.ts';
import type { RowReader } from '../../src/simulation/reader.ts';

/** The bit of a reading that an outage holds. */
export const HELD = 1 << defects.findIndex(({ kind }) => kind === 'outage');

/** A row as it is delivered. */
export interface Delivered {
  readonly id: string;
  readonly timeMs: number;
  readonly toldMs: number;
  readonly receivedMs: number;
  readonly flags: number;
  readonly isMade: boolean;
  /** One bit per channel; −1: all. */
  readonly channels: number;
  /** Whether an outage acts on it, so that it is in the burst. */
  readonly isHeld: boolean;
  readonly values: string;
}

export function rowsOf(batch: Batch): Delivered[] {
  return Array.from({ length: batch.length }, (_, row) => {
    const { id, type } = batch.machines[row] as Machine;
    const flags = batch.flags[row] as number;
    return {
      id,
      timeMs: batch.timesMs[row] as number,
      toldMs: batch.toldMs[row] as number,
      receivedMs: batch.receivedMs[row] as number,
      flags,
      isMade: batch.isMade(row),
      channels: flags & PARTIAL ? (batch.channels[row] as number) : -1,
      isHeld: ((batch.defects[row] as number) & HELD) !== 0,
      values: batch.values.slice(row * ROW_WIDTH, row * ROW_WIDTH + type.fields.length).join(),
    };
  });
}

/** Reads everything up to an instant. @param isTrue - In order of true time, not of receipt. */
export function read(
  reader: RowReader,
  untilMs: number,
  capacity = 4096,
  isTrue = false,
): Delivered[] {
  const rows: Delivered[] = [];
  const batch = new Batch(capacity);
  let passedMs = Number.NEGATIVE_INFINITY;
  for (let isDone = false; !isDone; ) {
    batch.clear();
    isDone = reader.read(untilMs, batch);
    for (const row of rowsOf(batch)) {
      const atMs = isTrue ? row.timeMs : row.receivedMs;
      if (row.flags & READING) assert.ok(atMs > passedMs, `a row of ${atMs} after ${passedMs}`);
      rows.push(row);
    }
    passedMs = batch.untilMs;
    assert.equal(reader.timeMs, passedMs);
    if (isDone) assert.equal(passedMs, untilMs);
  }
  return rows;
}

/** What is delivered of some rows, and not whether it is late. */
export const readings = (rows: readonly Delivered[]): Omit<Delivered, 'isMade'>[] =>
  rows
    .filter(({ flags }) => flags & READING)
    .map(({ isMade: _, ...row }) => ({ ...row, flags: row.flags & ~LATE }));

/**
 * The readings delivered in a window, in the order of their delivery. Those in time come first, as
 * they are given; then late ones, oldest first, by the order of machines, which that of ids is here.
 */
export function inOrder(
  rows: readonly Delivered[],
  fromMs: number,
  untilMs: number,
): Omit<Delivered, 'isMade'>[] {
  const isLate = ({ receivedMs, timeMs, isHeld }: Delivered) =>
    Number(receivedMs > timeMs || isHeld);
  const chosen = rows.filter(
    ({ flags, receivedMs }) => flags & READING && receivedMs > fromMs && receivedMs <= untilMs,
  );
  return readings(
    chosen.toSorted(
      (a, b) =>
        a.receivedMs - b.receivedMs ||
        isLate(a) - isLate(b) ||
        isLate(a) * (a.timeMs - b.timeMs || (a.id < b.id ? -1 : Number(a.id > b.id))),
    ),
  );
}
