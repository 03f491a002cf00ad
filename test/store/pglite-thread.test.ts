import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { PgliteThread } from '../../src/store/drivers/pglite-thread.ts';
import { embeddedFolder } from './places.ts';

test('an answer that arrived while this process was blocked is not late', async () => {
  const thread = await PgliteThread.open(`${await embeddedFolder()}/database`);
  const asked = thread.execute('select 7 as seven', [], 50);
  // The request leaves in the next turn; the response arrives while this process is blocked.
  await turn();
  const untilMs = performance.now() + 1000;
  while (performance.now() < untilMs);
  assert.deepEqual(await asked, [{ seven: 7 }]);
  assert.equal(thread.isAlive, true);
  await assert.rejects(thread.execute('select pg_sleep(3)', [], 50), /no answer within 0.05 s/);
  assert.equal(thread.isAlive, false);
});
