/** One bucket of a quantity over time. */
export interface Bucket {
  /** The middle of the bucket [ms since the epoch]. */
  readonly timeMs: number;
  /** NaN if there is no value. */
  readonly least: number;
  readonly mean: number;
  readonly most: number;
}

/**
 * A quantity over a window in buckets of equal width; it keeps every peak, however long the window
 * is.
 */
export class Envelope {
  readonly #fromMs: number;
  readonly #widthMs: number;
  readonly #least: Float64Array;
  readonly #most: Float64Array;
  readonly #sum: Float64Array;
  readonly #weight: Float64Array;

  constructor(fromMs: number, toMs: number, length: number) {
    this.#fromMs = fromMs;
    this.#widthMs = (toMs - fromMs) / length;
    this.#least = new Float64Array(length).fill(Number.POSITIVE_INFINITY);
    this.#most = new Float64Array(length).fill(Number.NEGATIVE_INFINITY);
    this.#sum = new Float64Array(length);
    this.#weight = new Float64Array(length);
  }

  /**
   * Adds the mean of an interval that ends at `timeMs`; the weight is the length of the interval.
   */
  add(timeMs: number, value: number, weight: number): void {
    const last = this.#sum.length - 1;
    const bucket = Math.ceil((timeMs - this.#fromMs) / this.#widthMs) - 1;
    const i = Math.max(0, Math.min(last, bucket));
    if (value < (this.#least[i] as number)) this.#least[i] = value;
    if (value > (this.#most[i] as number)) this.#most[i] = value;
    this.#sum[i] = (this.#sum[i] as number) + value * weight;
    this.#weight[i] = (this.#weight[i] as number) + weight;
  }

  /** The buckets that have values, in order of time. */
  get buckets(): readonly Bucket[] {
    return Array.from(this.#sum, (sum, i) => ({
      timeMs: this.#fromMs + (i + 0.5) * this.#widthMs,
      least: this.#least[i] as number,
      mean: sum / (this.#weight[i] as number),
      most: this.#most[i] as number,
    })).filter(({ mean }) => !Number.isNaN(mean));
  }
}
