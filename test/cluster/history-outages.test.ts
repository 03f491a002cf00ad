/** History on a cluster whose parts go away in the middle. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { withoutRedis } from '../redis.ts';
import { HistoryCluster, LONG } from './history-cluster.ts';

const cluster = new HistoryCluster({ isKept: true });

describe('history on a cluster', { skip: withoutRedis() }, () => {
  let expected: string;
  before(async () => {
    await cluster.begin();
    expected = await cluster.alone(LONG);
  });
  after(() => cluster.end());

  it('continues with another worker when one is killed', async () => {
    const first = await cluster.worker();
    const program = cluster.generate(LONG, 'killed');
    // It makes no progress while the other one starts, however long that takes. Between two tasks
    // it would hold none, and nothing would be taken over.
    for (let isHeld = false; !isHeld; ) {
      await cluster.writing('killed');
      first.signal('SIGSTOP');
      isHeld = (await cluster.client.llen('test:history:active')) > 0;
      if (!isHeld) first.signal('SIGCONT');
    }
    const second = await cluster.worker();
    first.signal('SIGKILL');
    await cluster.assertMade(program, 'killed', expected);
    assert.match(second.stdout, /took over a task whose worker is gone/);
  });

  it('continues when Redis is stopped and comes back', async () => {
    const worker = await cluster.worker();
    const program = cluster.generate(LONG, 'away');
    await cluster.writing('away');
    await cluster.redis.kill();
    await program.said(/^enms-simulator: waiting for Redis at 127\.0\.0\.1:\d+ \(.+\)$/m);
    await worker.said(/"waiting for Redis at 127\.0\.0\.1:\d+"/);
    await cluster.redis.restart();
    await cluster.assertMade(program, 'away', expected);
    assert.equal(program.stderr.match(/waiting for Redis/g)?.length, 1, program.stderr);
    assert.match(program.stderr, /connected to Redis at 127\.0\.0\.1:\d+/);
    assert.equal(worker.stdout.match(/waiting for Redis/g)?.length, 1, worker.stdout);
  });

  it('is queued again when Redis is emptied, and keeps the complete files', async () => {
    await cluster.worker();
    const program = cluster.generate(LONG, 'emptied');
    await cluster.writing('emptied', 1);
    await cluster.client.flushall();
    await program.said(/has lost the tasks; queueing the remaining ones again$/m);
    await cluster.assertMade(program, 'emptied', expected);
  });
});
