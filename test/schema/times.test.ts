import assert from 'node:assert/strict';
import test from 'node:test';
import { timeText } from '../../src/encoding/time.ts';
import { INSTANT_MS, instantMs, momentMs, WHOLE_INSTANT_MS } from '../../src/schema/times.ts';

const NOON_MS = Date.UTC(2026, 2, 29, 12);

/** Ways to write the same instant, by the programs that do so. */
const WRITTEN: readonly (readonly [by: string, text: string])[] = [
  ['this program', timeText(NOON_MS)],
  ['JavaScript', new Date(NOON_MS).toISOString()],
  ['a person, to the minute', '2026-03-29T12:00Z'],
  ['a person, in lower case', '2026-03-29t12:00:00z'],
  ['psql', '2026-03-29 14:00:00+02'],
  ['psql, of a fraction', '2026-03-29 12:00:00.000+00'],
  ['psql in India', '2026-03-29 17:30:00+05:30'],
  ['date -Iseconds', '2026-03-29T14:00:00+02:00'],
  ['date -Ins', '2026-03-29T14:00:00,000000000+02:00'],
  ['date --rfc-3339', '2026-03-29 05:00:00-07:00'],
  ['git', '2026-03-29 14:00:00 +0200'],
];

for (const [by, text] of WRITTEN)
  test(`an instant is read as ${by} writes it: ${text}`, () => {
    assert.equal(instantMs(text), NOON_MS);
    assert.equal(WHOLE_INSTANT_MS.parse(text), NOON_MS);
  });

test('a date means midnight UTC', () => {
  assert.equal(instantMs('2024-02-29'), Date.UTC(2024, 1, 29));
});

test('milliseconds are kept, anything finer is cut off', () => {
  assert.equal(instantMs('2026-03-29T12:00:00.25Z'), NOON_MS + 250);
  assert.equal(instantMs('2026-03-29T12:00:00.123999999Z'), NOON_MS + 123);
  assert.equal(INSTANT_MS.parse('2026-03-29T12:00:00.250Z'), NOON_MS + 250);
  assert.equal(WHOLE_INSTANT_MS.parse('2026-03-29T12:00:00.250Z'), undefined);
});

test('a time without an offset is not an instant, nor is anything else', () => {
  for (const text of ['2026-03-29T12:00:00', '2026-03-29 12:00', '12:00Z', 'now', '', '1780300000'])
    assert.equal(instantMs(text), undefined, text);
});

test('a date that does not exist is not a number', () => {
  for (const text of [
    '2026-02-30',
    '2026-13-01T00:00Z',
    '2026-06-01T24:30:00Z',
    '2026-06-01T10:61Z',
  ])
    assert.equal(instantMs(text), Number.NaN, text);
  assert.equal(INSTANT_MS.parse('2026-02-30'), undefined);
});

test('on a command line, an instant may be relative to now; days begin at midnight UTC', () => {
  const moment = momentMs(NOON_MS + 1234);
  const noon = NOON_MS + 1000;
  const read: readonly (readonly [text: string, timeMs: number | undefined])[] = [
    ['now', noon],
    ['NOW', noon],
    ['today', Date.UTC(2026, 2, 29)],
    ['yesterday', Date.UTC(2026, 2, 28)],
    ['-7d', noon - 7 * 86_400_000],
    ['-90m', noon - 90 * 60_000],
    ['-1.5h', noon - 90 * 60_000],
    ['+30s', noon + 30_000],
    ['2026-03-29', Date.UTC(2026, 2, 29)],
    ['2026-03-29T12:00:00.250Z', NOON_MS + 250],
    ['7d', undefined],
    ['-7', undefined],
    ['-7w', undefined],
    ['--7d', undefined],
    ['-99999d', undefined],
    ['tomorow', undefined],
  ];
  for (const [text, timeMs] of read) assert.equal(moment.parse(text), timeMs, text);
});
