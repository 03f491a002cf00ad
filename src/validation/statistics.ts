/** Arithmetic mean; NaN of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
}

/** Standard deviation of a whole population; NaN of nothing, 0 of one value. */
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
 * Values below which the given shares of all lie, linear between the two nearest in order
 * (Hyndman, Fan, The American Statistician 50 (1996) 361, definition 7); NaN of nothing.
 *
 * @param shares - Each 0, the smallest, to 1, the largest.
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

/** Correlation of a series with itself `lag` places later; NaN where it does not vary. */
export function autocorrelation(values: ArrayLike<number>, lag: number): number {
  const middle = mean(values);
  let product = 0;
  let square = 0;
  for (let i = 0; i < values.length; i++) {
    const difference = (values[i] as number) - middle;
    square += difference * difference;
    if (i + lag < values.length) product += difference * ((values[i + lag] as number) - middle);
  }
  return product / square;
}

/** The straight line y = intercept + slope · x that lies nearest to a cloud of points. */
export interface Line {
  readonly intercept: number;
  readonly slope: number;
  /** Share of y's variance that the line explains. */
  readonly r2: number;
}

/** Ordinary least squares with one driver; NaN where x does not vary. */
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

/** The plane that lies nearest to a cloud of points of several drivers. */
export interface Plane {
  readonly intercept: number;
  /** One for each driver, in their order. */
  readonly slopes: readonly number[];
  /** Share of y's variance that the plane explains. */
  readonly r2: number;
  /** Root of the mean square residual, as a share of the mean of y (CV(RMSE)). */
  readonly cvRmse: number;
  /** What is left of each value of y. */
  readonly residuals: readonly number[];
}

/**
 * Ordinary least squares with some drivers: the normal equations about the means, solved by
 * elimination with the largest pivot. NaN where drivers do not vary, or one follows from others.
 *
 * @param drivers - A series each, as long as y.
 */
export function regression(drivers: readonly ArrayLike<number>[], y: ArrayLike<number>): Plane {
  const middles = drivers.map(mean);
  const middleY = mean(y);
  const apart = (i: number, row: number) => (drivers[i]?.[row] as number) - (middles[i] as number);
  const rows = Array.from({ length: y.length }, (_, row) => row);
  const sum = (term: (row: number) => number) => rows.reduce((total, row) => total + term(row), 0);
  const equations = drivers.map((_x, i) => [
    ...drivers.map((_other, j) => sum((row) => apart(i, row) * apart(j, row))),
    sum((row) => apart(i, row) * ((y[row] as number) - middleY)),
  ]);
  const slopes = solved(equations);
  const residuals = rows.map((row) =>
    slopes.reduce((left, slope, i) => left - slope * apart(i, row), (y[row] as number) - middleY),
  );
  const unexplained = residuals.reduce((total, each) => total + each * each, 0);
  const variance = deviation(y) * deviation(y) * y.length;
  return {
    intercept: slopes.reduce((left, slope, i) => left - slope * (middles[i] as number), middleY),
    slopes,
    r2: 1 - unexplained / variance,
    cvRmse: Math.sqrt(unexplained / y.length) / middleY,
    residuals,
  };
}

/** Solves linear equations, each a row of coefficients with its right side last. */
function solved(equations: number[][]): number[] {
  for (let i = 0; i < equations.length; i++) {
    const rest = equations.slice(i);
    const best = rest.reduce((a, b) =>
      Math.abs(b[i] as number) > Math.abs(a[i] as number) ? b : a,
    );
    const at = equations.indexOf(best, i);
    [equations[i], equations[at]] = [best, equations[i] as number[]];
    for (const row of equations) {
      if (row === best) continue;
      const share = (row[i] as number) / (best[i] as number);
      for (let j = i; j < row.length; j++)
        row[j] = (row[j] as number) - share * (best[j] as number);
    }
  }
  return equations.map((row, i) => (row.at(-1) as number) / (row[i] as number));
}

/** Smallest and largest of some values; ±∞ of nothing, NaN where one is. */
export function extremes(values: ArrayLike<number>): [least: number, most: number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    least = Math.min(least, values[i] as number);
    most = Math.max(most, values[i] as number);
  }
  return [least, most];
}
