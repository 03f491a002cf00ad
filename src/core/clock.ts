/** Simulated time as a function of real time: the only place where the two meet. */
export interface Clock {
  /** Simulated seconds a real second. */
  readonly speed: number;
  /** The simulated instant now [ms since the epoch]. */
  nowMs(): number;
  /** Settles when simulated time has reached `timeMs`, or when `signal` is aborted. */
  until(timeMs: number, signal?: AbortSignal): Promise<void>;
}
