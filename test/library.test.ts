import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Batch, createFleet, DEFAULT_FACTORY, READING, readingAt } from '../src/index.ts';
import { createReader } from '../src/simulation/reader.ts';

it('the library gives the readings of a window without any service', () => {
  const fleet = createFleet([DEFAULT_FACTORY], { seed: 7 });
  const reader = createReader(fleet);
  const batch = new Batch();
  reader.seek(Date.UTC(2026, 0, 5, 8));
  assert.ok(reader.read(Date.UTC(2026, 0, 5, 8, 1), batch));
  const readings = [];
  for (let row = 0; row < batch.length; row++)
    if ((batch.flags[row] as number) & READING) readings.push(readingAt(batch, row));
  assert.equal(readings.length, 60 + 6 + 6 + 2 + 2);
  assert.equal(readings[0]?.time, '2026-01-05T08:00:01Z');
  assert.equal(typeof readings[0]?.['power_kw'], 'number');
});
