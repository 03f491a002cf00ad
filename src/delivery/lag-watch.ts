import type { Problem } from '../core/problem.ts';

/** A sink that is farther behind than this has to come nearer [ms of real time]. */
const LAG_MAX_MS = 30_000;
/** And that within this time [ms]. */
const NEARER_MS = 30_000;

/** Whether a sink that is behind comes nearer: one that only falls back is a problem. */
export class LagWatch {
  readonly #nearerMs: number;
  #leastMs = Number.POSITIVE_INFINITY;
  #leastAtMs = performance.now();

  /** @param nearerMs - How long it may take to come nearer. */
  constructor(nearerMs = NEARER_MS) {
    this.#nearerMs = nearerMs;
  }

  /** Takes note of how far it is behind [ms of real time]. */
  observe(lagMs: number): void {
    if (lagMs > LAG_MAX_MS && lagMs >= this.#leastMs) return;
    this.#leastMs = lagMs > LAG_MAX_MS ? lagMs : Number.POSITIVE_INFINITY;
    this.#leastAtMs = performance.now();
  }

  /** What to say of one that is too far behind and has not come nearer for a while. */
  problem(sinkName: string, lagMs: number): Problem | undefined {
    const forMs = performance.now() - this.#leastAtMs;
    if (!(lagMs > LAG_MAX_MS) || forMs < this.#nearerMs) return undefined;
    const reason = `it is ${Math.round(lagMs / 1000)} s behind and does not catch up`;
    return { part: sinkName, reason, sinceMs: Date.now() - Math.round(forMs) };
  }
}
