import assert from 'node:assert/strict';
import test from 'node:test';
import { leastSquares } from '../../src/core/statistics.ts';
import { regression } from './regression.ts';

test('regression finds the plane of the points, whatever the order of its drivers', () => {
  const [a, b] = [
    [0, 1, 2, 5, 3],
    [4, -1, 7, 2, 2],
  ];
  const y = a.map((each, i) => 18 + 0.59 * each - 3 * (b[i] as number));
  for (const drivers of [
    [a, b],
    [b, a],
  ]) {
    const { intercept, slopes, r2, cvRmse } = regression(drivers, y);
    assert.ok(Math.abs(intercept - 18) < 1e-12 && Math.abs(r2 - 1) < 1e-12 && cvRmse < 1e-12);
    const expected = drivers[0] === a ? [0.59, -3] : [-3, 0.59];
    for (const [i, slope] of slopes.entries())
      assert.ok(Math.abs(slope - (expected[i] as number)) < 1e-12);
  }
});

test('regression on one driver is least squares, and its residuals add up to zero', () => {
  const [x, y] = [
    [1, 2, 3, 4],
    [2, 1, 4, 3],
  ];
  const line = leastSquares(x, y);
  const { intercept, slopes, r2, residuals } = regression([x], y);
  assert.ok(Math.abs(intercept - line.intercept) < 1e-12);
  assert.ok(Math.abs((slopes[0] as number) - line.slope) < 1e-12 && Math.abs(r2 - line.r2) < 1e-12);
  assert.ok(Math.abs(residuals.reduce((sum, each) => sum + each)) < 1e-12);
});
