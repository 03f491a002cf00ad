import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DECIMALS_MAX, NUMBER_BYTES_MAX, writeDecimal } from '../../src/encoding/decimal.ts';

const decimalsBetween = (max: number) => fc.integer({ min: 0, max });
const texts = new TextDecoder();

function written(value: number, decimals: number): string {
  const bytes = new Uint8Array(NUMBER_BYTES_MAX + 7);
  const end = writeDecimal(new DataView(bytes.buffer), 0, value, decimals);
  return texts.decode(bytes.subarray(0, end));
}

function expected(value: number, decimals: number): string {
  const scale = Number(`1e${decimals}`);
  // The product of a large value may be off by a half, so its whole part goes separately.
  const whole = Math.abs(value * scale) < 2 ** 51 ? 0 : Math.trunc(value);
  return JSON.stringify((whole * scale + Math.round((value - whole) * scale)) / scale);
}

describe('a decimal', () => {
  it('is the text of JSON.stringify for the rounded value, for any value', () => {
    fc.assert(
      fc.property(fc.double(), decimalsBetween(DECIMALS_MAX), (value, decimals) => {
        assert.equal(written(value, decimals), expected(value, decimals));
      }),
      { numRuns: 2000 },
    );
  });

  it('is that text for the values that machines report', () => {
    const reported = fc.double({ min: -3e6, max: 3e6, noNaN: true });
    fc.assert(
      fc.property(reported, decimalsBetween(DECIMALS_MAX), (value, decimals) => {
        assert.equal(written(value, decimals), expected(value, decimals));
        assert.equal(written(value / 1000, decimals), expected(value / 1000, decimals));
      }),
      { numRuns: 5000 },
    );
  });

  it('reads back as the value that was rounded to its digits beforehand', () => {
    const units = fc.integer({ min: -999_999_999_999, max: 999_999_999_999 });
    fc.assert(
      fc.property(units, decimalsBetween(DECIMALS_MAX), (count, decimals) => {
        const value = count / Number(`1e${decimals}`) + 0;
        assert.equal(JSON.parse(written(value, decimals)), value);
      }),
      { numRuns: 2000 },
    );
  });

  it('is correct for every fraction of three digits', () => {
    for (let i = 0; i < 1000; i++) {
      assert.equal(written(7 + i / 1000, 3), String((7000 + i) / 1000));
      assert.equal(written(i / 1e6, 6), JSON.stringify(i / 1e6));
    }
  });

  it('has no trailing zeros and no point without digits', () => {
    assert.equal(written(1.5, 3), '1.5');
    assert.equal(written(1.25, 6), '1.25');
    assert.equal(written(400, 2), '400');
    assert.equal(written(10, 0), '10');
  });

  it('keeps inner zeros', () => {
    assert.equal(written(1000.001, 3), '1000.001');
    assert.equal(written(1_000_000.05, 2), '1000000.05');
    assert.equal(written(0.000001, 6), '0.000001');
    assert.equal(written(2_000_000_000, 0), '2000000000');
  });

  it('is null if there is no number', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      assert.equal(written(value, 2), 'null');
  });

  it('has no negative zero', () => {
    assert.equal(written(-0, 2), '0');
    assert.equal(written(-0.001, 2), '0');
    assert.equal(written(-0.01, 2), '-0.01');
  });

  it('is correct below and above the range of an integer', () => {
    for (const count of [2 ** 31 - 2, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1])
      for (const sign of [1, -1])
        for (let decimals = 0; decimals <= DECIMALS_MAX; decimals++) {
          const value = (sign * count) / Number(`1e${decimals}`);
          assert.equal(written(value, decimals), JSON.stringify(value));
        }
  });

  it('is a total to the last digit, up to 2^33 in millionths', () => {
    const units = fc.bigInt({ min: 0n, max: 2n ** 33n * 1_000_000n - 1n });
    fc.assert(
      fc.property(units, (count) => {
        const text = `${count / 1_000_000n}.${String(count % 1_000_000n).padStart(6, '0')}`;
        assert.equal(written(Number(count) / 1e6, 6), text.replace(/\.?0+$/, ''));
      }),
      { numRuns: 5000 },
    );
    for (const text of ['999.999999', '1000.000001', '4503599627.370497', '8589934591.999999'])
      assert.equal(written(Number(text), 6), text);
  });

  it('changes nothing before it, and nothing more than seven bytes after it', () => {
    const bytes = new Uint8Array(40).fill(1);
    const end = writeDecimal(new DataView(bytes.buffer), 8, -12.5, 3);
    assert.equal(end, 13);
    assert.ok(bytes.subarray(0, 8).every((byte) => byte === 1));
    assert.ok(bytes.subarray(end + 7).every((byte) => byte === 1));
  });

  it('that does not fit is an error', () => {
    assert.throws(() => writeDecimal(new DataView(new ArrayBuffer(4)), 3, 123, 0), RangeError);
  });
});
