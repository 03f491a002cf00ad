import type { Clock } from '../core/clock.ts';
import { sleep } from '../runtime/sleep.ts';
import type { ClockRecord } from '../store/tables.ts';

/**
 * Longest sleep before the time is checked again [ms]. Timers stop while the host is suspended and
 * cannot be set beyond 2³¹ ms, so none is trusted for longer than this.
 */
const SLEEP_MAX_MS = 1000;

/** A clock whose speed can be changed while it runs. */
export interface AdjustableClock extends Clock {
  /**
   * Changes the speed from now on. Simulated time does not jump: it continues from its current
   * value.
   *
   * @returns How simulated time maps to real time from now on.
   * @throws RangeError for a speed that is not a positive number.
   */
  setSpeed(speed: number): ClockRecord;
}

/** Options of a {@link RealClock}. */
export interface RealClockOptions {
  /** Simulated seconds per real second. */
  readonly speed?: number;
  /** The simulated instant at `realStartMs`; equal to real time, if not given. */
  readonly startMs?: number;
  /** The real instant at which simulated time begins; now, if not given. */
  readonly realStartMs?: number;
  /** Source of real time, for tests of clock steps. */
  readonly realNowMs?: () => number;
}

/** Simulated time that follows real time, with its own speed and start. */
export class RealClock implements AdjustableClock {
  #speed: number;
  #startMs: number;
  #realStartMs: number;
  readonly #realNowMs: () => number;

  /** @throws RangeError for a speed that is not a positive number. */
  constructor(options: RealClockOptions = {}) {
    const { speed = 1, realNowMs = Date.now } = options;
    this.#speed = checkedSpeed(speed);
    this.#realNowMs = realNowMs;
    this.#realStartMs = options.realStartMs ?? realNowMs();
    this.#startMs = options.startMs ?? this.#realStartMs;
  }

  get speed(): number {
    return this.#speed;
  }

  nowMs(): number {
    return Math.floor(this.#startMs + (this.#realNowMs() - this.#realStartMs) * this.#speed);
  }

  /** The current mapping of simulated time to real time. */
  get record(): ClockRecord {
    return { simulatedMs: this.#startMs, realMs: this.#realStartMs, speed: this.#speed };
  }

  setSpeed(speed: number): ClockRecord {
    const realMs = this.#realNowMs();
    this.#startMs += (realMs - this.#realStartMs) * this.#speed;
    this.#realStartMs = realMs;
    this.#speed = checkedSpeed(speed);
    return this.record;
  }

  async until(timeMs: number, signal?: AbortSignal): Promise<void> {
    while (!signal?.aborted) {
      const restMs = (timeMs - this.nowMs()) / this.#speed;
      if (!(restMs > 0)) return;
      await sleep(Math.min(Math.ceil(restMs), SLEEP_MAX_MS), signal);
    }
  }
}

/** Simulated time that moves only by `advanceTo`: for tests, and for work that need not wait. */
export class InstantClock implements AdjustableClock {
  #speed = 1;
  #nowMs: number;
  readonly #waiting = new Set<{ readonly timeMs: number; readonly settle: () => void }>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  get speed(): number {
    return this.#speed;
  }

  setSpeed(speed: number): ClockRecord {
    this.#speed = checkedSpeed(speed);
    return { simulatedMs: this.#nowMs, realMs: this.#nowMs, speed };
  }

  /** Moves time forward to an instant and wakes all that wait for it or for an earlier one. */
  advanceTo(timeMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, timeMs);
    for (const waiter of [...this.#waiting]) if (waiter.timeMs <= this.#nowMs) waiter.settle();
  }

  until(timeMs: number, signal?: AbortSignal): Promise<void> {
    if (timeMs <= this.#nowMs || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = () => {
        this.#waiting.delete(waiter);
        signal?.removeEventListener('abort', settle);
        resolve();
      };
      const waiter = { timeMs, settle };
      this.#waiting.add(waiter);
      signal?.addEventListener('abort', settle);
    });
  }
}

function checkedSpeed(speed: number): number {
  if (speed > 0 && Number.isFinite(speed)) return speed;
  throw new RangeError(`a clock's speed is a positive number, not ${speed}`);
}
