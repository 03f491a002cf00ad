import type { Problem } from '../core/problem.ts';
import type { Log } from '../runtime/log.ts';

/** A sink that is further behind than this must be catching up [ms of real time]. */
const LAG_MAX_MS = 30_000;
/** The time in which it must have caught up a little [ms]: longer than a write may stall. */
const NEARER_MS = 45_000;

/** Watches whether a sink that is behind catches up: one that only falls back is a problem. */
export class LagWatch {
  readonly #nearerMs: number;
  readonly #lagMaxMs: number;
  readonly #log: Log | undefined;
  #leastMs = Number.POSITIVE_INFINITY;
  #leastAtMs = performance.now();
  /** Whether this time of being too far behind has been logged. */
  #isSaid = false;

  /**
   * @param nearerMs - How long the sink may take to catch up a little.
   * @param lagMaxMs - How far behind it may be without catching up [ms of real time].
   */
  constructor(nearerMs = NEARER_MS, lagMaxMs = LAG_MAX_MS, log?: Log) {
    this.#nearerMs = nearerMs;
    this.#lagMaxMs = lagMaxMs;
    this.#log = log;
  }

  /** Records how far behind the sink is [ms of real time]. */
  observe(lagMs: number): void {
    const isFar = lagMs > this.#lagMaxMs;
    if (isFar && lagMs >= this.#leastMs) return;
    this.#leastMs = isFar ? lagMs : Number.POSITIVE_INFINITY;
    this.#leastAtMs = performance.now();
    if (!isFar) this.#isSaid = false;
  }

  /** The problem of a sink that is too far behind and has not been catching up. */
  problem(sinkName: string, lagMs: number): Problem | undefined {
    this.observe(lagMs);
    const forMs = performance.now() - this.#leastAtMs;
    if (!(lagMs > this.#lagMaxMs) || forMs < this.#nearerMs) return undefined;
    const reason = behindText(lagMs);
    if (!this.#isSaid)
      this.#log?.warn({ sink: sinkName, reason }, `${sinkName} is behind and does not catch up`);
    this.#isSaid = true;
    return { part: sinkName, reason, sinceMs: Date.now() - Math.round(forMs) };
  }
}

/** The reason to report for a sink that does not catch up. */
export function behindText(lagMs: number): string {
  return `it is ${Math.round(lagMs / 1000)} s behind and does not catch up`;
}
