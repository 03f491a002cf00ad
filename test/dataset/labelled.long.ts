/** Like `labelled.test.ts`, but ninety days instead of eight, and compressors at one second. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertLabelled } from './labelled.ts';

test('a quarter-year of ten machines differs from its clean twin where its answer key says so', async () => {
  const { anomalies, signals, differing } = await assertLabelled(90, 1);
  assert.ok(anomalies > 50);
  assert.ok(differing > signals / 2, `${differing} of ${signals}`);
});
