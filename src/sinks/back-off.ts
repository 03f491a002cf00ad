/** The first and the longest wait before something that failed is tried again [ms]. */
const FIRST_MS = 200;
const LONGEST_MS = 5000;
/** Share by which a wait may be shorter, so that many clients do not return at once. */
const JITTER_SHARE = 0.2;

/** How long to wait before the next attempt: twice as long each time, from 0.2 s up to 5 s. */
export class BackOff {
  #nextMs = FIRST_MS;

  /** The wait after one more failure [ms]. */
  nextMs(): number {
    const waitMs = this.#nextMs * (1 - JITTER_SHARE * Math.random());
    this.#nextMs = Math.min(2 * this.#nextMs, LONGEST_MS);
    return Math.round(waitMs);
  }

  /** Begins anew after a success. */
  reset(): void {
    this.#nextMs = FIRST_MS;
  }
}
