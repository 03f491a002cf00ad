import { setImmediate as turn } from 'node:timers/promises';
import type { Batch } from '../core/batch.ts';
import type { Clock } from '../core/clock.ts';
import type { Problem } from '../core/problem.ts';
import type { DeliveredSink, Gap, Sink, Watermarks } from '../core/sink.ts';
import { settledWithin } from '../runtime/deadline.ts';
import type { Log } from '../runtime/log.ts';
import { sleep } from '../runtime/sleep.ts';
import type { Fleet } from '../simulation/fleet.ts';
import type { SwitchableReader } from '../simulation/fleet-switch-reader.ts';
import type { RowReader } from '../simulation/reader.ts';
import { FleetReceiptReader } from '../simulation/receipt-reader.ts';
import {
  type DeliveryFigures,
  type DeliveryState,
  MessageCounter,
  readingCount,
} from './figures.ts';
import { LagWatch } from './lag-watch.ts';
import { Outages } from './outages.ts';
import { Pace } from './pace.ts';
import { Progress, type ProgressOptions } from './progress.ts';
import { ReadAhead } from './read-ahead.ts';
import { Refusals } from './refusals.ts';
import { LAG_STEP_MS, SpreadReader } from './spread-reader.ts';
import { Watchdog } from './watchdog.ts';
import { spreadWatermarks } from './watermarks.ts';

/** The least by which two instants differ [ms]: a double keeps thousandths for millennia. */
const SHORTEST_MS = 1e-3;
/** The bounds in real time of a tick: live, one simulated second. */
const TICK_MIN_MS = 50;
const TICK_MAX_MS = 1000;
/** If seeking takes longer, a sink without history begins when seeking is done [ms]. */
const SEEK_MAX_MS = 2000;
/** How long stopping waits for what is in flight, with and without a connection [ms]. */
const STOP_MAX_MS = 3000;
const STOP_AWAY_MAX_MS = 200;
/** A sink that acknowledges nothing for this long has stalled [ms]. */
const STALL_MS = 30_000;
/** A stall is reported before a lag that does not shrink, because it says more. */
const NEARER_OF_STALL = 1.5;
const STATUS_INTERVAL_S = 60;

export type { DeliveryFigures } from './figures.ts';

/** What a delivery needs. */
export interface DeliveryOptions extends ProgressOptions {
  readonly fleet: Fleet;
  readonly sink: Sink & Partial<DeliveredSink>;
  readonly clock: Clock;
  /** The latest simulated instant up to which nothing can change any more [ms]. */
  readonly horizonMs: () => number;
  readonly watermarks: Watermarks;
  readonly log: Log;
  /** Called with what catching up leaves out. */
  readonly onGap?: (gap: Gap) => void;
  /** How often the clock has leapt forward; a leap counts as an outage. */
  readonly leaps?: (() => number) | undefined;
  /** How far back a sink catches up after a restart or an outage [ms]; 0: not at all. */
  readonly catchUpMs: number;
  /** Messages a second while the sink is behind; 0: no limit. */
  readonly catchUpRate: number;
  /** Where a sink without a watermark begins [ms]; by default at the horizon. */
  readonly beginMs?: number | undefined;
  /** Where delivery ends [ms]; by default it runs until it is stopped. */
  readonly endMs?: number;
  readonly statusIntervalS?: number;
  /** The reader; by default one of every machine of the fleet. */
  readonly reader?: RowReader;
  /** Whether to spread machines over their intervals: see {@link SpreadReader}. */
  readonly isSpread?: boolean;
  /** Called, once or more, when the first readings are on their way or none is due yet. */
  readonly onBegun?: () => void;
  /** Called with every batch that is read, before the sink gets it. */
  readonly onRead?: (batch: Batch) => void;
  /** How long a write may take without an acknowledgement [ms of real time]; 30 s. */
  readonly stallMs?: number;
  /** How long delivery must succeed before waits after failures are short again [ms]; 30 s. */
  readonly steadyMs?: number;
  /** How long seeking runs before other work gets a turn [ms of real time]; 10 ms. */
  readonly sliceMs?: number;
  /** How far behind the sink may be without catching up [ms of real time]; 30 s. */
  readonly lagMaxMs?: number;
}

/**
 * Delivers a fleet's readings to one sink, in order of receipt, as they fall due: reads up to the
 * horizon, writes, saves the watermark, waits.
 *
 * There is no queue. A batch that fails is written again until the sink accepts it. What falls due
 * meanwhile is read afterwards, the same bytes, so memory stays flat in an outage of any length.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #fleetReader: SwitchableReader;
  readonly #reader: ReadAhead;
  readonly #counter: MessageCounter;
  #pace: Pace;
  readonly #progress: Progress;
  #messagesPerRow: number;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  #readings = 0;
  #messages = 0;
  readonly #outages: Outages;
  readonly #refusals: Refusals;
  readonly #watchdog: Watchdog;
  readonly #lagWatch: LagWatch;
  #connectionsSeen = 0;

  constructor(options: DeliveryOptions) {
    const { fleet, sink, watermarks, log, statusIntervalS = STATUS_INTERVAL_S } = options;
    this.#options = options;
    this.#counter = new MessageCounter(sink);
    const spread = options.isSpread ? new SpreadReader(fleet, { statusIntervalS }) : undefined;
    // What would be without anomalies is compared with no defect of an instrument either.
    const { without } = sink;
    this.#fleetReader =
      spread ??
      new FleetReceiptReader(fleet, { statusIntervalS, ...(without && { without, isTrue: true }) });
    this.#reader = new ReadAhead(options.reader ?? this.#fleetReader, options.sliceMs);
    this.#pace = this.#paceOf(fleet);
    const kept = spread ? spreadWatermarks(watermarks, () => spread.longestLagMs) : watermarks;
    this.#progress = new Progress(sink, kept, log, options);
    this.#messagesPerRow = this.#counter.mostOfRow(fleet.machines);
    const { stallMs = STALL_MS, steadyMs, retryMs, lagMaxMs } = options;
    this.#outages = new Outages(sink.name, log, steadyMs, retryMs);
    this.#refusals = new Refusals(sink.name, log);
    this.#lagWatch = new LagWatch(NEARER_OF_STALL * stallMs, lagMaxMs, log);
    this.#watchdog = new Watchdog(sink, stallMs, this.#outages, this.#refusals);
  }

  /** The simulated instant up to which the sink has everything [ms]; NaN before it begins. */
  get deliveredMs(): number {
    return this.#progress.deliveredMs;
  }

  get figures(): DeliveryFigures {
    const { sink, horizonMs } = this.#options;
    const { failures, lastError, isDown } = this.#outages;
    const lagMs = horizonMs() - this.#progress.deliveredMs || 0;
    return {
      sink: sink.name,
      state: this.#state,
      readings: this.#readings,
      messages: this.#messages,
      bytes: sink.bytesWritten ?? 0,
      failures,
      reconnects: Math.max(0, (sink.connectionCount ?? 0) - 1),
      lagMs,
      isBehind: this.#pace.isBehind,
      isConnected: sink.isConnected ?? !isDown,
      lastError,
      problems: this.#problems(lagMs),
      refused: this.#refusals.list,
      refusedTotal: this.#refusals.total,
    };
  }

  get #state(): DeliveryState {
    const { isDown, isStalled, isLost } = this.#outages;
    if (Number.isNaN(this.#progress.deliveredMs)) return 'starting';
    if (isStalled) return 'stalled';
    if (isDown || (isLost && this.#options.sink.isConnected === false)) return 'down';
    return this.#pace.isBehind ? 'catching-up' : 'live';
  }

  #problems(lagMs: number): readonly Problem[] {
    const { sink, clock } = this.#options;
    const outage = this.#outages.problem(sink.isConnected);
    const lag = outage ? undefined : this.#lagWatch.problem(sink.name, lagMs / clock.speed);
    return [outage, lag, this.#refusals.problem].filter((problem) => problem !== undefined);
  }

  /** Continues with another fleet, see {@link FleetReceiptReader.follow}. */
  follow(fleet: Fleet, fromMs: number): void {
    const { isBehind } = this.#pace;
    this.#pace = this.#paceOf(fleet);
    this.#pace.isBehind = isBehind;
    this.#messagesPerRow = Math.max(this.#messagesPerRow, this.#counter.mostOfRow(fleet.machines));
    this.#fleetReader.follow(fleet, fromMs);
    const topics = new Set(fleet.machines.map(({ topic }) => topic));
    this.#refusals.keepOnly((topic) => topics.has(topic));
  }

  /**
   * Delivers until the end, a stop or an aborted signal. Rejects only if the simulation itself
   * fails.
   */
  run(signal?: AbortSignal): Promise<void> {
    const abort = () => this.#abort.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    this.#running ??= this.#deliver().finally(() => signal?.removeEventListener('abort', abort));
    return this.#running;
  }

  /**
   * Stops, waiting up to three seconds for what is in flight. Close the sink after this: it ends a
   * write that still hangs, and {@link run} with it.
   */
  async stop(): Promise<void> {
    this.#abort.abort();
    const isAway = this.#options.sink.isConnected === false;
    await settledWithin(this.#running, isAway ? STOP_AWAY_MAX_MS : STOP_MAX_MS);
    await this.#saveLast();
  }

  /** Saves how far the sink is, unless it does so itself: a write may still be in flight. */
  async #saveLast(): Promise<void> {
    if (!this.#options.sink.keepsWatermark) await this.#progress.save();
  }

  #paceOf({ machines }: Fleet): Pace {
    const { sink, catchUpRate, statusIntervalS = STATUS_INTERVAL_S } = this.#options;
    const livePerS = this.#counter.perSimulatedS(machines, statusIntervalS);
    return new Pace(catchUpRate, livePerS, sink.batchRows);
  }

  async #deliver(): Promise<void> {
    const { clock, horizonMs, leaps, onBegun, endMs = Number.POSITIVE_INFINITY } = this.#options;
    const { signal } = this.#abort;
    const isReady = await this.#begin();
    let leapsSeen = leaps?.();
    while (isReady && !signal.aborted && this.#progress.deliveredMs < endMs) {
      const untilMs = Math.min(horizonMs(), endMs);
      if (leapsSeen !== leaps?.()) {
        leapsSeen = leaps?.();
        await this.#skipGap(this.#progress.deliveredMs);
        await this.#progress.save();
        continue;
      }
      if (this.#progress.deliveredMs >= untilMs) {
        onBegun?.();
        await clock.until(this.#nextTickMs(), signal);
        continue;
      }
      this.#observe(untilMs);
      const rows = this.#pace.rows(clock.speed, this.#messagesPerRow);
      const batch = this.#read(untilMs, rows);
      const written = batch.length === 0 || this.#write(batch);
      onBegun?.();
      await this.#reader.prepare(untilMs, rows);
      if (!(await written)) break;
      this.#progress.reach(batch.untilMs);
      this.#announceAnew();
      await this.#progress.saveIfDue(batch.length > 0);
      await this.#rest(batch);
    }
    await this.#saveLast();
  }

  #read(untilMs: number, rows: number): Batch {
    const batch = this.#reader.read(untilMs, rows);
    this.#options.onRead?.(batch);
    return batch;
  }

  /** Seeks the sink's watermark or its beginning; false if delivery was stopped meanwhile. */
  async #begin(): Promise<boolean> {
    const { sink, horizonMs, beginMs, log } = this.#options;
    const saved = await this.#progress.load(this.#abort.signal);
    if (this.#abort.signal.aborted) return false;
    const nowMs = horizonMs();
    if (saved && saved.timeMs > nowMs) {
      const fields = { sink: sink.name, until: timeText(saved.timeMs) };
      log.warn(fields, `${sink.name} has readings of the future and gets the next after those`);
    }
    this.#progress.liveFromMs = saved?.liveFromMs ?? nowMs;
    this.#progress.deliveredMs = saved?.timeMs ?? beginMs ?? nowMs;
    const isGap = saved !== undefined && this.#gapEndMs(saved.timeMs) !== undefined;
    const startMs = performance.now();
    if (!isGap) await this.#reader.seek(this.#progress.deliveredMs, this.#abort.signal);
    const isLate = performance.now() - startMs > SEEK_MAX_MS;
    if (saved) await this.#skipGap(saved.timeMs);
    if (this.#abort.signal.aborted) return false;
    if (isLate && !saved && beginMs === undefined && !(await this.#join())) return false;
    // Persist the start now, so that a sink that is unreachable from the start catches up from here
    // even after a restart.
    await this.#progress.save();
    return true;
  }

  /**
   * Skips what has fallen due while many machines were sought, which a sink without history does
   * not need. False if delivery was stopped meanwhile.
   */
  async #join(): Promise<boolean> {
    const { horizonMs, clock } = this.#options;
    const lateMaxMs = SEEK_MAX_MS * Math.max(1, clock.speed);
    while (horizonMs() - this.#progress.deliveredMs > lateMaxMs) {
      const batch = this.#read(horizonMs(), this.#pace.rows(clock.speed, this.#messagesPerRow));
      this.#progress.reach(batch.untilMs);
      await turn();
      if (this.#abort.signal.aborted) return false;
    }
    this.#progress.liveFromMs = this.#progress.deliveredMs;
    this.#reader.announce();
    return true;
  }

  /** The end of the gap of a sink that has everything up to `fromMs`, if that is too far back. */
  #gapEndMs(fromMs: number): number | undefined {
    const { horizonMs, catchUpMs } = this.#options;
    const toMs = horizonMs() - catchUpMs;
    return toMs > fromMs && fromMs >= this.#progress.liveFromMs ? toMs : undefined;
  }

  /** Skips what lies further back than `catchUpMs`, but nothing of the sink's history. */
  async #skipGap(fromMs: number): Promise<void> {
    const { sink, log, onGap } = this.#options;
    const toMs = this.#gapEndMs(fromMs);
    if (toMs === undefined) return;
    await this.#reader.seek(toMs, this.#abort.signal);
    this.#progress.deliveredMs = toMs;
    this.#connectionsSeen = sink.connectionCount ?? 0;
    const fields = { sink: sink.name, from: timeText(fromMs), to: timeText(toMs) };
    log.warn(fields, `${sink.name} was away for longer than CATCH_UP: this is left out`);
    onGap?.({ sink: sink.name, fromMs, toMs });
  }

  /** Writes a batch until the sink accepts it; false if delivery was stopped before. */
  async #write(batch: Batch): Promise<boolean> {
    const outages = this.#outages;
    const { signal } = this.#abort;
    for (let isTaken = false; !isTaken; ) {
      if (outages.isDown || outages.isLost) await sleep(outages.waitMs(), signal);
      if (signal.aborted) return false;
      try {
        await this.#watchdog.write(batch);
        isTaken = true;
      } catch (error) {
        // Closing a sink aborts its write; that is no outage.
        if (signal.aborted) return false;
        outages.failed(error);
      }
    }
    this.#readings += readingCount(batch);
    this.#messages += this.#counter.ofBatch(batch);
    const wasDown = outages.isDown;
    outages.ended();
    if (wasDown) await this.#skipGap(batch.untilMs);
    return true;
  }

  /** Reports all statuses again after a reconnection. */
  #announceAnew(): void {
    const { connectionCount = 0 } = this.#options.sink;
    const isNew = connectionCount !== this.#connectionsSeen;
    if (isNew && this.#connectionsSeen > 0) this.#reader.announce();
    this.#connectionsSeen = connectionCount;
  }

  #observe(horizonMs: number): void {
    const { sink, clock, log } = this.#options;
    const lagMs = horizonMs - this.#progress.deliveredMs;
    this.#lagWatch.observe(lagMs / clock.speed);
    if (!this.#pace.observe(lagMs / clock.speed)) return;
    const fields = { sink: sink.name, behindS: Math.round(lagMs / 1000) };
    if (this.#pace.isBehind) log.info(fields, `${sink.name} is behind and catches up`);
    else log.info(fields, `${sink.name} has caught up`);
  }

  /** When there will be something to read, in simulated time. */
  #nextTickMs(): number {
    const { clock, isSpread } = this.#options;
    const { speed } = clock;
    // At a very low speed the sum with an instant would be that instant, and nobody would wait.
    const shortestMs = Math.max(SHORTEST_MS, TICK_MIN_MS * speed);
    if (isSpread) {
      const stepMs = LAG_STEP_MS * Math.ceil(shortestMs / LAG_STEP_MS);
      const nextMs = (Math.floor(this.#progress.deliveredMs / stepMs) + 1) * stepMs;
      return nextMs > clock.nowMs() ? nextMs : clock.nowMs() + shortestMs;
    }
    const tickMs = speed < 1 ? TICK_MAX_MS * speed : 1000 * Math.ceil(shortestMs / 1000);
    const nextMs = (Math.floor(this.#progress.deliveredMs / tickMs) + 1) * tickMs;
    return Math.max(nextMs, clock.nowMs() + shortestMs);
  }

  /** Waits as the pace requires, and gives other work a turn in any case. */
  async #rest(batch: Batch): Promise<void> {
    const { speed } = this.#options.clock;
    const waitMs = this.#pace.waitMs(this.#counter.ofBatch(batch), speed, performance.now());
    await sleep(waitMs, this.#abort.signal);
  }
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
