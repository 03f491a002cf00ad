import { Batch, LATE, LOST, READING, STATUS } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import { defects } from '../defects/index.ts';
import type { Fleet } from './fleet.ts';
import {
  type FleetSwitchOptions,
  FleetSwitchReader,
  type SwitchableReader,
} from './fleet-switch-reader.ts';
import { type LateSpan, lateSpans } from './late-spans.ts';
import { batches, createReader, type RowReader } from './reader.ts';
import { WaitingRows } from './waiting-rows.ts';

/** Rows of one machine read at once for a second time. */
const AGAIN_ROWS = 16;
/** Rows that are kept, to begin with. */
const KEPT_MIN = 256;
/** Reading so many readings that nobody wants costs less than a seek. */
const SKIPPED_MAX = 1024;
/** Most seeks of one call: each takes about a millisecond. */
const SEEKS_MAX = 16;
/** Machines without waiting rows that keep their second reader. */
const IDLE_MAX = 256;

/** A row whose delivery was held until its own time is in the burst, after the older ones. */
const HELD = 1 << defects.findIndex(({ kind }) => kind === 'outage');

/** What a {@link ReceiptReader} needs besides the reader that it wraps. */
export interface ReceiptOptions {
  /** A reader of one machine that makes the same readings as the wrapped reader. */
  readerOf(machine: Machine): RowReader;
  /** Where rows may wait that are true at an instant or before, and are delivered later. */
  spansAt(timeMs: number): Iterable<LateSpan>;
  /** Called when more has been read, with the machines of which rows wait. */
  afterRead?(machines: Iterable<Machine>): void;
  /** Place of a machine among others. */
  orderOf(machine: Machine): number;
}

/**
 * Returns the rows of a reader in the order in which they are delivered: late ones late, repeats
 * twice, lost ones never. All instants are those of delivery: `untilMs`, `timeMs`, `seek` and
 * `batch.untilMs`. At its own time a reading that is delivered later stands as lost, so that it is
 * counted there.
 *
 * Of the rows delivered at one instant, those that are in time come first, then late ones by true
 * time and machine.
 *
 * Of rows that wait only the first few are kept. The place of the others is noted, and they are
 * read once more when they are due, by a second reader of their machine. So an outage costs the
 * same memory however long it is. Batches in which nothing is late pass through untouched.
 */
export class ReceiptReader implements RowReader {
  readonly #reader: RowReader;
  readonly #options: ReceiptOptions;
  readonly #waiting = new WaitingRows();
  #kept = new Batch(0);
  readonly #readers = new Map<Machine, SecondReader>();
  readonly #idle = new Set<Machine>();
  /** Rows that are in time, from `#at` on, and have yet to be passed on. */
  #rest = new Batch(0);
  #at = 0;
  /** Everything true up to and including this instant has been read [ms]. */
  #readMs = Number.NaN;
  #timeMs = Number.NaN;
  #seeks = 0;

  constructor(reader: RowReader, options: ReceiptOptions) {
    this.#reader = reader;
    this.#options = options;
  }

  /** Everything delivered up to and including this instant has been read [ms]. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /**
   * Moves to an instant of delivery; the next rows are those delivered later, including those that
   * were true before.
   */
  seek(timeMs: number, announce = false): void {
    for (const _ of this.seeking(timeMs, announce));
  }

  *seeking(timeMs: number, announce = false): Generator<undefined> {
    this.#waiting.clear();
    this.#readers.clear();
    this.#idle.clear();
    this.#rest.clear();
    this.#at = 0;
    yield* this.#reader.seeking(timeMs, announce);
    this.#readMs = timeMs;
    this.#timeMs = timeMs;
    for (const span of this.#options.spansAt(timeMs)) yield* this.#findWaiting(span, timeMs);
  }

  announce(): void {
    this.#reader.announce();
  }

  /** As {@link RowReader.read}; it may also return for other work before the batch is full. */
  read(untilMs: number, batch: Batch): boolean {
    this.#seeks = 0;
    const isDone = this.#fill(untilMs, batch);
    const restMs =
      this.#at < this.#rest.length ? (this.#rest.timesMs[this.#at] as number) : Infinity;
    const passedMs = Math.min(this.#readMs, restMs - 1, this.#waiting.nextMs - 1);
    batch.untilMs = this.#timeMs = Math.max(this.#timeMs, passedMs);
    return isDone;
  }

  #fill(untilMs: number, batch: Batch): boolean {
    for (;;) {
      if (!this.#passOn(batch)) return false;
      if (this.#readMs >= untilMs) return true;
      const start = batch.length;
      const isDone = this.#reader.read(Math.min(untilMs, this.#waiting.nextMs), batch);
      this.#readMs = batch.untilMs;
      if (batch.isTold) this.#takeLate(batch, start);
      this.#options.afterRead?.(this.#waiting.machines);
      this.#cut(batch, start);
      if (!isDone && this.#at === this.#rest.length) return false;
    }
  }

  /** Passes on what has been read and is due; false if some of it is left. */
  #passOn(batch: Batch): boolean {
    const rest = this.#rest;
    for (;;) {
      const isLast = this.#at === rest.length;
      const { nextMs } = this.#waiting;
      const isDue = isLast ? nextMs <= this.#readMs : nextMs < (rest.timesMs[this.#at] as number);
      if (isDue) {
        if (!this.#passLate(batch)) return false;
      } else if (isLast) return true;
      else if (batch.isFull) return false;
      else batch.append(rest, this.#at++);
    }
  }

  /** Takes late rows out of a batch, from `start` on. */
  #takeLate(batch: Batch, start: number): void {
    for (let row = start; row < batch.length; row++) {
      if (isInTime(batch, row)) continue;
      this.#note(batch, row);
      const lost = ((batch.flags[row] as number) & ~READING) | LOST;
      batch.flags[row] = batch.isMade(row) ? lost : 0;
    }
  }

  /** Takes rows out of a batch, from `start` on, that a late one comes before. */
  #cut(batch: Batch, start: number): void {
    const { nextMs } = this.#waiting;
    if (batch.length === start || (batch.timesMs[batch.length - 1] as number) <= nextMs) return;
    let from = start;
    while ((batch.timesMs[from] as number) <= nextMs) from++;
    if (this.#rest.capacity < batch.capacity) this.#rest = new Batch(batch.capacity);
    this.#rest.clear();
    this.#at = 0;
    for (let row = from; row < batch.length; row++) this.#rest.append(batch, row);
    batch.length = from;
  }

  /**
   * Notes the waiting rows of a machine anew, under another description of it: those that are
   * delivered at an instant or later.
   */
  tellAnew(before: Machine, after: Machine, nowMs: number): void {
    const runs = this.#waiting.remove(before);
    this.#readers.delete(before);
    this.#idle.delete(before);
    const [held] = [...lateSpans([after], nowMs - 1)];
    if (held?.receivedMs !== undefined) {
      const order = this.#options.orderOf(after);
      for (const [fromMs, toMs] of runs)
        this.#waiting.addSpan(after, order, fromMs, toMs, held.receivedMs);
      return;
    }
    const waited = (timeMs: number) => runs.some(([from, to]) => from <= timeMs && timeMs <= to);
    const reader = this.#options.readerOf(after);
    reader.seek(Math.min(...runs.map(([fromMs]) => fromMs)) - 1);
    for (const batch of batches(reader, Math.max(...runs.map(([, toMs]) => toMs))))
      for (let row = 0; row < batch.length; row++)
        if (
          isDelivered(batch, row) &&
          (batch.receivedMs[row] as number) >= nowMs &&
          waited(batch.timesMs[row] as number)
        )
          this.#note(batch, row);
  }

  /** Notes a row that is delivered later. */
  #note(from: Batch, row: number): void {
    const machine = from.machines[row] as Machine;
    const order = this.#options.orderOf(machine);
    const [timeMs, receivedMs] = [from.timesMs[row] as number, from.receivedMs[row] as number];
    this.#idle.delete(machine);
    const slot = this.#waiting.add(machine, order, timeMs, receivedMs);
    if (slot < 0) return;
    const { capacity } = this.#kept;
    if (slot >= capacity) this.#kept = storeOf(Math.max(KEPT_MIN, 2 * capacity), this.#kept);
    this.#kept.length = slot;
    this.#kept.append(from, row);
  }

  /** Passes the next late row on; false if the batch is full, or other work is to run first. */
  #passLate(batch: Batch): boolean {
    const { machine, slot } = this.#waiting;
    if (slot >= 0) {
      if (batch.isFull) return false;
      appendReading(batch, this.#kept, slot);
    } else if (!this.#passAgain(batch)) return false;
    this.#waiting.removeFirst();
    if (!this.#waiting.has(machine) && this.#readers.has(machine)) this.#retire(machine);
    return true;
  }

  /** As `#passLate`, for what is to be read once more. */
  #passAgain(batch: Batch): boolean {
    const { machine, timeMs, nextMs, lastMs } = this.#waiting;
    const reader = this.#readerOf(machine);
    if (!reader.isAt(timeMs)) {
      if (reader.mustSeek(timeMs) && this.#seeks++ === SEEKS_MAX) return false;
      reader.moveTo(timeMs, Math.min(lastMs, timeMs + AGAIN_ROWS * machine.intervalMs));
    }
    for (let row = reader.next(); row >= 0; row = reader.next()) {
      const { batch: again } = reader;
      if (again.receivedMs[row] === nextMs && isDelivered(again, row)) {
        if (batch.isFull) return false;
        appendReading(batch, again, row);
      }
      reader.take();
    }
    reader.leave();
    return true;
  }

  #readerOf(machine: Machine): SecondReader {
    let reader = this.#readers.get(machine);
    if (!reader) {
      reader = new SecondReader(this.#options.readerOf(machine), machine.intervalMs);
      this.#readers.set(machine, reader);
    }
    return reader;
  }

  #retire(machine: Machine): void {
    this.#idle.add(machine);
    if (this.#idle.size <= IDLE_MAX) return;
    const oldest = this.#idle.values().next().value as Machine;
    this.#idle.delete(oldest);
    this.#readers.delete(oldest);
  }

  /** Notes the rows of a span that are delivered after `timeMs`. */
  *#findWaiting({ machine, fromMs, receivedMs }: LateSpan, timeMs: number): Generator<undefined> {
    const { intervalMs } = machine;
    if (receivedMs !== undefined) {
      const firstMs = (Math.floor(fromMs / intervalMs) + 1) * intervalMs;
      const lastMs = Math.floor(timeMs / intervalMs) * intervalMs;
      const order = this.#options.orderOf(machine);
      if (firstMs <= lastMs) this.#waiting.addSpan(machine, order, firstMs, lastMs, receivedMs);
      return;
    }
    const reader = this.#options.readerOf(machine);
    yield* reader.seeking(fromMs);
    const batch = new Batch(AGAIN_ROWS * AGAIN_ROWS);
    for (let isDone = false; !isDone; ) {
      batch.clear();
      isDone = reader.read(timeMs, batch);
      for (let row = 0; row < batch.length; row++)
        if ((batch.receivedMs[row] as number) > timeMs && isDelivered(batch, row))
          this.#note(batch, row);
      yield;
    }
  }
}

/** Reads the rows of one machine once more, those that are due. */
class SecondReader {
  readonly batch = new Batch(AGAIN_ROWS);
  readonly #reader: RowReader;
  readonly #intervalMs: number;
  /** The batch has every row later than this, up to the position of the reader [ms]. */
  #afterMs = Number.POSITIVE_INFINITY;
  #endMs = Number.NaN;
  #at = 0;
  /** The instant whose rows are wanted [ms]. */
  #wantedMs = Number.NaN;

  constructor(reader: RowReader, intervalMs: number) {
    this.#reader = reader;
    this.#intervalMs = intervalMs;
  }

  /** Whether some rows of an instant may have been taken already. */
  isAt(timeMs: number): boolean {
    return this.#wantedMs === timeMs;
  }

  mustSeek(timeMs: number): boolean {
    const skipped = (timeMs - this.#reader.timeMs) / this.#intervalMs;
    return timeMs <= this.#afterMs || !(skipped <= SKIPPED_MAX);
  }

  /** Moves to an instant; reads ahead to `endMs` at most. */
  moveTo(timeMs: number, endMs: number): void {
    if (this.mustSeek(timeMs)) {
      this.batch.clear();
      this.#reader.seek(timeMs - 1);
      this.#afterMs = timeMs - 1;
    }
    this.#at = 0;
    this.#wantedMs = timeMs;
    this.#endMs = Math.max(timeMs, endMs);
  }

  /** The next row of the instant; −1 if there is none. */
  next(): number {
    const { batch } = this;
    for (;;) {
      for (; this.#at < batch.length; this.#at++) {
        const timeMs = batch.timesMs[this.#at] as number;
        if (timeMs > this.#wantedMs) return -1;
        if (timeMs === this.#wantedMs) return this.#at;
      }
      if (this.#reader.timeMs >= this.#wantedMs) return -1;
      const lastMs = batch.length > 0 ? (batch.timesMs[batch.length - 1] as number) : -Infinity;
      this.#afterMs = Math.max(this.#reader.timeMs, lastMs);
      batch.clear();
      this.#at = 0;
      this.#reader.read(this.#endMs, batch);
    }
  }

  /** Goes on to the row after {@link next}. */
  take(): void {
    this.#at++;
  }

  /** Ends the instant: its rows may be wanted again for another delivery. */
  leave(): void {
    this.#wantedMs = Number.NaN;
  }
}

/** Appends a late row. */
function appendReading(batch: Batch, from: Batch, row: number): void {
  batch.append(from, row);
  const to = batch.length - 1;
  batch.flags[to] = ((batch.flags[to] as number) & ~STATUS) | LATE;
}

/**
 * A batch with the rows of another, whose rows may be written in any order: it has every array from
 * the beginning.
 */
function storeOf(capacity: number, rows: Batch): Batch {
  const store = new Batch(capacity);
  store.tell(0, 1, 1, new Float64Array(ROW_WIDTH), 0);
  for (let row = 0; row < rows.capacity; row++) store.append(rows, row);
  return store;
}

/** Whether a row is delivered at all. */
function isDelivered({ flags }: Batch, row: number): boolean {
  return ((flags[row] as number) & READING) !== 0;
}

/** Whether a row is delivered at its own time, in its own place. */
function isInTime({ flags, timesMs, receivedMs, defects }: Batch, row: number): boolean {
  if (((flags[row] as number) & READING) === 0) return true;
  return receivedMs[row] === timesMs[row] && ((defects[row] as number) & HELD) === 0;
}

/**
 * A reader of fleets in the order of delivery.
 *
 * @param options - As for {@link FleetSwitchReader}.
 */
export class FleetReceiptReader extends ReceiptReader implements SwitchableReader {
  readonly #fleetReader: FleetSwitchReader;
  /** When each fleet to come applies. */
  readonly #fromMs = new WeakMap<Fleet, number>();
  #fleet: Fleet;

  constructor(fleet: Fleet, options: FleetSwitchOptions = {}) {
    const { machinesOf = (fleet: Fleet) => fleet.machines, ...others } = options;
    const fleetReader = new FleetSwitchReader(fleet, options);
    const orders = new WeakMap<Machine, number>();
    const ordered = () => {
      for (const [i, machine] of machinesOf(fleetReader.fleet).entries())
        if (!orders.has(machine)) orders.set(machine, i);
      return orders;
    };
    super(fleetReader, {
      readerOf: (machine) => createReader(fleetReader.fleet, { ...others, machines: [machine] }),
      spansAt: (timeMs) => (options.isTrue ? [] : lateSpans(machinesOf(fleetReader.fleet), timeMs)),
      orderOf: (machine) => orders.get(machine) ?? ordered().get(machine) ?? 0,
      afterRead: (machines) => this.#followStories(machines),
    });
    this.#fleetReader = fleetReader;
    this.#fleet = fleet;
  }

  /** As {@link FleetSwitchReader.follow}. */
  follow(fleet: Fleet, fromMs: number): void {
    this.#fromMs.set(fleet, fromMs);
    this.#fleetReader.follow(fleet, fromMs);
  }

  /** Where a story has ended early, or another began, what waits is delivered as that tells it. */
  #followStories(machines: Iterable<Machine>): void {
    const { fleet } = this.#fleetReader;
    if (fleet === this.#fleet) return;
    this.#fleet = fleet;
    for (const before of [...machines]) {
      const after = fleet.byId.get(before.id);
      if (after && after.story?.key !== before.story?.key)
        this.tellAnew(before, after, this.#fromMs.get(fleet) ?? this.timeMs);
    }
  }
}
