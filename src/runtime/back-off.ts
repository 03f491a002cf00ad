/** The first wait before something that failed is tried again, and the longest [ms]. */
const FIRST_MS = 200;
const LONGEST_MS = 5000;
/** Share by which a wait may be longer, so that many clients do not return at once. */
const JITTER_SHARE = 0.2;
/** What has worked for so long without a failure is trusted to fail again at once [ms]. */
export const STEADY_MS = 30_000;

/**
 * How long to wait before the next attempt: twice as long each time, from 0.2 s up to 5 s. Neither
 * a connection nor a first success begins it anew, since many a peer takes a client and ends it.
 */
export class BackOff {
  readonly #steadyMs: number;
  readonly #firstMs: number;
  #nextMs: number;
  #worksSinceMs: number | undefined;

  /**
   * @param steadyMs - How long it has to work before waits are short again.
   * @param firstMs - The first wait; 0: never wait, only let others have a turn.
   */
  constructor(steadyMs = STEADY_MS, firstMs = FIRST_MS) {
    this.#steadyMs = steadyMs;
    this.#firstMs = firstMs;
    this.#nextMs = firstMs;
  }

  /** The wait after one more failure [ms]. */
  nextMs(): number {
    const waitMs = this.#nextMs * (1 + JITTER_SHARE * Math.random());
    this.#nextMs = Math.min(2 * this.#nextMs, LONGEST_MS);
    this.#worksSinceMs = undefined;
    return Math.round(waitMs);
  }

  /**
   * Takes note of a success.
   *
   * @returns Whether it has worked for so long that waits begin anew.
   */
  works(): boolean {
    const nowMs = performance.now();
    this.#worksSinceMs ??= nowMs;
    if (nowMs - this.#worksSinceMs < this.#steadyMs) return false;
    this.#nextMs = this.#firstMs;
    return true;
  }
}
