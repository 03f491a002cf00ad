/** Which worker delivers which shard of a cluster: tokens, watermarks and members. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HorizonTable } from '../../src/store/cluster/horizon-table.ts';
import {
  aliveMembers,
  beginCluster,
  endCluster,
  leave,
  loadCluster,
  sendHeartbeat,
} from '../../src/store/cluster/members.ts';
import {
  type ShardReport,
  ShardTable,
  saveShardSql,
  type TakenShard,
} from '../../src/store/cluster/shard-table.ts';
import type { Database } from '../../src/store/database.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { withoutPostgres } from '../postgres.ts';
import { inSharedStores, placeOf } from './places.ts';

/** The report of an owner whose sink has everything up to an instant. */
function report(taken: TakenShard | undefined, timeMs: number): ShardReport {
  assert.ok(taken);
  const { shard, sink, token } = taken;
  return {
    shard,
    sink,
    token,
    watermark: { timeMs, liveFromMs: 0 },
    readings: 10,
    messages: 30,
    bytes: 1000,
    failures: 0,
    reconnects: 0,
    readingsPerS: 10,
    isConnected: true,
    lastError: undefined,
  };
}

async function timesMs(database: Database): Promise<(number | null)[]> {
  return (await new ShardTable(database).all()).map(({ timeMs }) => timeMs);
}

inSharedStores(
  'a worker that has lost a shard can no longer move its watermark',
  async ({ database }) => {
    const shards = new ShardTable(database);
    await shards.begin(2, ['mqtt']);
    const [first] = await shards.take(1, 'a');
    assert.equal(first?.watermark, undefined);
    assert.deepEqual(await shards.save([report(first, 1000)]), new Set());
    const [second] = await shards.take(1, 'b');
    assert.deepEqual(second?.watermark, { timeMs: 1000, liveFromMs: 0 });

    assert.deepEqual(await shards.save([report(first, 9000)]), new Set([1]));
    assert.deepEqual(await timesMs(database), [null, 1000]);
    assert.deepEqual(await shards.save([report(second, 2000)]), new Set());
    assert.deepEqual(await timesMs(database), [null, 2000]);
    const [, row] = await shards.all();
    assert.equal(row?.owner, 'b');
    assert.equal(row?.readings, 20);

    // Nor can it release what it held.
    await shards.release([report(first, 0)]);
    assert.equal((await shards.all())[1]?.owner, 'b');
    await shards.release([report(second, 0)]);
    assert.equal((await shards.all())[1]?.owner, null);
  },
);

inSharedStores(
  'a transaction of an owner that has lost its shard is rolled back',
  async ({ database }) => {
    const shards = new ShardTable(database);
    await shards.begin(1, ["it's"]);
    const [first] = await shards.take(0, 'a');
    assert.ok(first);
    const deliver = (taken: TakenShard, timeMs: number) =>
      database.transaction(async (queries) => {
        await queries.query('insert into simulator.gaps (sink, from_ms, to_ms) values ($1, 0, 1)', [
          String(timeMs),
        ]);
        await queries.script(saveShardSql(taken, timeMs));
      });
    await deliver(first, 1000);
    // An older watermark that is reported later does not set it back.
    assert.deepEqual(await shards.save([report(first, 900)]), new Set());
    assert.deepEqual(await timesMs(database), [1000]);
    await shards.take(0, 'b');
    await assert.rejects(deliver(first, 2000), (error) => {
      assert.ok(error instanceof StoreError);
      assert.equal(error.sqlState, 'EN001');
      assert.match(error.message, /shard 0 has another owner/);
      return true;
    });
    assert.deepEqual(await timesMs(database), [1000]);
    assert.equal((await database.query('select from simulator.gaps')).length, 1);
  },
);

inSharedStores(
  'shards continue where a single simulator stopped, and the other way round',
  async (store) => {
    const { database, watermarks } = store;
    await watermarks.save('mqtt', { timeMs: 5000, liveFromMs: 7 });
    await database.query('insert into simulator.clock values (true, 6000, 0, 1)');
    await new HorizonTable(database).begin();
    await beginCluster(database, { shards: 2, version: '1', digests: {} });
    const shards = new ShardTable(database);
    await shards.begin(2, ['mqtt']);
    const [first] = await shards.take(0, 'a');
    const [second] = await shards.take(1, 'a');
    assert.deepEqual(first?.watermark, { timeMs: 5000, liveFromMs: 7 });
    await shards.save([report(first, 8000), report(second, 9000)]);

    assert.equal(await database.transaction(endCluster), true);
    assert.deepEqual(await watermarks.load('mqtt'), { timeMs: 8000, liveFromMs: 7 });
    assert.deepEqual(await shards.all(), []);
    assert.equal(await loadCluster(database), undefined);
    assert.equal(await database.transaction(endCluster), false);
  },
);

inSharedStores('a member is alive until it leaves or stops its heartbeat', async ({ database }) => {
  const a = { id: 'a', role: 'worker', version: '1' } as const;
  const b = { id: 'b', role: 'api', version: '1' } as const;
  await sendHeartbeat(database, a);
  await sendHeartbeat(database, b);
  assert.deepEqual(await aliveMembers(database), [a, b]);
  await database.query(
    `update simulator.members set seen_at = seen_at - interval '6 s' where id = 'a'`,
  );
  assert.deepEqual(await aliveMembers(database), [b]);
  await sendHeartbeat(database, a);
  await leave(database, 'b');
  assert.deepEqual(await aliveMembers(database), [a]);
});

test('a single simulator and a cluster exclude each other', {
  skip: withoutPostgres(),
}, async (t) => {
  const place = await placeOf('PostgreSQL', t);
  const isLocked = (error: unknown) =>
    error instanceof StoreError &&
    error.kind === 'locked' &&
    /another simulator/.test(error.message);
  const first = await place.open({ isShared: true });
  const second = await place.open({ isShared: true });
  await assert.rejects(place.open({ predecessorMs: 200 }), isLocked);
  await first.close();
  await second.close();
  await place.open();
  await assert.rejects(place.open({ isShared: true, predecessorMs: 200 }), isLocked);
});
