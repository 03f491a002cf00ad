import type { Output } from '../outputs/output.ts';
import { LAG_STEP_MS } from './spread-reader.ts';

/** How readings are published, to outputs that are paced. */
export interface Publishing {
  /** Whether machines are spread over their intervals. */
  readonly isSpread: boolean;
  /** Messages a second while a sink is behind; 0: no limit. */
  readonly catchUpRate: number;
}

/**
 * How deliveries to an output are paced.
 *
 * @param closedMs - The latest instant up to which no event can happen any more [simulated ms].
 */
export function pacing(
  { isPaced }: Pick<Output, 'isPaced'>,
  publishing: Publishing,
  closedMs: () => number,
): Publishing & { readonly horizonMs: () => number } {
  const isSpread = isPaced && publishing.isSpread;
  const stepMs = isSpread ? LAG_STEP_MS : 1000;
  return {
    isSpread,
    catchUpRate: isPaced ? publishing.catchUpRate : 0,
    horizonMs: () => Math.floor(closedMs() / stepMs) * stepMs,
  };
}

/** Rows of a batch, unless a rate requires smaller ones or a sink prefers larger ones. */
const ROWS_MAX = 4096;
/** How far behind a sink must be to count as behind, and how near to have caught up [ms]. */
const BEHIND_MS = 5000;
const CAUGHT_UP_MS = 1500;
/** The part of a limited rate that goes out at once [s]: what a broker's queue can hold. */
const SLICE_S = 0.1;
/** Catching up runs at least this many times faster than live, or it would never end. */
const LIVE_FACTOR = 2;

/**
 * How fast a sink is written: live as readings fall due, and at a limited rate while it is behind,
 * because brokers drop acknowledged messages that a slow subscriber has not taken.
 */
export class Pace {
  isBehind = false;
  readonly #catchUpRate: number;
  readonly #livePerSimulatedS: number;
  readonly #rowsMax: number;
  /** When the next messages may go out [ms of `performance.now`]. */
  #nextMs = 0;

  /**
   * @param catchUpRate - Messages a second while behind; 0: no limit.
   * @param livePerSimulatedS - Messages in a simulated second of live delivery.
   * @param rowsMax - Rows of a batch that no rate limits.
   */
  constructor(catchUpRate: number, livePerSimulatedS: number, rowsMax = ROWS_MAX) {
    this.#catchUpRate = catchUpRate;
    this.#livePerSimulatedS = livePerSimulatedS;
    this.#rowsMax = rowsMax;
  }

  /**
   * Records how far behind the sink is, in real time.
   *
   * @returns Whether that changed `isBehind`.
   */
  observe(lagMs: number): boolean {
    const wasBehind = this.isBehind;
    this.isBehind = lagMs > (wasBehind ? CAUGHT_UP_MS : BEHIND_MS);
    return this.isBehind !== wasBehind;
  }

  /** Messages that may go out in a real second; infinite without a limit. */
  rate(speed: number): number {
    if (!this.isBehind || this.#catchUpRate === 0) return Number.POSITIVE_INFINITY;
    return Math.max(this.#catchUpRate, LIVE_FACTOR * this.#livePerSimulatedS * speed);
  }

  /** Rows of a batch that the rate allows at once. */
  rows(speed: number, messagesPerRow: number): number {
    const sliceRows = Math.ceil((this.rate(speed) * SLICE_S) / messagesPerRow);
    return Math.min(sliceRows, this.#rowsMax);
  }

  /** Records messages that went out, and returns how long to wait before the next [ms]. */
  waitMs(messages: number, speed: number, nowMs: number): number {
    const rate = this.rate(speed);
    if (rate === Number.POSITIVE_INFINITY) return 0;
    const spentMs = (1000 * messages) / rate;
    // Do not make up for a late start by going faster afterwards.
    this.#nextMs = Math.max(this.#nextMs, nowMs - 1000 * SLICE_S) + spentMs;
    return Math.max(0, this.#nextMs - nowMs);
  }
}
