/** The first and the longest wait before retrying [ms]. */
const FIRST_MS = 200;
const LONGEST_MS = 5000;
/** Share by which a wait may be longer, so that many clients do not return at the same time. */
const JITTER_SHARE = 0.2;
/** After working for this long, the next failure is retried quickly again [ms]. */
export const STEADY_MS = 30_000;

/**
 * The waits between attempts: from 0.2 s, doubling up to 5 s. Neither a connection nor a first
 * success resets them, because many peers accept a client and then drop it.
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

  /** The wait after another failure [ms]. */
  nextMs(): number {
    const waitMs = this.#nextMs * (1 + JITTER_SHARE * Math.random());
    this.#nextMs = Math.min(2 * this.#nextMs, LONGEST_MS);
    this.#worksSinceMs = undefined;
    return Math.round(waitMs);
  }

  /** Records a success. @returns Whether it has worked long enough to reset the waits. */
  works(): boolean {
    const nowMs = performance.now();
    this.#worksSinceMs ??= nowMs;
    if (nowMs - this.#worksSinceMs < this.#steadyMs) return false;
    this.#nextMs = this.#firstMs;
    return true;
  }
}
