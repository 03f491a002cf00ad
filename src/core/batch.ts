import type { Machine } from './factory.ts';
import { ROW_WIDTH } from './machine.ts';

/** The row is a reading: its values are published. */
export const READING = 1;
/** The row requires a status message. */
export const STATUS = 2;
/** The row is a reading that is never delivered; it is not a {@link READING}. */
export const LOST = 4;
/** The row is the second delivery of a reading. */
export const REPEAT = 8;
/** The row is the status of a reading that other rows have; its power is valid. */
export const SEPARATE = 32;
/**
 * The row is a reading that is delivered late, in order of receipt: a row at its own time stood for
 * it as {@link LOST}, and counted.
 */
export const LATE = 64;
/** The row has only some of the channels of its reading; other rows have the others. */
export const PARTIAL = 16;

/**
 * Rows stored in columns that are allocated once and reused.
 *
 * Row `i` is what `machines[i]` reported at `timesMs[i]`: a reading, a status, or both
 * (`flags[i]`). Its values start at `values[i * ROW_WIDTH]`, in the order of the `fields` of the
 * machine type; they are rounded, and NaN means "no value". In a row that is only a status, only
 * the mode and the power are valid.
 */
export class Batch {
  readonly capacity: number;
  /** True time: the end of the interval of a reading. */
  readonly timesMs: Float64Array;
  /** The time that each row tells; `timesMs` itself while no row differs. */
  toldMs: Float64Array;
  /** When each row is delivered; `timesMs` itself while no row differs. */
  receivedMs: Float64Array;
  readonly machines: Machine[] = [];
  readonly flags: Uint8Array;
  /** One bit per channel of the type that a {@link PARTIAL} row has; else without a meaning. */
  readonly channels: Uint32Array;
  /**
   * Two bits per alert, in the order of the type's `alertCodes`: 0 none, 1 warning, 2 critical.
   */
  readonly alerts: Uint32Array;
  /** One bit per active fault, in the order of the type's `faultTypes`: the label. */
  readonly faults: Uint32Array;
  /**
   * One bit per kind of instrument defect that acts on the reading, in the order of `defects/`.
   */
  readonly defects: Uint32Array;
  readonly values: Float64Array;
  /** The true readings behind the rows; `values` itself while no row differs. */
  trueValues: Float64Array;
  length = 0;
  /** Whether rows may tell another time or other values, or be delivered at another time. */
  isTold = false;
  #ownToldMs: Float64Array | undefined;
  #ownReceivedMs: Float64Array | undefined;
  #ownTrueValues: Float64Array | undefined;
  /**
   * Every row up to and including this instant is in this batch or an earlier one [ms]; −∞ until a
   * reader has filled the batch. A full batch may end with part of the next instant.
   */
  untilMs = Number.NEGATIVE_INFINITY;

  /**
   * @param capacity - Rows. The default of 4,096 rows is a megabyte, which fits a second-level
   *   cache.
   */
  constructor(capacity = 4096) {
    this.capacity = capacity;
    this.timesMs = new Float64Array(capacity);
    this.toldMs = this.timesMs;
    this.receivedMs = this.timesMs;
    this.flags = new Uint8Array(capacity);
    this.channels = new Uint32Array(capacity);
    this.alerts = new Uint32Array(capacity);
    this.faults = new Uint32Array(capacity);
    this.defects = new Uint32Array(capacity);
    this.values = new Float64Array(capacity * ROW_WIDTH);
    this.trueValues = this.values;
    this.isTold = false;
  }

  get isFull(): boolean {
    return this.length === this.capacity;
  }

  /** Whether row `row` has the channel at this position of its machine type. */
  carries(row: number, channel: number): boolean {
    if (((this.flags[row] as number) & PARTIAL) === 0) return true;
    return ((this.channels[row] as number) & (1 << channel)) !== 0;
  }

  /** Number of channels of row `row`. */
  channelCount(row: number): number {
    const { length } = (this.machines[row] as Machine).type.channels;
    if (((this.flags[row] as number) & PARTIAL) === 0) return length;
    let count = 0;
    for (let channel = 0; channel < length; channel++) if (this.carries(row, channel)) count++;
    return count;
  }

  /**
   * Whether row `row` stands for a reading that its machine made: whatever becomes of it on its
   * way, each counts once, at its own time.
   */
  isMade(row: number): boolean {
    const flags = this.flags[row] as number;
    if ((flags & (READING | LOST)) === 0 || (flags & (REPEAT | LATE)) !== 0) return false;
    return this.carries(row, 0);
  }

  clear(): void {
    this.length = 0;
    this.toldMs = this.timesMs;
    this.receivedMs = this.timesMs;
    this.trueValues = this.values;
    this.isTold = false;
  }

  /**
   * Sets the time that row `row`, the last one, tells, and when it is delivered; `timesMs` and
   * `values` are set.
   *
   * @param truth - The true reading starts at `trueAt` in it; `values` are true by default.
   */
  tell(
    row: number,
    toldMs: number,
    receivedMs: number,
    truth: Float64Array = this.values,
    trueAt = row * ROW_WIDTH,
  ): void {
    const timeMs = this.timesMs[row] as number;
    if (toldMs !== timeMs && this.toldMs === this.timesMs)
      this.toldMs = this.#ownToldMs = copied(this.timesMs, this.#ownToldMs, row);
    if (receivedMs !== timeMs && this.receivedMs === this.timesMs)
      this.receivedMs = this.#ownReceivedMs = copied(this.timesMs, this.#ownReceivedMs, row);
    if (this.toldMs !== this.timesMs) this.toldMs[row] = toldMs;
    if (this.receivedMs !== this.timesMs) this.receivedMs[row] = receivedMs;
    if (truth !== this.values && this.trueValues === this.values)
      this.trueValues = this.#ownTrueValues = copied(
        this.values,
        this.#ownTrueValues,
        row * ROW_WIDTH,
      );
    if (this.trueValues !== this.values)
      this.trueValues.set(truth.subarray(trueAt, trueAt + ROW_WIDTH), row * ROW_WIDTH);
    this.isTold =
      this.toldMs !== this.timesMs ||
      this.receivedMs !== this.timesMs ||
      this.trueValues !== this.values;
  }

  /** The true reading behind row `row`. */
  trueRow(row: number): Float64Array {
    return this.trueValues.subarray(row * ROW_WIDTH, (row + 1) * ROW_WIDTH);
  }

  /** Appends a copy of row `row` of another batch. */
  append(from: Batch, row: number): void {
    const to = this.length++;
    this.timesMs[to] = from.timesMs[row] as number;
    this.machines[to] = from.machines[row] as Machine;
    this.flags[to] = from.flags[row] as number;
    this.channels[to] = from.channels[row] as number;
    this.alerts[to] = from.alerts[row] as number;
    this.faults[to] = from.faults[row] as number;
    this.defects[to] = from.defects[row] as number;
    const at = row * ROW_WIDTH;
    this.values.set(from.values.subarray(at, at + ROW_WIDTH), to * ROW_WIDTH);
    if (!from.isTold && !this.isTold) return;
    const truth = from.trueValues === from.values ? this.values : from.trueValues;
    const trueAt = truth === this.values ? to * ROW_WIDTH : at;
    const toldMs = from.toldMs[row] as number;
    this.tell(to, toldMs, from.receivedMs[row] as number, truth, trueAt);
  }
}

/** The first `count` numbers in an array of their own, which is reused. */
function copied(numbers: Float64Array, own: Float64Array | undefined, count: number): Float64Array {
  const to = own ?? new Float64Array(numbers.length);
  to.set(numbers.subarray(0, count));
  return to;
}
