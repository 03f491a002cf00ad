/** Arithmetic mean; NaN for no values. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
}

/** Population standard deviation; NaN for no values, 0 for one. */
export function deviation(values: ArrayLike<number>): number {
  const middle = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const difference = (values[i] as number) - middle;
    sum += difference * difference;
  }
  return Math.sqrt(sum / values.length);
}

/**
 * Percentiles, interpolated linearly between the two nearest values (Hyndman, Fan, The American
 * Statistician 50 (1996) 361, definition 7); NaN for no values.
 *
 * @param shares - Each from 0, the smallest value, to 1, the largest.
 */
export function percentiles(values: ArrayLike<number>, shares: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  return shares.map((share) => {
    const position = share * (sorted.length - 1);
    const below = Math.floor(position);
    const a = sorted[below] ?? Number.NaN;
    const b = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN;
    return a + (b - a) * (position - below);
  });
}

/** The straight line y = intercept + slope · x that best fits a set of points. */
export interface Line {
  readonly intercept: number;
  readonly slope: number;
  /** Share of the variance of y that the line explains. */
  readonly r2: number;
}

/** Ordinary least squares with one variable; NaN if x does not vary. */
export function leastSquares(x: ArrayLike<number>, y: ArrayLike<number>): Line {
  const middleX = mean(x);
  const middleY = mean(y);
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i++) {
    const dx = (x[i] as number) - middleX;
    const dy = (y[i] as number) - middleY;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  const slope = xy / xx;
  return { slope, intercept: middleY - slope * middleX, r2: (xy * xy) / (xx * yy) };
}

/** Smallest and largest value; ±∞ for no values, NaN if any value is NaN. */
export function extremes(values: ArrayLike<number>): [least: number, most: number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    least = Math.min(least, values[i] as number);
    most = Math.max(most, values[i] as number);
  }
  return [least, most];
}
