import { type AdjustableClock, InstantClock } from '../../service/clock.ts';
import type { ClockRecord } from '../../store/clock-table.ts';
import type { SharedHorizon } from '../../store/horizon-table.ts';

/**
 * Simulated time in a process of a cluster. It goes from one closed second to the next, as the
 * shared horizon says: whoever waits for an instant waits until it may be read, and where the
 * database is away time stands still for all.
 */
export class SharedClock implements AdjustableClock {
  readonly #time = new InstantClock(Number.NEGATIVE_INFINITY);
  #record: ClockRecord;
  /** The database's clock when the record was read [ms], and ours [ms, of `performance.now`]. */
  #realMs: number;
  #heardMs = performance.now();

  constructor({ clock, realMs }: Pick<SharedHorizon, 'clock' | 'realMs'>) {
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

  /** Takes over how time runs. */
  hear({ clock, realMs }: Pick<SharedHorizon, 'clock' | 'realMs'>): void {
    this.#record = clock;
    this.#realMs = realMs;
    this.#heardMs = performance.now();
  }

  /** Goes on to an instant that is closed. */
  advanceTo(closedMs: number): void {
    this.#time.advanceTo(closedMs);
  }

  /** Real time until an instant has come [ms]. */
  realMsUntil(timeMs: number): number {
    const { simulatedMs, realMs, speed } = this.#record;
    const nowMs = this.#realMs + performance.now() - this.#heardMs;
    return realMs + (timeMs - simulatedMs) / speed - nowMs;
  }

  /** @throws Error always: a shared clock is changed by an event of the journal. */
  setSpeed(): never {
    throw new Error('the clock of a cluster is changed by an event');
  }
}
