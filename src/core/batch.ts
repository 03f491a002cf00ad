import type { Machine } from './factory.ts';
import { ROW_WIDTH } from './machine.ts';

/** The row is a reading: its values go out. */
export const READING = 1;
/** The row demands a status message. */
export const STATUS = 2;

/**
 * Rows in columns that are allocated once and filled again and again.
 *
 * Row `i` is what `machines[i]` said at `timesMs[i]`: a reading, a status, or both (`flags[i]`).
 * Its values start at `values[i * ROW_WIDTH]`, in the order of the machine type's `fields`; they
 * are rounded, and NaN is "no value". In a row that is a status only, everything but the mode and
 * the power is without meaning.
 */
export class Batch {
  readonly capacity: number;
  readonly timesMs: Float64Array;
  readonly machines: Machine[] = [];
  readonly flags: Uint8Array;
  /** Two bits an alert, in the order of the type's `alertCodes`: 0 none, 1 warning, 2 critical. */
  readonly alerts: Uint32Array;
  /** One bit a fault that is active, in the order of the type's `faultTypes`: the label. */
  readonly faults: Uint32Array;
  /** One bit a kind of instrument defect that acts on the reading, in the order of `defects/`. */
  readonly defects: Uint32Array;
  readonly values: Float64Array;
  length = 0;
  /**
   * Every row up to and including this instant is in this batch or in one that was read before it
   * [ms]; none where no reader has filled it. A full batch may hold a part of the next instant.
   */
  untilMs = Number.NEGATIVE_INFINITY;

  /** @param capacity - Rows, 4,096 if not given: a megabyte, what a second-level cache holds. */
  constructor(capacity = 4096) {
    this.capacity = capacity;
    this.timesMs = new Float64Array(capacity);
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
  }
}
