import { Batch, LOST, PARTIAL, READING, REPEAT, STATUS } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import type { RowReader } from '../simulation/reader.ts';
import { Aggregate } from './aggregation.ts';

/** What has been read of a machine in an interval. */
interface Gathered {
  readonly machine: Machine;
  readonly aggregate: Aggregate;
  /** The true readings, of a machine on which defects may act. */
  readonly truth: Aggregate | undefined;
  alerts: number;
  faults: number;
  defects: number;
  /** All channels, and those that any reading has, one bit each. */
  readonly all: number;
  channels: number;
  /** The latest delivery of each channel [ms], of a machine on which defects may act. */
  readonly receivedMs: Float64Array;
}

/** Channels that are delivered at the same time, one bit each. */
interface Delivered {
  channels: number;
  readonly receivedMs: number;
}

/** What has been read in an interval. */
type Interval = Map<Machine, Gathered>;

/**
 * Resamples the readings of another reader to a longer interval: one reading of each machine for
 * the interval that ends at its time, on the grid of that interval. A machine without readings in
 * the interval gets none. Statuses pass through unchanged, at their own times.
 *
 * It takes what instruments tell, by the time that they tell: each reading that is delivered, once.
 */
export class ResampledReader implements RowReader {
  readonly #reader: RowReader;
  readonly #intervalMs: number;
  /** Places of the machines, by id: one of another type may take the place of a machine. */
  readonly #places: ReadonlyMap<string, number>;
  readonly #aheadMs: number;
  /** By end; an interval is over when no reading can tell a time in it any more. */
  readonly #intervals = new Map<number, Interval>();
  /** The interval of the last reading. */
  #lastEndMs = Number.NaN;
  #last: Interval = new Map();
  readonly #spare = new Map<Machine, Gathered[]>();
  /** Statuses that are read before it is their turn, each in a batch. */
  #statuses: Batch[] = [];
  readonly #raw = new Batch();
  readonly #scratch = new Float64Array(ROW_WIDTH);
  /** The reading that is being appended, the true one, and its rows that are left. */
  readonly #row = new Float64Array(ROW_WIDTH);
  readonly #truth = new Float64Array(ROW_WIDTH);
  #left: Delivered[] = [];
  /** The row of `#raw` that comes next. */
  #at = 0;
  /** Everything up to here is in `#raw` or already processed. */
  #readMs = Number.NaN;
  /** Where the reading begins, and whether statuses before it count. */
  #fromMs = Number.NaN;
  #announce = false;
  /** End of the current interval, and what of it is left to append, the last first. */
  #endMs = Number.NaN;
  #finishing: Gathered[] | undefined;
  #timeMs = Number.NaN;

  /**
   * @param reader - A reader of these machines.
   * @param intervalMs - A multiple of each machine's interval.
   * @param spreadMs - By how much a told time may differ from the true one.
   * @throws RangeError for a field that cannot be aggregated.
   */
  constructor(reader: RowReader, machines: readonly Machine[], intervalMs: number, spreadMs = 0) {
    this.#reader = reader;
    this.#intervalMs = intervalMs;
    this.#places = new Map(machines.map(({ id }, i) => [id, i]));
    this.#aheadMs = intervalMs * Math.ceil(spreadMs / intervalMs);
    for (const machine of machines) this.#spare.set(machine, [newGathered(machine)]);
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
    const readMs = startMs - this.#aheadMs;
    yield* this.#reader.seeking(readMs, announce);
    this.#raw.clear();
    this.#at = 0;
    this.#finishing = undefined;
    this.#readMs = readMs;
    this.#fromMs = startMs;
    this.#announce = announce;
    this.#endMs = startMs + this.#intervalMs;
    this.#timeMs = timeMs;
    this.#statuses = [];
    this.#left = [];
    // A partly read interval must not leak into another one.
    for (const endMs of this.#intervals.keys()) this.#drop(endMs);
  }

  read(untilMs: number, batch: Batch): boolean {
    const isDone = this.#fill(untilMs, batch);
    batch.untilMs = this.#timeMs;
    return isDone;
  }

  #fill(untilMs: number, batch: Batch): boolean {
    const aheadMs = this.#aheadMs;
    for (;;) {
      if (this.#at === this.#raw.length && this.#readMs < untilMs + aheadMs) {
        this.#raw.clear();
        this.#at = 0;
        if (this.#reader.read(untilMs + aheadMs, this.#raw)) this.#readMs = untilMs + aheadMs;
      }
      const hasRows = this.#at < this.#raw.length;
      const nextMs = hasRows ? (this.#raw.timesMs[this.#at] as number) : this.#readMs + 1;
      if (nextMs > this.#endMs + aheadMs) {
        if (!this.#finishInterval(batch)) return false;
      } else if (hasRows) {
        if (!this.#take(batch)) return false;
      } else if (this.#readMs >= untilMs + aheadMs) {
        if (!this.#writeStatuses(untilMs, batch)) return false;
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
      if (this.#aheadMs > 0) this.#keep(row);
      else if (batch.isFull) return false;
      else this.#passOn(this.#raw, row, batch);
    }
    if (flags & (READING | LOST)) this.#gather(row, flags);
    this.#at++;
    return true;
  }

  #gather(row: number, flags: number): void {
    const raw = this.#raw;
    const toldMs = raw.toldMs[row] as number;
    // A look-up in the current interval is cheaper than a division.
    const isCurrent = toldMs <= this.#endMs && toldMs > this.#endMs - this.#intervalMs;
    const endMs = isCurrent ? this.#endMs : Math.ceil(toldMs / this.#intervalMs) * this.#intervalMs;
    if (endMs < this.#endMs) return;
    const gathered = this.#gathered(endMs, raw.machines[row] as Machine);
    gathered.defects |= raw.defects[row] as number;
    if ((flags & READING) === 0 || (flags & REPEAT) !== 0) return;
    const { aggregate, truth, all } = gathered;
    const carried = flags & PARTIAL ? (raw.channels[row] as number) : all;
    gathered.channels |= carried;
    gathered.alerts = raw.alerts[row] as number;
    gathered.faults |= raw.faults[row] as number;
    if (carried === all) aggregate.add(raw.values, row * ROW_WIDTH);
    else aggregate.add(this.#carried(raw.values, row, carried), 0);
    if (!truth) return;
    if (carried === all) truth.add(raw.trueValues, row * ROW_WIDTH);
    else truth.add(this.#carried(raw.trueValues, row, carried), 0);
    const { receivedMs } = gathered;
    for (let i = 0; i < receivedMs.length; i++)
      if (carried & (1 << i))
        receivedMs[i] = Math.max(receivedMs[i] as number, raw.receivedMs[row] as number);
  }

  /** The values of a row without those of channels that it does not have. */
  #carried(values: Float64Array, row: number, carried: number): Float64Array {
    const own = this.#scratch;
    own.set(values.subarray(row * ROW_WIDTH, (row + 1) * ROW_WIDTH));
    const { channels } = (this.#raw.machines[row] as Machine).type;
    for (const [i, { fields }] of channels.entries())
      if ((carried & (1 << i)) === 0) for (const { column } of fields) own[column] = Number.NaN;
    return own;
  }

  #gathered(endMs: number, machine: Machine): Gathered {
    const interval = this.#interval(endMs);
    let gathered = interval.get(machine);
    if (!gathered) {
      gathered = this.#spare.get(machine)?.pop() ?? newGathered(machine);
      interval.set(machine, gathered);
    }
    return gathered;
  }

  #interval(endMs: number): Interval {
    if (endMs === this.#lastEndMs) return this.#last;
    let interval = this.#intervals.get(endMs);
    if (!interval) {
      interval = new Map();
      this.#intervals.set(endMs, interval);
    }
    this.#lastEndMs = endMs;
    this.#last = interval;
    return interval;
  }

  /** Copies a row as a status without a reading. */
  #passOn(from: Batch, row: number, batch: Batch): void {
    batch.append(from, row);
    batch.flags[batch.length - 1] = STATUS;
  }

  /** Keeps a status until its turn; of those before the beginning, the last one of each machine. */
  #keep(row: number): void {
    const isEarly = (this.#raw.timesMs[row] as number) <= this.#fromMs;
    if (isEarly && !this.#announce) return;
    const machine = this.#raw.machines[row];
    if (isEarly) this.#statuses = this.#statuses.filter((kept) => kept.machines[0] !== machine);
    const kept = new Batch(1);
    this.#passOn(this.#raw, row, kept);
    this.#statuses.push(kept);
  }

  /** Appends the statuses up to an instant; false if the batch becomes full. */
  #writeStatuses(untilMs: number, batch: Batch): boolean {
    let written = 0;
    for (const kept of this.#statuses) {
      if ((kept.timesMs[0] as number) > untilMs || batch.isFull) break;
      batch.append(kept, 0);
      written++;
    }
    if (written > 0) this.#statuses = this.#statuses.slice(written);
    const [next] = this.#statuses;
    return !next || (next.timesMs[0] as number) > untilMs;
  }

  /** Appends the readings of the finished interval; false if the batch becomes full. */
  #finishInterval(batch: Batch): boolean {
    if (!this.#writeStatuses(this.#endMs, batch)) return false;
    this.#finishing ??= this.#inOrder(this.#endMs);
    for (let next = this.#finishing.at(-1); next; next = this.#finishing.at(-1)) {
      if (!this.#append(next, batch)) return false;
      this.#finishing.pop();
    }
    this.#drop(this.#endMs);
    this.#finishing = undefined;
    this.#timeMs = Math.max(this.#timeMs, this.#endMs);
    this.#endMs += this.#intervalMs;
    return true;
  }

  /** What was read in an interval, in the opposite order of the machines. */
  #inOrder(endMs: number): Gathered[] {
    const placeOf = ({ machine }: Gathered) => this.#places.get(machine.id) ?? 0;
    const gathered = [...(this.#intervals.get(endMs)?.values() ?? [])];
    return gathered.sort((a, b) => placeOf(a) - placeOf(b)).reverse();
  }

  /** Appends the reading of a machine, if there is one; false if the batch becomes full. */
  #append(gathered: Gathered, batch: Batch): boolean {
    const { machine, aggregate, truth, all, alerts, faults, defects } = gathered;
    if (aggregate.count > 0) {
      if (batch.isFull) return false;
      aggregate.take(this.#row, 0);
      truth?.take(this.#truth, 0);
      this.#left = deliveredOf(gathered);
    }
    for (let next = this.#left[0]; next; next = this.#left[0]) {
      if (batch.isFull) return false;
      const { channels, receivedMs } = next;
      const to = batch.length++;
      batch.timesMs[to] = this.#endMs;
      batch.machines[to] = machine;
      batch.flags[to] = channels === all ? READING : READING | PARTIAL;
      batch.channels[to] = channels;
      batch.alerts[to] = alerts;
      batch.faults[to] = faults;
      batch.defects[to] = defects;
      batch.values.set(this.#row, to * ROW_WIDTH);
      if (truth) batch.tell(to, this.#endMs, receivedMs, this.#truth, 0);
      else if (batch.isTold) batch.tell(to, this.#endMs, this.#endMs);
      this.#left.shift();
    }
    return true;
  }

  /** Forgets an interval. */
  #drop(endMs: number): void {
    for (const [machine, gathered] of this.#intervals.get(endMs) ?? []) {
      if (gathered.aggregate.count > 0) gathered.aggregate.take(this.#scratch, 0);
      if (gathered.truth?.count) gathered.truth.take(this.#scratch, 0);
      gathered.faults = 0;
      gathered.defects = 0;
      gathered.channels = 0;
      gathered.receivedMs.fill(Number.NEGATIVE_INFINITY);
      const spare = this.#spare.get(machine);
      if (spare) spare.push(gathered);
    }
    this.#intervals.delete(endMs);
    this.#lastEndMs = Number.NaN;
  }
}

function newGathered(machine: Machine): Gathered {
  return {
    machine,
    aggregate: new Aggregate(machine.type),
    truth: machine.story?.hasDefects ? new Aggregate(machine.type) : undefined,
    alerts: 0,
    faults: 0,
    defects: 0,
    all: 2 ** machine.type.channels.length - 1,
    channels: 0,
    receivedMs: new Float64Array(machine.type.channels.length).fill(Number.NEGATIVE_INFINITY),
  };
}

/** The channels of a reading by when they are delivered. */
function deliveredOf({ channels, receivedMs, truth }: Gathered): Delivered[] {
  if (!truth) return [{ channels, receivedMs: Number.NaN }];
  const found: Delivered[] = [];
  for (const [i, atMs] of receivedMs.entries()) {
    if ((channels & (1 << i)) === 0) continue;
    const same = found.find((each) => each.receivedMs === atMs);
    if (same) same.channels |= 1 << i;
    else found.push({ channels: 1 << i, receivedMs: atMs });
  }
  return found;
}
