import type { Problem } from '../../core/problem.ts';
import { secondText } from '../../encoding/time.ts';
import type { Log } from '../../runtime/log.ts';
import { type AdjustableClock, InstantClock } from '../../service/clock.ts';
import { type ClockState, STEP_MIN_MS, stepText } from '../../service/real-time.ts';
import type { SharedHorizon } from '../../store/cluster/horizon-table.ts';
import type { ClockRecord } from '../../store/tables.ts';

/** How long a step of the database's clock stays visible as a problem [ms]. */
const SHOWN_MS = 60_000;
/** How far the horizon may be ahead of the database's clock before it counts as a problem [ms]. */
const AHEAD_MIN_MS = 1000;

/**
 * A reading of the database's clock, with the times of the query and of the answer [ms, of
 * `performance.now`].
 */
export interface ClockSample extends Pick<SharedHorizon, 'clock' | 'realMs'> {
  readonly askedMs?: number;
  readonly heardMs?: number;
}

/**
 * Simulated time in a process of a cluster. It advances from one closed second to the next with
 * the shared horizon: waiting for an instant means waiting until it may be read. While the
 * database is unreachable, time stands still for all processes.
 *
 * Real time is the database's. A step of its clock is logged and shown, but readings follow it.
 */
export class SharedClock implements AdjustableClock, ClockState {
  readonly #time = new InstantClock(Number.NEGATIVE_INFINITY);
  #record: ClockRecord;
  /** The database's clock when the record was read [ms], and ours [ms, of `performance.now`]. */
  #realMs: number;
  #syncedMs: number;
  readonly #log: Log | undefined;
  #steps = 0;
  #step: (Problem & { readonly untilMs: number }) | undefined;

  constructor({ clock, realMs, heardMs = performance.now() }: ClockSample, log?: Log) {
    this.#log = log;
    this.#syncedMs = heardMs;
    this.#record = clock;
    this.#realMs = realMs;
  }

  get speed(): number {
    return this.#record.speed;
  }

  nowMs(): number {
    return this.#time.nowMs();
  }

  until(timeMs: number, signal?: AbortSignal): Promise<void> {
    return this.#time.until(timeMs, signal);
  }

  /** Adopts the database's clock. */
  sync({ clock, realMs, heardMs = performance.now(), askedMs = heardMs }: ClockSample): void {
    // The answer dates from some instant between the query and its arrival.
    const earliestMs = this.#realMs + askedMs - this.#syncedMs;
    const latestMs = this.#realMs + heardMs - this.#syncedMs;
    if (realMs > latestMs + STEP_MIN_MS) this.#reportStep(latestMs, realMs, heardMs);
    else if (realMs < earliestMs - STEP_MIN_MS) this.#reportStep(earliestMs, realMs, heardMs);
    this.#record = clock;
    this.#realMs = realMs;
    this.#syncedMs = heardMs;
  }

  get steps(): number {
    return this.#steps;
  }

  get problem(): Problem | undefined {
    const closedMs = this.nowMs();
    const aheadMs = this.realMsUntil(closedMs);
    if (aheadMs > AHEAD_MIN_MS && Number.isFinite(aheadMs)) {
      const reason =
        "the cluster is ahead of the database's clock and waits until " +
        `${secondText(closedMs)} of simulated time; to continue now, correct the clock of the ` +
        'database server';
      const sinceMs = this.#step?.sinceMs ?? this.#realMs;
      return { part: 'clock', reason, sinceMs };
    }
    return this.#step && performance.now() < this.#step.untilMs ? this.#step : undefined;
  }

  #reportStep(expectedMs: number, realMs: number, heardMs: number): void {
    this.#steps++;
    const reason = stepText(expectedMs, realMs, "the database's clock");
    this.#log?.warn({ from: secondText(expectedMs), to: secondText(realMs) }, reason);
    this.#step = { part: 'clock', reason, sinceMs: realMs, untilMs: heardMs + SHOWN_MS };
  }

  /** Advances to a closed instant. */
  advanceTo(closedMs: number): void {
    this.#time.advanceTo(closedMs);
  }

  /** Real time until an instant is reached [ms]. */
  realMsUntil(timeMs: number): number {
    const { simulatedMs, realMs, speed } = this.#record;
    const nowMs = this.#realMs + performance.now() - this.#syncedMs;
    return realMs + (timeMs - simulatedMs) / speed - nowMs;
  }

  /** @throws Error always: only an event of the journal changes a shared clock. */
  setSpeed(): never {
    throw new Error('only an event changes the clock of a cluster');
  }
}
