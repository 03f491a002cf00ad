import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TIME_BYTES_MAX, TimeWriter, timeText } from '../../src/encoding/time.ts';

const NOON_MS = Date.UTC(2025, 9, 9, 12);
const bytes = new Uint8Array(TIME_BYTES_MAX + 7);
const view = new DataView(bytes.buffer);

function written(writer: TimeWriter, timeMs: number, intervalMs = 1000): string {
  return new TextDecoder().decode(bytes.subarray(0, writer.write(view, 0, timeMs, intervalMs)));
}

describe('the text of an instant', () => {
  it('has whole seconds without a fraction', () => {
    assert.equal(timeText(NOON_MS), '2025-10-09T12:00:00Z');
    assert.equal(timeText(NOON_MS + 59_000), '2025-10-09T12:00:59Z');
  });

  it('has milliseconds if the interval is fractional', () => {
    assert.equal(timeText(NOON_MS + 7), '2025-10-09T12:00:00.007Z');
    assert.equal(timeText(NOON_MS + 500), '2025-10-09T12:00:00.500Z');
    assert.equal(timeText(NOON_MS, 500), '2025-10-09T12:00:00.000Z');
    assert.equal(timeText(NOON_MS + 500, 100), '2025-10-09T12:00:00.500Z');
  });

  it('does not depend on what was written before it', () => {
    const instant = fc.oneof(
      fc.integer({ min: NOON_MS - 120_000, max: NOON_MS + 120_000 }),
      fc.integer({ min: -60_000, max: 60_000 }),
      fc.integer({ min: -8.64e15, max: 8.64e15 }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(instant, fc.constantFrom(100, 1000, 2500)), { minLength: 1 }),
        (times) => {
          const writer = new TimeWriter();
          for (const [timeMs, intervalMs] of times)
            assert.equal(written(writer, timeMs, intervalMs), timeText(timeMs, intervalMs));
        },
      ),
    );
  });

  it('does not exist for an invalid time', () => {
    assert.throws(() => new TimeWriter().write(view, 0, Number.NaN, 1000), RangeError);
    assert.throws(() => timeText(Number.POSITIVE_INFINITY), RangeError);
  });
});
