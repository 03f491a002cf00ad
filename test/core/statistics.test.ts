import assert from 'node:assert/strict';
import test from 'node:test';
import { deviation, extremes, leastSquares, mean, percentiles } from '../../src/core/statistics.ts';

test('mean and standard deviation are those of a whole population', () => {
  assert.equal(mean([2, 4, 4, 4, 5, 5, 7, 9]), 5);
  assert.equal(deviation([2, 4, 4, 4, 5, 5, 7, 9]), 2);
  assert.equal(deviation([3]), 0);
});

test('no values have no mean, no deviation and no percentile', () => {
  assert.ok(Number.isNaN(mean([])));
  assert.ok(Number.isNaN(deviation([])));
  assert.ok(Number.isNaN(percentiles([], [0.5])[0]));
});

test('percentiles are interpolated linearly, whatever the order of the values', () => {
  assert.deepEqual(percentiles([40, 10, 30, 20], [0, 0.5, 1]), [10, 25, 40]);
  assert.deepEqual(percentiles([7], [0.01, 0.99]), [7, 7]);
});

test('least squares finds the line that points lie on', () => {
  const x = [0, 1, 2, 5];
  const line = leastSquares(
    x,
    x.map((each) => 18 + 0.59 * each),
  );
  assert.ok(Math.abs(line.intercept - 18) < 1e-12 && Math.abs(line.slope - 0.59) < 1e-12);
  assert.ok(Math.abs(line.r2 - 1) < 1e-12);
});

test('least squares explains nothing if y does not depend on x', () => {
  assert.deepEqual(leastSquares([1, 2, 3], [1, 2, 1]), { slope: 0, intercept: 4 / 3, r2: 0 });
  assert.ok(Number.isNaN(leastSquares([1, 1], [1, 2]).slope), 'one x is no line');
});

test('extremes are NaN if a value is missing', () => {
  assert.deepEqual(extremes([3, -1, 2]), [-1, 3]);
  assert.ok(extremes([1, Number.NaN]).some(Number.isNaN));
});
