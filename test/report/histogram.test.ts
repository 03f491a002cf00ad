import assert from 'node:assert/strict';
import test from 'node:test';
import { Histogram } from '../../src/report/histogram.ts';

/** The smallest share of the time at which a curve is at or below a value. */
function valueAt(histogram: Histogram, share: number): number {
  const point = histogram.durationCurve().findLast((each) => each.share <= share);
  return (point as { value: number }).value;
}

test('a duration curve falls from the largest value, held for no time, to the smallest', () => {
  const histogram = new Histogram();
  // A compressor that is loaded for one hour of four, unloaded for two and off for one.
  for (const [powerKw, hours] of [
    [55, 1],
    [15, 2],
    [0, 1],
  ] as const)
    histogram.add(powerKw, hours);
  const curve = histogram.durationCurve();
  assert.deepEqual(curve[0], { share: 0, value: 55 });
  assert.deepEqual(curve.at(-1), { share: 1, value: 0 });
  assert.equal(histogram.most, 55);
  const shares = curve.map(({ share }) => share);
  assert.deepEqual([...new Set(shares)], [0, 0.25, 0.75, 1]);
  for (const [share, powerKw] of [
    [0.25, 15],
    [0.75, 0],
    [1, 0],
  ] as const)
    assert.ok(Math.abs(valueAt(histogram, share) - powerKw) < 0.1, `${share}`);
  for (let i = 1; i < curve.length; i++)
    assert.ok((curve[i]?.value ?? 0) <= (curve[i - 1]?.value ?? 0), 'it never rises');
});

test('values are accurate to two thousandths, whatever their size and order', () => {
  for (const scale of [0.01, 1, 1e6]) {
    const histogram = new Histogram();
    for (let i = 0; i <= 10_000; i++) histogram.add((scale * ((i * 7919) % 10_001)) / 10_000, 1);
    for (const share of [0.1, 0.5, 0.9])
      assert.ok(Math.abs(valueAt(histogram, share) / scale - (1 - share)) < 0.002, `${share}`);
  }
});

test('no values have no duration curve', () => {
  assert.deepEqual(new Histogram().durationCurve(), []);
});
