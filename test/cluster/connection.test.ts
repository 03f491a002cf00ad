import assert from 'node:assert/strict';
import test from 'node:test';
import { clusterUrl, openRedis, redisLocation } from '../../src/cluster/connection.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { startRedis, withoutRedis } from '../redis.ts';
import { freePort } from '../servers.ts';
import { logLines } from '../store/places.ts';

const SECRET = 'hunter2-hunter2';

test('the name of a Redis server contains no password', () => {
  const names = [`redis://me:${SECRET}@queue`, 'rediss://queue:6380/2'].map(redisLocation);
  assert.deepEqual(names, ['Redis at queue:6379', 'Redis at queue:6380/2']);
});

test('a cluster needs the URL of a server', () => {
  assert.throws(() => clusterUrl(loadConfiguration({ env: {} })), {
    faults: [
      {
        path: 'REDIS_URL',
        message: 'is not set; a cluster needs a URL that begins with redis:// or rediss://',
      },
    ],
  });
});

test('an unreachable Redis is waited for and logged once, until the time is up', async () => {
  const log = logLines();
  const port = await freePort();
  await assert.rejects(
    openRedis(`redis://:${SECRET}@127.0.0.1:${port}`, log, { waitMs: 1000 }),
    /^ClusterError: Redis at 127\.0\.0\.1:\d+: connect ECONNREFUSED \S+; gave up after 1 s$/,
  );
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0] as string, /^waiting for Redis at 127\.0\.0\.1:\d+ /);
  assert.doesNotMatch(log.lines[0] as string, /hunter2/);
});

test('a Redis that rejects the login is not waited for', { skip: withoutRedis() }, async (t) => {
  const redis = await startRedis({ password: SECRET });
  t.after(() => redis.close());
  for (const [user, reason] of [
    ['', 'NOAUTH'],
    [':wrong@', 'WRONGPASS'],
  ]) {
    const url = redis.url.replace('//', `//${user}`);
    await assert.rejects(openRedis(url, logLines()), (error: Error) => {
      assert.match(error.message, new RegExp(`^Redis at 127\\.0\\.0\\.1:\\d+: ${reason}`));
      return true;
    });
  }
  const open = await openRedis(redis.url.replace('//', `//:${SECRET}@`), logLines());
  assert.equal(await open.ping(), 'PONG');
  open.disconnect();
});
