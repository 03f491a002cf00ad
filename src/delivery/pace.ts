/** Rows of a batch, unless a rate asks for smaller ones or a sink for larger ones. */
const ROWS_MAX = 4096;
/** A sink this far behind is behind, until it has come this near [ms of real time]. */
const BEHIND_MS = 5000;
const CAUGHT_UP_MS = 1500;
/** While the rate is limited, so much of it goes out at once [s]: what a broker's queue bears. */
const SLICE_S = 0.1;
/**
 * Catching up is faster than time passes by at least this factor, or it would never end: an outage
 * is made up for in as long again.
 */
const LIVE_FACTOR = 2;

/**
 * How fast a sink is written to: live as readings fall due, and behind at a limited rate, since
 * brokers drop what a slow subscriber has not taken after they have acknowledged it.
 */
export class Pace {
  isBehind = false;
  readonly #catchUpRate: number;
  readonly #livePerSimulatedS: number;
  readonly #rowsMax: number;
  /** Real time before which nothing more may go out [ms, of `performance.now`]. */
  #nextMs = 0;

  /**
   * @param catchUpRate - Messages a second while behind; 0: no limit.
   * @param livePerSimulatedS - Messages in a simulated second while it is in time.
   * @param rowsMax - Rows of a batch where no rate asks for fewer.
   */
  constructor(catchUpRate: number, livePerSimulatedS: number, rowsMax = ROWS_MAX) {
    this.#catchUpRate = catchUpRate;
    this.#livePerSimulatedS = livePerSimulatedS;
    this.#rowsMax = rowsMax;
  }

  /**
   * Takes note of how far the sink is behind, in real time.
   *
   * @returns Whether that changed `isBehind`.
   */
  observe(lagMs: number): boolean {
    const wasBehind = this.isBehind;
    this.isBehind = lagMs > (wasBehind ? CAUGHT_UP_MS : BEHIND_MS);
    return this.isBehind !== wasBehind;
  }

  /** Messages a real second that may go out now; infinite if there is no limit. */
  rate(speed: number): number {
    if (!this.isBehind || this.#catchUpRate === 0) return Number.POSITIVE_INFINITY;
    return Math.max(this.#catchUpRate, LIVE_FACTOR * this.#livePerSimulatedS * speed);
  }

  /** Rows of a batch that the rate allows to go out at once. */
  rows(speed: number, messagesPerRow: number): number {
    const sliceRows = Math.ceil((this.rate(speed) * SLICE_S) / messagesPerRow);
    return Math.min(sliceRows, this.#rowsMax);
  }

  /** Takes note of messages that went out, and says how long to wait before the next [ms]. */
  waitMs(messages: number, speed: number, nowMs: number): number {
    const rate = this.rate(speed);
    if (rate === Number.POSITIVE_INFINITY) return 0;
    const spentMs = (1000 * messages) / rate;
    // A late start is not made up for by going faster afterwards.
    this.#nextMs = Math.max(this.#nextMs, nowMs - 1000 * SLICE_S) + spentMs;
    return Math.max(0, this.#nextMs - nowMs);
  }
}
