import type { Problem } from '../core/problem.ts';
import type { Log } from '../runtime/log.ts';

/** A sink that is farther behind than this has to come nearer [ms of real time]. */
const LAG_MAX_MS = 30_000;
/** And that within this time [ms]: longer than a write may stall, which says more. */
const NEARER_MS = 45_000;

/** Whether a sink that is behind comes nearer: one that only falls back is a problem. */
export class LagWatch {
  readonly #nearerMs: number;
  readonly #lagMaxMs: number;
  readonly #log: Log | undefined;
  #leastMs = Number.POSITIVE_INFINITY;
  #leastAtMs = performance.now();
  /** Whether the log has it, of the time that it is too far behind. */
  #isSaid = false;

  /**
   * @param nearerMs - How long it may take to come nearer.
   * @param lagMaxMs - How far it may be behind without coming nearer [ms of real time].
   */
  constructor(nearerMs = NEARER_MS, lagMaxMs = LAG_MAX_MS, log?: Log) {
    this.#nearerMs = nearerMs;
    this.#lagMaxMs = lagMaxMs;
    this.#log = log;
  }

  /** Takes note of how far it is behind [ms of real time]. */
  observe(lagMs: number): void {
    const isFar = lagMs > this.#lagMaxMs;
    if (isFar && lagMs >= this.#leastMs) return;
    this.#leastMs = isFar ? lagMs : Number.POSITIVE_INFINITY;
    this.#leastAtMs = performance.now();
    if (!isFar) this.#isSaid = false;
  }

  /** The problem of one that is too far behind and has not come nearer for a while. */
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

/** Says how far behind a sink is that does not come nearer. */
export function behindText(lagMs: number): string {
  return `it is ${Math.round(lagMs / 1000)} s behind and does not catch up`;
}
