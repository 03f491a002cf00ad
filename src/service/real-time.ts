import type { Problem } from '../core/problem.ts';
import { secondText } from '../encoding/time.ts';
import type { Log } from '../runtime/log.ts';

/** A wall clock that moves this much relative to the monotonic clock was set, not slewed [ms]. */
export const STEP_MIN_MS = 5000;
/** A clock that was set forward is trusted after this time without another step [ms]. */
const HOLD_MS = 60_000;
/** The time is read every second; after a longer gap than this, the process was paused [ms]. */
const PAUSE_MIN_MS = 20_000;

/** Where real time comes from, and when a change of it is trusted. */
export interface RealTimeOptions {
  readonly log: Log;
  /** How long a clock that was set forward must be stable [ms]. */
  readonly holdMs?: number;
  readonly wallMs?: () => number;
  readonly monotonicMs?: () => number;
}

/** The state of the clock that simulated time follows. */
export interface ClockState {
  /** The current problem, if any. */
  readonly problem: Problem | undefined;
  /** Number of times it was set, forward or back, since the start. */
  readonly steps: number;
}

/**
 * The real time that simulated time follows: the wall clock, compared with the monotonic clock at
 * every reading, so that a step is noticed before anything is read or published because of it.
 *
 * After a step forward, time stands still until the clock has proved stable: if a wrong clock is
 * corrected meanwhile, nothing of the future has been published. A step back is trusted at once,
 * since nothing is published because of it. A suspended computer looks like a step forward if the
 * monotonic clock stops during suspension, and like a long pause if it does not.
 */
export class RealTime implements ClockState {
  readonly #log: Log;
  readonly #holdMs: number;
  readonly #wallMs: () => number;
  readonly #monotonicMs: () => number;
  /** Wall clock minus monotonic clock when it was last read [ms]. */
  #offsetMs: number;
  #readMs: number;
  #held: Hold | undefined;
  #steps = 0;
  #leaps = 0;

  constructor(options: RealTimeOptions) {
    const { log, holdMs = HOLD_MS, wallMs = Date.now } = options;
    const { monotonicMs = () => performance.now() } = options;
    this.#log = log;
    this.#holdMs = holdMs;
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
    this.#readMs = monotonicMs();
    this.#offsetMs = wallMs() - this.#readMs;
  }

  get problem(): Problem | undefined {
    return this.#held?.problem;
  }

  get steps(): number {
    return this.#steps;
  }

  /**
   * Number of times that time has jumped ahead. The span that was skipped is an outage, and
   * `CATCH_UP` determines how much of it is delivered.
   */
  get leaps(): number {
    return this.#leaps;
  }

  /** Real time, as far as it is trusted [ms since the epoch]. */
  nowMs(): number {
    const monotonicMs = this.#monotonicMs();
    const wallMs = this.#wallMs();
    const pausedMs = monotonicMs - this.#readMs;
    const expectedMs = monotonicMs + this.#offsetMs;
    const lastMs = this.#readMs + this.#offsetMs;
    this.#readMs = monotonicMs;
    this.#offsetMs = wallMs - monotonicMs;
    if (Math.abs(wallMs - expectedMs) > STEP_MIN_MS) this.#step(expectedMs, wallMs);
    else if (pausedMs > PAUSE_MIN_MS) this.#pause(lastMs, wallMs);
    if (this.#held && monotonicMs >= this.#held.untilMs) {
      this.#held = undefined;
      this.#leaps++;
      this.#log.info(
        { time: secondText(wallMs) },
        'the clock has proved stable; delivery continues',
      );
    }
    return this.#held?.realMs ?? wallMs;
  }

  #step(expectedMs: number, wallMs: number): void {
    this.#steps++;
    const trustedOffsetMs = this.#held?.trustedOffsetMs ?? expectedMs - this.#readMs;
    const isAhead = this.#offsetMs - trustedOffsetMs > STEP_MIN_MS;
    const change = stepText(expectedMs, wallMs);
    const reason = isAhead
      ? `${change}; readings wait until it has been stable for ${this.#holdMs / 1000} s`
      : change;
    this.#log.warn({ from: secondText(expectedMs), to: secondText(wallMs) }, reason);
    this.#held = isAhead
      ? {
          realMs: this.#held?.realMs ?? expectedMs,
          trustedOffsetMs,
          untilMs: this.#readMs + this.#holdMs,
          problem: { part: 'clock', reason, sinceMs: wallMs },
        }
      : undefined;
  }

  #pause(fromMs: number, toMs: number): void {
    this.#leaps++;
    const seconds = Math.round((toMs - fromMs) / 1000);
    this.#log.warn(
      { from: secondText(fromMs), to: secondText(toMs) },
      `nothing ran for ${seconds} s: the computer was suspended, or the process stopped or blocked`,
    );
  }
}

/** A step forward that is not trusted yet. */
interface Hold {
  /** The instant at which time is held [ms]. */
  readonly realMs: number;
  /** Wall clock minus monotonic clock before the step [ms]. */
  readonly trustedOffsetMs: number;
  /** When the clock has proved stable [ms, monotonic]. */
  readonly untilMs: number;
  readonly problem: Problem;
}

/** Describes a step of a clock, with both instants. */
export function stepText(fromMs: number, toMs: number, clock = 'the clock'): string {
  const way = toMs > fromMs ? 'forward' : 'back';
  const seconds = Math.round(Math.abs(toMs - fromMs) / 1000);
  return `${clock} went ${way} by ${seconds} s, from ${secondText(fromMs)} to ${secondText(toMs)}`;
}
