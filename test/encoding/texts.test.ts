import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SLACK_BYTES, Utf8Constant } from '../../src/encoding/texts.ts';

describe('a constant in UTF-8', () => {
  it('is the UTF-8 of the text, at any position', () => {
    // The characters at the limits of UTF-8, of one to four bytes, among any others.
    const unit = fc.oneof(
      fc.constantFrom('\u0000', '\u007f', '\u0080', '\u07ff', '\uffff', '\u{10000}', '\u{10ffff}'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    );
    const text = fc.array(unit, { maxLength: 30 }).map((units) => units.join(''));
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 9 }), (text, at) => {
        const expected = new TextEncoder().encode(text);
        const constant = new Utf8Constant(text);
        assert.equal(constant.length, expected.length);
        const bytes = new Uint8Array(at + expected.length + SLACK_BYTES + 1).fill(1);
        const end = constant.write(new DataView(bytes.buffer), at);
        assert.deepEqual(bytes.subarray(at, end), expected);
        assert.ok(bytes.subarray(0, at).every((byte) => byte === 1));
        assert.equal(bytes.at(-1), 1);
      }),
      { numRuns: 1000 },
    );
  });

  it('that does not fit is an error', () => {
    const constant = new Utf8Constant('nine bytes');
    assert.throws(() => constant.write(new DataView(new ArrayBuffer(12)), 4), RangeError);
  });
});
