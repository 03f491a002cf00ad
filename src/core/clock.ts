/** Maps real time to simulated time: the only place where the two meet. */
export interface Clock {
  /** Simulated seconds per real second. */
  readonly speed: number;
  /** Current simulated time [ms since the epoch]. */
  nowMs(): number;
  /** Resolves when simulated time has reached `timeMs` or when `signal` is aborted. */
  until(timeMs: number, signal?: AbortSignal): Promise<void>;
}
