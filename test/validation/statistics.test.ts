import assert from 'node:assert/strict';
import test from 'node:test';
import {
  autocorrelation,
  deviation,
  extremes,
  leastSquares,
  mean,
  percentiles,
  regression,
} from '../../src/validation/statistics.ts';

test('mean and deviation are those of a whole population', () => {
  assert.equal(mean([2, 4, 4, 4, 5, 5, 7, 9]), 5);
  assert.equal(deviation([2, 4, 4, 4, 5, 5, 7, 9]), 2);
  assert.equal(deviation([3]), 0);
});

test('nothing has no mean, no deviation and no percentile', () => {
  assert.ok(Number.isNaN(mean([])));
  assert.ok(Number.isNaN(deviation([])));
  assert.ok(Number.isNaN(percentiles([], [0.5])[0]));
});

test('percentiles lie linearly between the two nearest values, whatever their order', () => {
  assert.deepEqual(percentiles([40, 10, 30, 20], [0, 0.5, 1]), [10, 25, 40]);
  assert.deepEqual(percentiles([7], [0.01, 0.99]), [7, 7]);
});

test('a wave is one with itself after a whole period, and its opposite after half of one', () => {
  const wave = Array.from({ length: 8000 }, (_, i) => Math.sin((2 * Math.PI * i) / 8));
  assert.equal(autocorrelation(wave, 0), 1);
  assert.ok(Math.abs(autocorrelation(wave, 8) - 1) < 0.01);
  assert.ok(Math.abs(autocorrelation(wave, 4) + 1) < 0.01);
  assert.ok(Number.isNaN(autocorrelation([1, 1, 1], 1)), 'what does not vary has none');
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

test('least squares explains nothing where y does not follow x', () => {
  assert.deepEqual(leastSquares([1, 2, 3], [1, 2, 1]), { slope: 0, intercept: 4 / 3, r2: 0 });
  assert.ok(Number.isNaN(leastSquares([1, 1], [1, 2]).slope), 'one x is no line');
});

test('extremes say where something is missing', () => {
  assert.deepEqual(extremes([3, -1, 2]), [-1, 3]);
  assert.ok(extremes([1, Number.NaN]).some(Number.isNaN));
});

test('regression finds the plane that points lie on, whatever the order of its drivers', () => {
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

test('regression on one driver is least squares, and its residuals add up to nothing', () => {
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
