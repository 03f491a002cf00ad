import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { FencedSink } from '../../../src/cluster/live/fenced-sink.ts';
import { Leases } from '../../../src/cluster/live/leases.ts';
import { Batch } from '../../../src/core/batch.ts';
import { MemorySink } from '../../../src/outputs/memory.ts';
import { createReader } from '../../../src/simulation/reader.ts';
import { demoFleet, START_MS } from '../../delivery/demo.ts';
import { startRedis, type TestRedis, withoutRedis } from '../../redis.ts';

const SHARDS = 3;

describe('a lease', { skip: withoutRedis() }, () => {
  let redis: TestRedis;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis.close());

  const open = (
    t: TestContext,
    prefix: string,
    shards = SHARDS,
    removed: string[] = [],
    times: { leaseMs?: number; checkMs?: number } = {},
  ) => {
    const leases = new Leases(
      { redisUrl: redis.url, prefix, shards, ...times },
      { onError: () => {}, onRemoved: (job) => removed.push(job) },
    );
    t.after(() => leases.close());
    return leases;
  };
  const takeAll = async (leases: Leases) => {
    const taken: number[] = [];
    for (;;) {
      const shard = await leases.take();
      if (shard === undefined) return taken.sort();
      taken.push(shard);
    }
  };

  it('is held by one worker until released', async (t) => {
    const [a, b] = [open(t, 'one'), open(t, 'one')];
    await a.ensure();
    await b.ensure();
    assert.deepEqual(await takeAll(a), [0, 1, 2]);
    assert.equal(await b.take(), undefined);
    await a.renew();
    assert.equal(a.held.length, SHARDS);
    await a.release(1);
    assert.deepEqual(await takeAll(b), [1]);
    assert.deepEqual([...a.held].sort(), [0, 2]);
  });

  it('of one cluster does not affect a cluster with another prefix', async (t) => {
    const [a, b] = [open(t, 'two'), open(t, 'three')];
    await a.ensure();
    assert.deepEqual(await takeAll(b), []);
    await b.ensure();
    assert.deepEqual(await takeAll(a), [0, 1, 2]);
    assert.deepEqual(await takeAll(b), [0, 1, 2]);
  });

  it('ends when Redis is emptied, and can be taken again', async (t) => {
    const leases = open(t, 'four');
    await leases.ensure();
    assert.deepEqual(await takeAll(leases), [0, 1, 2]);
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
    await leases.renew();
    assert.deepEqual(leases.held, []);
    await leases.ensure();
    assert.deepEqual(await takeAll(leases), [0, 1, 2]);
  });

  it('is not granted for a shard that no longer exists', async (t) => {
    await open(t, 'five', 5).ensure();
    const leases = open(t, 'five', 2);
    const taken: number[] = [];
    while (taken.length < 2) taken.push(...(await takeAll(leases)));
    assert.deepEqual(taken.sort(), [0, 1]);
  });

  const damages: [string, (client: Redis, key: string) => Promise<unknown>][] = [
    ['data that is no JSON', (client, key) => client.hset(key, 'data', '{')],
    ['options that are no JSON', (client, key) => client.hset(key, 'opts', 'x')],
    ['the number of another shard', (client, key) => client.hset(key, 'data', '{"shard":0}')],
    ['no data at all', (client, key) => client.hset(key, 'data', 'null')],
    ['a list in its place', (client, key) => client.del(key).then(() => client.lpush(key, 'x'))],
    ['nothing in its place', (client, key) => client.del(key)],
  ];
  for (const [i, [damage, make]] of damages.entries())
    it(`is created again, with one line in the log, if Redis has ${damage} for it`, async (t) => {
      const removed: string[] = [];
      const leases = open(t, `damaged-${i}`, SHARDS, removed);
      await leases.ensure();
      const client = new Redis(redis.url);
      t.after(() => client.disconnect());
      await make(client, `damaged-${i}:shards:shard-1`);
      const taken: number[] = [];
      while (taken.length < SHARDS) taken.push(...(await takeAll(leases)));
      assert.deepEqual(taken.sort(), [0, 1, 2]);
      assert.deepEqual(removed, ['shard-1']);
    });

  it('of a dead worker is taken over even though another job cannot be read', async (t) => {
    const removed: string[] = [];
    const times = { leaseMs: 300, checkMs: 100 };
    const dead = open(t, 'heirs', SHARDS, [], times);
    await dead.ensure();
    assert.deepEqual(await takeAll(dead), [0, 1, 2]);
    const client = new Redis(redis.url);
    t.after(() => client.disconnect());
    await client.hset('heirs:shards:shard-1', { data: '{', stc: 'x' });
    await dead.close();
    const heir = open(t, 'heirs', SHARDS, removed, times);
    while (heir.held.length < SHARDS) {
      await heir.renew();
      await heir.ensure();
      await takeAll(heir);
      await turn();
    }
    assert.deepEqual(removed, ['shard-1']);
  });
});

it('a fenced sink writes nothing without proof of ownership', async () => {
  const memory = Object.assign(new MemorySink('mqtt'), {
    isConnected: true,
    connectionCount: 1,
    bytesWritten: 0,
  });
  let isOurs = true;
  const sink = new FencedSink(memory, async () => {
    if (!isOurs) throw new Error('another owner');
  });
  const batch = new Batch(100);
  const reader = createReader(demoFleet());
  reader.seek(START_MS, true);
  reader.read(START_MS + 1000, batch);
  await sink.write(batch);
  const { length } = memory.messages;
  assert.ok(length > 0);
  isOurs = false;
  await assert.rejects(sink.write(batch), /another owner/);
  assert.equal(memory.messages.length, length);
});
