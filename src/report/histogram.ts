/** Bins of a histogram: they resolve a value to a thousandth of the largest. */
const BINS = 2048;
/** Initial width of a bin: smaller than any value that matters. */
const FIRST_WIDTH = 2 ** -30;

/** The share of the time for which a value was reached or exceeded. */
export interface DurationPoint {
  /** 0 to 1. */
  readonly share: number;
  readonly value: number;
}

/**
 * The distribution of a quantity over time, in constant memory. The bins double their width when a
 * value lies beyond the last one; no value may be negative.
 */
export class Histogram {
  readonly #weights = new Float64Array(BINS);
  #width = FIRST_WIDTH;
  #total = 0;
  #least = Number.POSITIVE_INFINITY;
  #most = Number.NEGATIVE_INFINITY;

  /** Adds a value that held for the duration `weight`. */
  add(value: number, weight: number): void {
    while (value >= this.#width * BINS) this.#widen();
    const bin = Math.max(0, Math.floor(value / this.#width));
    this.#weights[bin] = (this.#weights[bin] as number) + weight;
    this.#total += weight;
    if (value < this.#least) this.#least = value;
    if (value > this.#most) this.#most = value;
  }

  /** The largest value; −∞ if there is none. */
  get most(): number {
    return this.#most;
  }

  /** The curve from the largest value, reached for no time, to the smallest, which always held. */
  durationCurve(): DurationPoint[] {
    if (this.#total === 0) return [];
    const points: DurationPoint[] = [{ share: 0, value: this.#most }];
    let weight = 0;
    let isGap = false;
    for (let bin = BINS - 1; bin >= 0; bin--) {
      const own = this.#weights[bin] as number;
      if (own > 0) {
        // Empty bins lie before this one, so the curve falls to the upper edge of this bin.
        if (isGap) points.push(this.#point(weight, bin + 1));
        weight += own;
        points.push(this.#point(weight, bin));
      }
      isGap = own === 0;
    }
    points[points.length - 1] = { share: 1, value: this.#least };
    return points;
  }

  #point(weight: number, edge: number): DurationPoint {
    const value = Math.min(this.#most, Math.max(this.#least, edge * this.#width));
    return { share: weight / this.#total, value };
  }

  #widen(): void {
    const weights = this.#weights;
    for (let bin = 0; bin < BINS; bin++)
      weights[bin] =
        bin < BINS / 2 ? (weights[2 * bin] as number) + (weights[2 * bin + 1] as number) : 0;
    this.#width *= 2;
  }
}
