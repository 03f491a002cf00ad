import type { Problem } from '../core/problem.ts';
import { secondText } from '../encoding/time.ts';
import type { Log } from '../runtime/log.ts';

/** A wall clock that moves this much against the monotonic one was set, not slewed [ms]. */
export const STEP_MIN_MS = 5000;
/** A clock that went forward is believed after so long without another step [ms]. */
const HOLD_MS = 60_000;
/** The time is read every second; longer than this without a reading, nothing ran at all [ms]. */
const PAUSE_MIN_MS = 20_000;

/** Where real time comes from, and how much of it is believed at once. */
export interface RealTimeOptions {
  readonly log: Log;
  /** How long a clock that went forward has to prove stable [ms]. */
  readonly holdMs?: number;
  readonly wallMs?: () => number;
  readonly monotonicMs?: () => number;
}

/** How the clock that simulated time follows behaves. */
export interface ClockState {
  /** What is wrong with it now. */
  readonly problem: Problem | undefined;
  /** How often it was set, forward or back, since the start. */
  readonly steps: number;
}

/**
 * Real time for simulated time to follow: the wall clock, compared with the monotonic one whenever
 * it is read, so that a step is noticed before anything is read or published because of it.
 *
 * After a step forward time stands still until the clock has proved stable: a wrong clock that is
 * set right again has then published nothing of the future. A step back is believed at once, since
 * nothing is published because of it. A suspended computer looks like a step forward where the
 * monotonic clock stands meanwhile, and like a long pause where it does not.
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
   * How often time has gone on elsewhere than it stood: what lies between is an outage, and
   * `CATCH_UP` says how much of it is delivered.
   */
  get leaps(): number {
    return this.#leaps;
  }

  /** Real time as far as it is believed [ms since the epoch]. */
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
      this.#log.info({ time: secondText(wallMs) }, 'the clock has proved stable: delivery goes on');
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

/** A step forward that is not believed yet. */
interface Hold {
  /** Where time stands [ms]. */
  readonly realMs: number;
  /** Wall clock minus monotonic clock before the step [ms]. */
  readonly trustedOffsetMs: number;
  /** When the clock has proved stable [ms, monotonic]. */
  readonly untilMs: number;
  readonly problem: Problem;
}

/** Says that a clock was set, with both instants. */
export function stepText(fromMs: number, toMs: number, clock = 'the clock'): string {
  const way = toMs > fromMs ? 'forward' : 'back';
  const seconds = Math.round(Math.abs(toMs - fromMs) / 1000);
  return `${clock} went ${way} by ${seconds} s, from ${secondText(fromMs)} to ${secondText(toMs)}`;
}
