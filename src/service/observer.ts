import { setImmediate as turn } from 'node:timers/promises';
import { Batch, SEPARATE, STATUS } from '../core/batch.ts';
import type { Clock } from '../core/clock.ts';
import type { Machine } from '../core/factory.ts';
import { OFFLINE } from '../core/field.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import { inTurns } from '../runtime/turns.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { FleetReceiptReader } from '../simulation/receipt-reader.ts';
import { DailyTotals } from './daily-totals.ts';
import type { EventLog } from './event-log.ts';

/** Rows read before the event loop gets a turn: a few milliseconds. */
const BATCH_ROWS = 1024;
/** How far before its start it searches for each machine's last reading [ms]. */
const LOOK_BACK_MAX_MS = 60_000;
/** Shortest pause between two reads, in real time [ms]. */
const PAUSE_MS = 100;

/** The last reading of a machine, and its totals since the observer first saw it. */
export interface Observation {
  /** Time of the last reading [ms]; NaN before the first. */
  readonly timeMs: number;
  /** Index into OPERATING_MODES. */
  readonly mode: number;
  readonly powerKw: number;
  /** Packed as in a {@link Batch}. */
  readonly alerts: number;
  readonly faults: number;
  readonly readings: number;
  /** Total over all carriers that the machine consumes. */
  readonly energyKwh: number;
  readonly productionCount: number;
}

type Tally = { -readonly [K in keyof Observation]: Observation[K] };

/** Called with every batch that the observer reads; the observer owns the batch. */
export type Listener = (batch: Batch) => void;

/** Leaps of the clock: the observer skips the same spans as sinks do. */
export interface Leaps {
  /** Number of times the clock has leapt forward. */
  readonly leaps: () => number;
  readonly catchUpMs: number;
}

/**
 * An additional reader that follows the horizon and remembers the last reading of each machine. A
 * reading costs it a few additions; nothing is encoded or copied.
 *
 * For a very large fleet it does not read itself, but receives the batches read for a sink ({@link
 * Observer.take}): half the memory, and one seek per machine. It then lags with that sink.
 */
export class Observer {
  /** Totals of each machine since midnight. */
  readonly dailyTotals = new DailyTotals();
  readonly #eventLog: EventLog;
  readonly #clock: Clock;
  readonly #statusIntervalS: number;
  readonly #leaps: Leaps | undefined;
  /** By machine id, so that a machine keeps its totals when its description changes. */
  readonly #tallies = new Map<string, Tally>();
  readonly #listeners = new Set<Listener>();
  readonly #next: { readonly fleet: Fleet; readonly fromMs: number }[] = [];
  #fleet: Fleet;
  #beganMs = Number.POSITIVE_INFINITY;
  #timeMs = Number.NaN;
  #readingsTotal = 0;

  constructor(
    fleet: Fleet,
    eventLog: EventLog,
    clock: Clock,
    statusIntervalS: number,
    leaps?: Leaps,
  ) {
    this.#leaps = leaps;
    this.#fleet = fleet;
    this.#eventLog = eventLog;
    this.#clock = clock;
    this.#statusIntervalS = statusIntervalS;
    for (const { id } of fleet.machines) this.#tallies.set(id, emptyTally());
  }

  /** The instant up to which it has read [ms]; NaN until it has read every machine. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** Number of readings of all machines since the observer started. */
  get readingsTotal(): number {
    return this.#readingsTotal;
  }

  /** The observation of a machine; empty for one that has just been added. */
  of({ id }: Machine): Observation {
    return this.#tallies.get(id) ?? emptyTally();
  }

  /** Records a batch that was read for a sink, instead of reading with `run`. */
  take(batch: Batch): void {
    if (this.#beganMs === Number.POSITIVE_INFINITY) this.#beganMs = this.#eventLog.horizonMs();
    this.#changeNow(batch.untilMs);
    this.#show(batch);
    this.#timeMs = batch.untilMs;
  }

  /**
   * Switches to another fleet after an instant that it has not passed, instead of those that were
   * to come at that instant or later.
   */
  follow(fleet: Fleet, fromMs: number): void {
    while ((this.#next.at(-1)?.fromMs ?? fromMs - 1) >= fromMs) this.#next.pop();
    this.#next.push({ fleet, fromMs });
  }

  /** Calls `listener` with every batch from now on, until the function returned is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Follows the horizon until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    this.#beganMs = this.#eventLog.horizonMs();
    const longestMs = this.#fleet.machines.reduce((ms, each) => Math.max(ms, each.intervalMs), 0);
    this.dailyTotals.begin(this.#fleet.machines, this.#beganMs);
    // Far enough back to see the last reading of each machine.
    const fromMs = this.#beganMs - Math.min(longestMs, LOOK_BACK_MAX_MS);
    const reader = await this.#readerFrom(fromMs, signal);
    if (signal.aborted) return;
    const restored = this.dailyTotals.restore(this.#fleet, this.#beganMs, signal);
    await Promise.all([this.#keepUp(reader, signal), restored]);
  }

  async #keepUp(begun: FleetReceiptReader, signal: AbortSignal): Promise<void> {
    const batch = new Batch(BATCH_ROWS);
    let reader = begun;
    let leapsSeen = this.#leaps?.leaps();
    const restoring: Promise<void>[] = [];
    while (!signal.aborted) {
      const horizonMs = this.#eventLog.horizonMs();
      if (leapsSeen !== this.#leaps?.leaps()) {
        leapsSeen = this.#leaps?.leaps();
        const toMs = horizonMs - (this.#leaps?.catchUpMs ?? 0);
        if (toMs > this.#timeMs) {
          reader = await this.#leap(toMs, signal);
          restoring.push(this.dailyTotals.restore(this.#fleet, toMs, signal));
        }
      }
      for (;;) {
        const next = this.#next[0];
        await this.#read(reader, Math.min(horizonMs, next?.fromMs ?? horizonMs), batch, signal);
        if (!next || horizonMs < next.fromMs || signal.aborted) break;
        this.#changeNow(next.fromMs);
        reader.follow(next.fleet, next.fromMs);
      }
      this.#timeMs = horizonMs;
      await this.#eventLog.settled();
      const pauseMs = Math.max(1000, Math.floor((this.#clock.speed * PAUSE_MS) / 1000) * 1000);
      await this.#clock.until(horizonMs + pauseMs, signal);
    }
    await Promise.all(restoring);
  }

  /**
   * Starts a new reader at an instant: reading a year skipped by a wrong clock would take hours.
   */
  #leap(toMs: number, signal: AbortSignal): Promise<FleetReceiptReader> {
    this.#changeNow(toMs);
    this.dailyTotals.begin(this.#fleet.machines, toMs);
    return this.#readerFrom(toMs, signal);
  }

  /** A reader of the current fleet: its listeners get rows in order of receipt. */
  async #readerFrom(timeMs: number, signal: AbortSignal): Promise<FleetReceiptReader> {
    const statusIntervalS = this.#statusIntervalS;
    const reader = new FleetReceiptReader(this.#fleet, { statusIntervalS });
    await inTurns(reader.seeking(timeMs, true), signal);
    return reader;
  }

  /** Switches to the fleet in effect at an instant. */
  #changeNow(timeMs: number): void {
    for (let next = this.#next[0]; next && next.fromMs <= timeMs; next = this.#next[0]) {
      this.#next.shift();
      this.#know(next.fleet);
    }
  }

  #know(fleet: Fleet): void {
    const { byId } = fleet;
    this.#fleet = fleet;
    for (const id of this.#tallies.keys()) {
      if (byId.has(id)) continue;
      this.#tallies.delete(id);
      this.dailyTotals.forget(id);
    }
    for (const id of byId.keys()) if (!this.#tallies.has(id)) this.#tallies.set(id, emptyTally());
  }

  async #read(
    reader: FleetReceiptReader,
    untilMs: number,
    batch: Batch,
    signal: AbortSignal,
  ): Promise<void> {
    for (let isDone = false; !isDone && !signal.aborted; ) {
      isDone = reader.read(untilMs, batch);
      this.#show(batch);
      batch.clear();
      if (!isDone) await turn();
    }
  }

  #show(batch: Batch): void {
    this.#count(batch);
    for (const listener of this.#listeners) listener(batch);
  }

  #count(batch: Batch): void {
    for (let row = 0; row < batch.length; row++) {
      const { id, type } = batch.machines[row] as Machine;
      const tally = this.#tallies.get(id);
      // The last status of a machine that has left; its totals are gone already.
      if (!tally) continue;
      const isMade = batch.isMade(row);
      // What comes late or again says nothing new of the machine.
      if (!isMade && ((batch.flags[row] as number) & STATUS) === 0) continue;
      const at = row * ROW_WIDTH;
      const truth = batch.trueValues;
      tally.mode = truth[at + type.modeColumn] as number;
      tally.alerts = batch.alerts[row] as number;
      tally.faults = batch.faults[row] as number;
      if (!isMade) {
        if (((batch.flags[row] as number) & SEPARATE) === 0) tally.powerKw = 0;
        continue;
      }
      tally.timeMs = batch.timesMs[row] as number;
      tally.powerKw = truth[at + type.electricityColumn] as number;
      if (tally.timeMs <= this.#beganMs) continue;
      tally.readings++;
      this.#readingsTotal++;
      tally.energyKwh += type.energyTakenKwh(truth, at);
      if (type.productionColumn >= 0)
        tally.productionCount += truth[at + type.productionColumn] as number;
      this.dailyTotals.add(batch, row);
    }
  }
}

function emptyTally(): Tally {
  return {
    timeMs: Number.NaN,
    mode: OFFLINE,
    powerKw: 0,
    alerts: 0,
    faults: 0,
    readings: 0,
    energyKwh: 0,
    productionCount: 0,
  };
}
