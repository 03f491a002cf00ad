import type { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { RowReader } from '../simulation/reader.ts';

/** Tells what another reader reads under other times: all later, or earlier, by the same span. */
export class ShiftedReader implements RowReader {
  readonly #reader: RowReader;
  readonly #shiftMs: number;

  /** @param shiftMs - A multiple of every machine's interval keeps the times on their grids. */
  constructor(reader: RowReader, shiftMs: number) {
    this.#reader = reader;
    this.#shiftMs = shiftMs;
  }

  get timeMs(): number {
    return this.#reader.timeMs + this.#shiftMs;
  }

  seek(timeMs: number, announce?: boolean): void {
    this.#reader.seek(timeMs - this.#shiftMs, announce);
  }

  seeking(timeMs: number, announce?: boolean): Iterable<undefined> {
    return this.#reader.seeking(timeMs - this.#shiftMs, announce);
  }

  read(untilMs: number, batch: Batch): boolean {
    const start = batch.length;
    const isDone = this.#reader.read(untilMs - this.#shiftMs, batch);
    for (let row = start; row < batch.length; row++)
      batch.timesMs[row] = (batch.timesMs[row] as number) + this.#shiftMs;
    batch.untilMs = this.timeMs;
    return isDone;
  }
}

/**
 * The span by which a window is moved so that it begins at an instant, or as shortly before it as
 * the grids of all machines allow [ms].
 */
export function shiftTo(nowMs: number, fromMs: number, machines: readonly Machine[]): number {
  const gridMs = machines.reduce((ms, { intervalMs }) => leastMultiple(ms, intervalMs), 1);
  return Math.floor((nowMs - fromMs) / gridMs) * gridMs;
}

/** The least common multiple of two whole numbers. */
function leastMultiple(a: number, b: number): number {
  let [greater, rest] = [a, b];
  while (rest > 0) [greater, rest] = [rest, greater % rest];
  return (a / greater) * b;
}
