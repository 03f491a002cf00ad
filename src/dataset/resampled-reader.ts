import { Batch, READING, STATUS } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import type { RowReader } from '../simulation/reader.ts';
import { Aggregate } from './aggregation.ts';

/** What has been read of a machine in the current interval. */
interface Gathered {
  readonly machine: Machine;
  readonly aggregate: Aggregate;
  alerts: number;
  faults: number;
  defects: number;
}

/**
 * Resamples the readings of another reader to a longer interval: one reading of each machine for
 * the interval that ends at its time, on the grid of that interval. A machine without readings in
 * the interval gets none. Statuses pass through unchanged, at their own times.
 */
export class ResampledReader implements RowReader {
  readonly #reader: RowReader;
  readonly #intervalMs: number;
  readonly #gathered: ReadonlyMap<Machine, Gathered>;
  readonly #order: readonly Gathered[];
  readonly #raw = new Batch();
  /** The row of `#raw` that comes next. */
  #at = 0;
  /** Everything up to here is in `#raw` or already processed. */
  #readMs = Number.NaN;
  /** End of the current interval, and the index of the machine whose reading comes next. */
  #endMs = Number.NaN;
  #next = 0;
  #timeMs = Number.NaN;

  /**
   * @param reader - A reader of these machines.
   * @param intervalMs - A multiple of each machine's interval.
   * @throws RangeError for a field that cannot be aggregated.
   */
  constructor(reader: RowReader, machines: readonly Machine[], intervalMs: number) {
    this.#reader = reader;
    this.#intervalMs = intervalMs;
    this.#order = machines.map((machine) => ({
      machine,
      aggregate: new Aggregate(machine.type),
      alerts: 0,
      faults: 0,
      defects: 0,
    }));
    this.#gathered = new Map(this.#order.map((each) => [each.machine, each]));
  }

  get timeMs(): number {
    return this.#timeMs;
  }

  /** The first reading after `timeMs` covers its whole interval, even the part before `timeMs`. */
  seek(timeMs: number, announce = false): void {
    for (const _ of this.seeking(timeMs, announce));
  }

  announce(): void {
    this.#reader.announce();
  }

  /** Like `seek`, in the steps of the underlying reader. */
  *seeking(timeMs: number, announce = false): Generator<undefined> {
    const startMs = Math.floor(timeMs / this.#intervalMs) * this.#intervalMs;
    yield* this.#reader.seeking(startMs, announce);
    this.#raw.clear();
    this.#at = 0;
    this.#next = 0;
    this.#readMs = startMs;
    this.#endMs = startMs + this.#intervalMs;
    this.#timeMs = timeMs;
    // A partly read interval must not leak into another one.
    const scratch = new Float64Array(ROW_WIDTH);
    for (const { aggregate } of this.#order) aggregate.take(scratch, 0);
  }

  read(untilMs: number, batch: Batch): boolean {
    const isDone = this.#fill(untilMs, batch);
    batch.untilMs = this.#timeMs;
    return isDone;
  }

  #fill(untilMs: number, batch: Batch): boolean {
    for (;;) {
      if (this.#at === this.#raw.length && this.#readMs < untilMs) {
        this.#raw.clear();
        this.#at = 0;
        if (this.#reader.read(untilMs, this.#raw)) this.#readMs = untilMs;
      }
      const hasRows = this.#at < this.#raw.length;
      const nextMs = hasRows ? (this.#raw.timesMs[this.#at] as number) : this.#readMs + 1;
      if (nextMs > this.#endMs) {
        if (!this.#finishInterval(batch)) return false;
      } else if (hasRows) {
        if (!this.#take(batch)) return false;
      } else if (this.#readMs >= untilMs) {
        this.#timeMs = Math.max(this.#timeMs, untilMs);
        return true;
      }
    }
  }

  /** Processes the next row; false if the batch has no space for its status. */
  #take(batch: Batch): boolean {
    const row = this.#at;
    const flags = this.#raw.flags[row] as number;
    if (flags & STATUS) {
      if (batch.isFull) return false;
      this.#passOn(row, batch);
    }
    if (flags & READING) {
      const gathered = this.#gathered.get(this.#raw.machines[row] as Machine) as Gathered;
      gathered.aggregate.add(this.#raw.values, row * ROW_WIDTH);
      gathered.alerts = this.#raw.alerts[row] as number;
      gathered.faults |= this.#raw.faults[row] as number;
      gathered.defects |= this.#raw.defects[row] as number;
    }
    this.#at++;
    return true;
  }

  /** Copies a row as a status without a reading. */
  #passOn(row: number, batch: Batch): void {
    batch.append(this.#raw, row);
    batch.flags[batch.length - 1] = STATUS;
  }

  /** Appends the readings of the finished interval; false if the batch becomes full. */
  #finishInterval(batch: Batch): boolean {
    while (this.#next < this.#order.length) {
      const gathered = this.#order[this.#next] as Gathered;
      if (gathered.aggregate.count > 0) {
        if (batch.isFull) return false;
        this.#append(gathered, batch);
      }
      this.#next++;
    }
    this.#next = 0;
    this.#timeMs = Math.max(this.#timeMs, this.#endMs);
    this.#endMs += this.#intervalMs;
    return true;
  }

  #append(gathered: Gathered, batch: Batch): void {
    const to = batch.length++;
    batch.timesMs[to] = this.#endMs;
    batch.machines[to] = gathered.machine;
    batch.flags[to] = READING;
    batch.alerts[to] = gathered.alerts;
    batch.faults[to] = gathered.faults;
    batch.defects[to] = gathered.defects;
    gathered.aggregate.take(batch.values, to * ROW_WIDTH);
    gathered.faults = 0;
    gathered.defects = 0;
  }
}
