import assert from 'node:assert/strict';
import test from 'node:test';
import { assertLabelled } from './labelled.ts';

test('a dataset differs from its clean twin where its answer key says so, and nowhere else', async () => {
  const { anomalies, signals, differing } = await assertLabelled(8, 60);
  assert.ok(anomalies > 3);
  assert.ok(differing > signals / 2, `${differing} of ${signals}`);
});
