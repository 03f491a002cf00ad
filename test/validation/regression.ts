/** Regression with several drivers, as used for energy baselines. */
import { deviation, mean } from '../../src/core/statistics.ts';

/** The plane that best fits a set of points with several drivers. */
export interface Plane {
  readonly intercept: number;
  /** One per driver, in order. */
  readonly slopes: readonly number[];
  /** Share of the variance of y that the plane explains. */
  readonly r2: number;
  /** Root of the mean square residual, as a share of the mean of y (CV(RMSE)). */
  readonly cvRmse: number;
  /** Residual of each value of y. */
  readonly residuals: readonly number[];
}

/**
 * Ordinary least squares with several drivers: the normal equations about the means, solved by
 * elimination with the largest pivot. NaN if drivers do not vary or depend on each other.
 *
 * @param drivers - One series each, as long as y.
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
