import type { Machine } from './factory.ts';
import { ROW_WIDTH } from './machine.ts';

/** The row is a reading: its values are published. */
export const READING = 1;
/** The row requires a status message. */
export const STATUS = 2;
/** The reading is lost: it is never delivered. */
export const LOST = 4;
/** The row is the second delivery of the row before it. */
export const REPEAT = 8;

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
  length = 0;
  #ownToldMs: Float64Array | undefined;
  #ownReceivedMs: Float64Array | undefined;
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
    this.alerts = new Uint32Array(capacity);
    this.faults = new Uint32Array(capacity);
    this.defects = new Uint32Array(capacity);
    this.values = new Float64Array(capacity * ROW_WIDTH);
  }

  get isFull(): boolean {
    return this.length === this.capacity;
  }

  clear(): void {
    this.length = 0;
    this.toldMs = this.timesMs;
    this.receivedMs = this.timesMs;
  }

  /** Sets what row `row`, the last one, tells, and when it is delivered; `timesMs` is set. */
  tell(row: number, toldMs: number, receivedMs: number): void {
    const timeMs = this.timesMs[row] as number;
    if (toldMs !== timeMs && this.toldMs === this.timesMs)
      this.toldMs = this.#ownToldMs = copied(this.timesMs, this.#ownToldMs);
    if (receivedMs !== timeMs && this.receivedMs === this.timesMs)
      this.receivedMs = this.#ownReceivedMs = copied(this.timesMs, this.#ownReceivedMs);
    if (this.toldMs !== this.timesMs) this.toldMs[row] = toldMs;
    if (this.receivedMs !== this.timesMs) this.receivedMs[row] = receivedMs;
  }

  /** Appends a copy of row `row` of another batch. */
  append(from: Batch, row: number): void {
    const to = this.length++;
    this.timesMs[to] = from.timesMs[row] as number;
    this.tell(to, from.toldMs[row] as number, from.receivedMs[row] as number);
    this.machines[to] = from.machines[row] as Machine;
    this.flags[to] = from.flags[row] as number;
    this.alerts[to] = from.alerts[row] as number;
    this.faults[to] = from.faults[row] as number;
    this.defects[to] = from.defects[row] as number;
    const at = row * ROW_WIDTH;
    this.values.set(from.values.subarray(at, at + ROW_WIDTH), to * ROW_WIDTH);
  }
}

/** The same times in an array of their own, which is reused. */
function copied(timesMs: Float64Array, own?: Float64Array): Float64Array {
  const to = own ?? new Float64Array(timesMs.length);
  to.set(timesMs);
  return to;
}
