import { Batch, LOST, PARTIAL, READING, REPEAT, SEPARATE, STATUS } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { Journal, JournalEvent } from '../core/journal.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import { Cursor, isSame } from './cursor.ts';
import { DefectiveCursor } from './defective-cursor.ts';
import type { Fleet } from './fleet.ts';
import { Instruments } from './instruments.ts';
import { dayTotals, inheritTotals, Register, UnreadRegister } from './register.ts';
import { AFTER_S } from './running.ts';

/** Which machines a reader reads, and how often it reports a status. */
export interface ReaderOptions {
  /** The machines to read; all of the fleet by default. */
  readonly machines?: readonly Machine[];
  /** The id of an anomaly to leave out: the counterfactual. */
  readonly without?: string;
  /** Whether to ignore instrument defects: the true readings. */
  readonly isTrue?: boolean;
  /** Whether energy registers are read; they have no value otherwise. They are, by default. */
  readonly hasRegisters?: boolean;
  /** Simulated seconds after which a status is due, changed or not; 0: with every reading. */
  readonly statusIntervalS?: number;
  /**
   * A reader of the fleet that this fleet was derived from ({@link nextFleet}); it must have read
   * everything up to its position. The new reader continues there: with the same cursors for
   * unchanged machines, and from an anchor for the others, which then announce themselves; the
   * first reads seek them, some at a time. A machine that has left the fleet, or its topic, ends as
   * `offline`. Do not use the old reader any more.
   */
  readonly after?: Reader;
}

/** Reads rows from an instant on: a {@link Reader}, or a wrapper of one. */
export interface RowReader {
  /** Everything up to and including this instant has been read [ms since the epoch]. */
  readonly timeMs: number;
  /** Moves to an instant; the next rows are those later than it. See {@link Reader.seek}. */
  seek(timeMs: number, announce?: boolean): void;
  /**
   * As `seek`, in steps of about a millisecond, so that other work can run in between; rows read
   * between the steps are lost.
   */
  seeking(timeMs: number, announce?: boolean): Iterable<undefined>;
  /**
   * Appends rows up to and including `untilMs`; returns whether all are in. See
   * {@link Reader.read}.
   */
  read(untilMs: number, batch: Batch): boolean;
  /** Has every machine report its status once more. See {@link Reader.announce}. */
  announce(): void;
}

/**
 * Reads everything up to and including `untilMs`, batch by batch. The same batch is refilled each
 * time, so take what you need from it before you request the next.
 */
export function* batches(
  reader: RowReader,
  untilMs: number,
  batch = new Batch(),
): Generator<Batch, undefined> {
  for (let isDone = false; !isDone; ) {
    batch.clear();
    isDone = reader.read(untilMs, batch);
    yield batch;
  }
  return undefined;
}

/** The machines of one interval, and how far their next instant has been read. */
interface Group {
  readonly intervalMs: number;
  readonly cursors: readonly Cursor[];
  nextMs: number;
  at: number;
}

/** A machine whose status is due at an instant without a reading. */
interface DueStatus {
  readonly cursor: Cursor;
  readonly timeMs: number;
}

const DEFAULT_STATUS_INTERVAL_S = 60;
/**
 * Most machines that one call starts, stops or adds: each replays its past, which takes about a
 * millisecond, and the event loop must not be blocked.
 */
const REPLAYS_MAX = 16;

/**
 * Moves through the function that a factory is. It holds one record of numbers per machine, can
 * start at any instant, and returns the same rows however a window is split into calls and
 * batches.
 */
export class Reader implements RowReader {
  readonly #fleet: Fleet;
  readonly #groups: readonly Group[];
  readonly #cursors: ReadonlyMap<string, Cursor>;
  readonly #statusIntervalMs: number;
  readonly #scratch = new Float64Array(ROW_WIDTH);
  /** A reading of a machine with defects, before it becomes rows. */
  readonly #reading = new Batch(1);
  /** Its rows if they did not fit into the last batch. */
  readonly #spilled: Batch;
  #spilledWritten = 0;
  /** Machines whose status is due before anything else, each at its instant. */
  readonly #statuses: DueStatus[] = [];
  #statusesWritten = 0;
  #eventsSeen = 0;
  /**
   * Cursors of machines that have just come to the fleet and have yet to be sought, each with the
   * cursor that it replaces if only stories differ: it goes on without an announcement.
   */
  readonly #newcomers = new Map<Cursor, Cursor | undefined>();
  /** Machines that stories start and stop, each with the instant at which to ask next. */
  readonly #toldToSwitch: { readonly cursor: Cursor; nextMs: number }[];
  #newcomerSteps: Iterator<undefined> | undefined;
  /** Whether a change of fleets has yet to report statuses of its instant. */
  #isSwitching = false;
  /** Cursors that the next events have yet to switch, in reverse order. */
  #toSwitch: Cursor[] | undefined;
  #timeMs = Number.NaN;

  constructor(fleet: Fleet, options: ReaderOptions = {}) {
    const { after } = options;
    this.#fleet = fleet;
    this.#statusIntervalMs = 1000 * (options.statusIntervalS ?? DEFAULT_STATUS_INTERVAL_S);
    const groups = new Map<number, Cursor[]>();
    const cursors = new Map<string, Cursor>();
    for (const machine of options.machines ?? fleet.machines) {
      const same = after ? after.#cursors.get(machine.id) : undefined;
      const cursor = same?.machine === machine ? same : newCursor(machine, fleet.journal, options);
      cursors.set(machine.id, cursor);
      const group = groups.get(machine.intervalMs);
      if (group) group.push(cursor);
      else groups.set(machine.intervalMs, [cursor]);
    }
    // The rows of one reading: each of its channels twice, and a status.
    const channels = [...cursors.values()].map(({ machine }) => machine.type.channels.length);
    this.#spilled = new Batch(2 * channels.reduce((most, each) => Math.max(most, each), 0) + 1);
    this.#toldToSwitch = [...cursors.values()].flatMap((cursor) =>
      cursor.machine.story?.presence ? { cursor, nextMs: Number.NaN } : [],
    );
    this.#cursors = cursors;
    this.#groups = [...groups]
      .sort(([a], [b]) => a - b)
      .map(([intervalMs, members]) => ({
        intervalMs,
        cursors: members,
        nextMs: Number.NaN,
        at: 0,
      }));
    if (after) this.#goOn(after);
  }

  /** Everything up to and including this instant has been read [ms since the epoch]. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** Whether a cursor is in step with this reader's own of the same machine. */
  isInStepWith(cursor: Cursor): boolean {
    return this.#cursors.get(cursor.machine.id)?.isInStepWith(cursor) ?? false;
  }

  /**
   * Moves to an instant; the next rows are those later than it.
   *
   * @param announce - Whether each machine reports its status with its first row, for new
   *   subscribers.
   */
  seek(timeMs: number, announce = false): void {
    for (const _ of this.seeking(timeMs, announce));
  }

  /** As {@link seek}, one machine per step. */
  *seeking(timeMs: number, announce = false): Generator<undefined> {
    this.#statuses.length = 0;
    this.#statusesWritten = 0;
    this.#spilled.clear();
    this.#spilledWritten = 0;
    this.#newcomers.clear();
    this.#newcomerSteps = undefined;
    this.#isSwitching = false;
    const next = this.#fleet.journal.events.findIndex((event) => event.timeS * 1000 > timeMs);
    this.#setPosition(timeMs, next < 0 ? this.#fleet.journal.events.length : next);
    for (const { cursors } of this.#groups)
      for (const cursor of cursors) {
        this.#seekCursor(cursor, announce);
        if (cursor.register) yield* cursor.register.opening(timeMs / 1000);
        yield;
      }
  }

  /**
   * Has every machine report its status once more, for a receiver that may have forgotten it: with
   * its next reading or, if it is stopped, before the next rows.
   */
  announce(): void {
    for (const cursor of this.#cursors.values())
      if (cursor.isRunning) cursor.mustAnnounce = true;
      else if (cursor.isThere && !this.#newcomers.has(cursor))
        this.#statuses.push({ cursor, timeMs: 1000 * cursor.stoppedS });
  }

  /**
   * Appends the rows up to and including `untilMs`, in order of time, until the batch is full.
   *
   * @returns Whether all of them are in. If not, call again: the batch is full, or many machines
   *   are being started, stopped or added.
   */
  read(untilMs: number, batch: Batch): boolean {
    const isDone = this.#fill(untilMs, batch);
    batch.untilMs = this.#timeMs - Number(this.#isSwitching);
    return isDone;
  }

  #fill(untilMs: number, batch: Batch): boolean {
    if (!this.#seekNewcomers()) return false;
    for (;;) {
      if (!this.#writeStatuses(batch)) return false;
      this.#isSwitching = false;
      const eventMs = this.#nextEventMs();
      let toldMs = Number.POSITIVE_INFINITY;
      for (const each of this.#toldToSwitch) toldMs = Math.min(toldMs, each.nextMs);
      let nextMs = Math.min(eventMs, toldMs);
      for (const group of this.#groups) nextMs = Math.min(nextMs, group.nextMs);
      if (nextMs > untilMs) {
        this.#timeMs = Math.max(this.#timeMs, untilMs);
        return true;
      }
      if (nextMs === eventMs) {
        if (!this.#apply(eventMs)) return false;
        continue;
      }
      for (const group of this.#groups)
        if (group.nextMs === nextMs && !this.#readGroup(group, batch)) return false;
      // What stories do at an instant comes after its readings.
      if (nextMs !== toldMs) this.#timeMs = nextMs;
      else if (!this.#switchAsTold(toldMs)) return false;
    }
  }

  /** Sets the position of everything but the cursors. */
  #setPosition(timeMs: number, eventsSeen: number): void {
    this.#timeMs = timeMs;
    this.#eventsSeen = eventsSeen;
    this.#toSwitch = undefined;
    for (const each of this.#toldToSwitch)
      each.nextMs = 1000 * each.cursor.running.nextOfStoriesS(timeMs / 1000);
    for (const group of this.#groups) {
      group.nextMs = (Math.floor(timeMs / group.intervalMs) + 1) * group.intervalMs;
      group.at = 0;
    }
  }

  #seekCursor(cursor: Cursor, announce: boolean): void {
    cursor.register?.close();
    cursor.seek(this.#timeMs, this.#scratch);
    cursor.mustAnnounce = announce;
    if (announce && !cursor.isRunning && cursor.isThere)
      this.#statuses.push({ cursor, timeMs: 1000 * cursor.stoppedS });
  }

  #goOn(before: Reader): void {
    this.#setPosition(before.#timeMs, before.#eventsSeen);
    const isOurs = (cursor: Cursor) => this.#cursors.get(cursor.machine.id) === cursor;
    const hasLeft = ({ machine }: Cursor) =>
      this.#fleet.byId.get(machine.id)?.topic !== machine.topic;
    for (const status of before.#statuses.slice(before.#statusesWritten))
      if (isOurs(status.cursor) || hasLeft(status.cursor)) this.#statuses.push(status);
    for (const cursor of before.#cursors.values()) {
      if (!cursor.isRunning || !hasLeft(cursor)) continue;
      cursor.stop(this.#timeMs / 1000);
      this.#statuses.push({ cursor, timeMs: this.#timeMs });
    }
    for (const [id, cursor] of this.#cursors)
      if (before.#cursors.get(id) !== cursor)
        this.#newcomers.set(cursor, sameButForStories(cursor, before.#cursors.get(id)));
    this.#isSwitching = this.#statuses.length > 0 || this.#newcomers.size > 0;
  }

  /** Seeks machines that have come to the fleet; returns false if some are left. */
  #seekNewcomers(): boolean {
    if (this.#newcomers.size === 0 && !this.#newcomerSteps) return true;
    this.#newcomerSteps ??= this.#seekingNewcomers();
    for (let step = 0; step < REPLAYS_MAX; step++)
      if (this.#newcomerSteps.next().done) {
        this.#newcomerSteps = undefined;
        return true;
      }
    return false;
  }

  *#seekingNewcomers(): Generator<undefined> {
    for (const [cursor, before] of this.#newcomers) {
      this.#newcomers.delete(cursor);
      if (before && cursor.register) inheritTotals(before.machine, cursor.machine);
      this.#seekCursor(cursor, !before);
      // A story may have begun or ended at this very instant.
      if (before && before.isRunning !== cursor.isRunning)
        this.#statuses.push({ cursor, timeMs: this.#timeMs });
      if (cursor.register) yield* cursor.register.opening(this.#timeMs / 1000);
      yield;
    }
  }

  /** Reads the due instant of a group; returns false if the batch fills up before its end. */
  #readGroup(group: Group, batch: Batch): boolean {
    const timeMs = group.nextMs;
    const tS = timeMs / 1000;
    const { cursors } = group;
    while (group.at < cursors.length) {
      if (!this.#writeSpilled(batch) || batch.isFull) return false;
      const cursor = cursors[group.at++] as Cursor;
      if (!cursor.hasRunUntil(tS)) continue;
      if (cursor.isDefective) this.#appendTold(cursor as DefectiveCursor, timeMs, batch);
      else this.#append(cursor, timeMs, batch);
    }
    if (!this.#writeSpilled(batch)) return false;
    group.at = 0;
    group.nextMs += group.intervalMs;
    return true;
  }

  #append(cursor: Cursor, timeMs: number, batch: Batch): void {
    const { mode, alerts } = cursor;
    const row = batch.length++;
    cursor.read(timeMs / 1000, batch.values, row * ROW_WIDTH);
    const { intervalMs } = cursor.machine;
    const statusMs = this.#statusIntervalMs;
    const isDue =
      cursor.mustAnnounce ||
      cursor.mode !== mode ||
      cursor.alerts !== alerts ||
      statusMs === 0 ||
      Math.floor(timeMs / statusMs) !== Math.floor((timeMs - intervalMs) / statusMs);
    cursor.mustAnnounce = false;
    batch.timesMs[row] = timeMs;
    batch.machines[row] = cursor.shown;
    batch.flags[row] = isDue ? READING | STATUS : READING;
    batch.alerts[row] = cursor.alerts;
    batch.faults[row] = cursor.label;
    batch.defects[row] = 0;
    if (batch.isTold) batch.tell(row, timeMs, timeMs);
  }

  /**
   * Appends what the instruments of a machine tell: a row for all channels that are delivered
   * alike, one for each repeat, and the machine's status, which defects leave as it is.
   */
  #appendTold(cursor: DefectiveCursor, timeMs: number, batch: Batch): void {
    const reading = this.#reading;
    reading.clear();
    this.#append(cursor, timeMs, reading);
    const { defects, deliveries, toldMs, truth } = cursor;
    if (defects === 0) {
      batch.append(reading, 0);
      return;
    }
    const to = batch.capacity - batch.length < this.#spilled.capacity ? this.#spilled : batch;
    const isStatus = ((reading.flags[0] as number) & STATUS) !== 0;
    const all = (1 << cursor.machine.type.channels.length) - 1;
    const usual = { channels: all, receivedMs: timeMs, repeatedMs: Number.NaN };
    reading.defects[0] = defects;
    for (const each of deliveries.length > 0 ? deliveries : [usual]) {
      const { channels, receivedMs, repeatedMs } = each;
      const partial = channels === all ? 0 : PARTIAL;
      reading.channels[0] = channels;
      reading.flags[0] = partial | (receivedMs === Number.POSITIVE_INFINITY ? LOST : READING);
      reading.tell(0, toldMs, receivedMs, truth, 0);
      to.append(reading, 0);
      if (Number.isNaN(repeatedMs)) continue;
      reading.flags[0] = partial | READING | REPEAT;
      reading.tell(0, toldMs, repeatedMs, truth, 0);
      to.append(reading, 0);
    }
    if (!isStatus) return;
    reading.flags[0] = STATUS | SEPARATE;
    reading.defects[0] = 0;
    reading.values.set(truth);
    reading.tell(0, timeMs, timeMs);
    to.append(reading, 0);
  }

  /** Appends the rows that the last batch had no room for; returns false if there is none again. */
  #writeSpilled(batch: Batch): boolean {
    const spilled = this.#spilled;
    for (; this.#spilledWritten < spilled.length; this.#spilledWritten++) {
      if (batch.isFull) return false;
      batch.append(spilled, this.#spilledWritten);
    }
    spilled.clear();
    this.#spilledWritten = 0;
    return true;
  }

  #writeStatuses(batch: Batch): boolean {
    if (this.#statuses.length === 0) return true;
    while (this.#statusesWritten < this.#statuses.length) {
      if (batch.isFull) return false;
      const { cursor, timeMs } = this.#statuses[this.#statusesWritten++] as DueStatus;
      const { type } = cursor.shown;
      const row = batch.length++;
      batch.timesMs[row] = timeMs;
      batch.machines[row] = cursor.shown;
      batch.flags[row] = STATUS;
      batch.alerts[row] = 0;
      batch.faults[row] = 0;
      batch.defects[row] = 0;
      if (batch.isTold) batch.tell(row, timeMs, timeMs);
      batch.values.fill(0, row * ROW_WIDTH, (row + 1) * ROW_WIDTH);
      batch.values[row * ROW_WIDTH + type.modeColumn] = cursor.mode;
    }
    this.#statuses.length = 0;
    this.#statusesWritten = 0;
    return true;
  }

  #nextEventMs(): number {
    const event = this.#fleet.journal.events[this.#eventsSeen];
    return event ? event.timeS * 1000 : Number.POSITIVE_INFINITY;
  }

  /**
   * Applies the starts and stops of one instant; returns false if some are left for the next call.
   */
  #apply(eventMs: number): boolean {
    const { events } = this.#fleet.journal;
    let seen = this.#eventsSeen;
    while ((events[seen]?.timeS ?? Number.NaN) * 1000 === eventMs) seen++;
    this.#toSwitch ??= this.#cursorsSwitchedBy(events.slice(this.#eventsSeen, seen));
    let switches = 0;
    for (let cursor = this.#toSwitch.pop(); cursor; cursor = this.#toSwitch.pop()) {
      if (!this.#switch(cursor, eventMs)) continue;
      if (++switches === REPLAYS_MAX) return false;
    }
    this.#toSwitch = undefined;
    this.#eventsSeen = seen;
    return true;
  }

  /** The cursors of machines that some events start or stop, in reverse order of switching. */
  #cursorsSwitchedBy(events: readonly JournalEvent[]): Cursor[] {
    const touched = new Set<Cursor>();
    for (const event of events) {
      if (event.kind !== 'start' && event.kind !== 'stop') continue;
      for (const id of event.machineIds ?? this.#cursors.keys()) {
        const cursor = this.#cursors.get(id);
        if (cursor) touched.add(cursor);
      }
    }
    return [...touched].reverse();
  }

  /**
   * Starts and stops machines as stories tell at an instant; returns false if some are left for
   * the next call.
   */
  #switchAsTold(toldMs: number): boolean {
    const tS = toldMs / 1000;
    let switches = 0;
    for (const each of this.#toldToSwitch) {
      if (each.nextMs !== toldMs) continue;
      if (switches++ === REPLAYS_MAX) return false;
      const { cursor } = each;
      each.nextMs = 1000 * cursor.running.nextOfStoriesS(tS);
      const wasThere = cursor.isThere;
      const [told] = cursor.running.between(tS, tS + AFTER_S);
      if (!told || (told.isRunning === cursor.isRunning && !told.isNew)) {
        cursor.isThere = cursor.running.isThere(tS + AFTER_S);
        // One that stands and leaves, or comes and stands, says so.
        if (wasThere !== cursor.isThere) this.#statuses.push({ cursor, timeMs: toldMs });
        continue;
      }
      cursor.switch(told);
      this.#statuses.push({ cursor, timeMs: toldMs });
    }
    return true;
  }

  /** Starts or stops a machine; returns false if it is already as the journal says. */
  #switch(cursor: Cursor, eventMs: number): boolean {
    const isToRun = cursor.running.isRunning(eventMs / 1000);
    if (isToRun === cursor.isRunning) return false;
    if (isToRun) cursor.start(eventMs / 1000);
    else cursor.stop(eventMs / 1000);
    this.#statuses.push({ cursor, timeMs: eventMs });
    return true;
  }
}

/**
 * The cursor that another one replaces only because of stories: the machine is described alike, so
 * it has nothing to announce.
 */
function sameButForStories(cursor: Cursor, before: Cursor | undefined): Cursor | undefined {
  if (!before) return undefined;
  const [a, b] = [before.machine, cursor.machine];
  const isSameMachine = a.type === b.type && a.topic === b.topic && a.intervalMs === b.intervalMs;
  const isAlike = isSameMachine && isSame(a.parameters, b.parameters);
  return isAlike && a.story?.key !== b.story?.key ? before : undefined;
}

function newCursor(
  machine: Machine,
  journal: Journal,
  { isTrue, without, hasRegisters = true }: ReaderOptions,
): Cursor {
  // A machine without defects pays nothing for those of others.
  const isSound = isTrue || !machine.story?.hasDefects;
  const cursor = new (isSound ? Cursor : DefectiveCursor)(machine, journal, without);
  if (machine.registerFromS === undefined) return cursor;
  const layer = isTrue && machine.story?.hasDefects ? 'true' : 'told';
  cursor.register = hasRegisters
    ? new Register(machine, journal, {
        newCursor: () => new Cursor(machine, journal, without),
        ...(!isSound && { newWiring: () => new Instruments(machine) }),
        // Totals are remembered of what the machine does, not of what it would do.
        ...(without === undefined && { totals: dayTotals(machine)[layer] }),
      })
    : new UnreadRegister(machine);
  return cursor;
}

/** Creates a reader of some or all machines of a fleet; call `seek` before the first `read`. */
export function createReader(fleet: Fleet, options?: ReaderOptions): Reader {
  return new Reader(fleet, options);
}
