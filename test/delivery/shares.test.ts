import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { fairShare } from '../../src/cluster/live/worker.ts';
import { Batch } from '../../src/core/batch.ts';
import { Shares, shareOf } from '../../src/delivery/shares.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { Messages } from '../../src/outputs/mqtt/messages.ts';
import { createFleet, type Fleet, nextFleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 2, 3, 9);

/** All messages of a fleet in ten minutes, ordered by topic and time. */
function said(fleet: Fleet): string[] {
  const reader = createReader(fleet);
  const batch = new Batch(10_000);
  reader.seek(START_MS, true);
  assert.ok(reader.read(START_MS + HOUR_MS / 6, batch));
  return Array.from(new Messages().of(batch), ({ topic, payload }) => `${topic} ${payload}`).sort();
}

test('the shard of a machine never changes', () => {
  const ids = DEFAULT_FACTORY.machines.map(({ id }) => id);
  // sha256sum of the id, its first 8 digits modulo 64.
  assert.deepEqual(
    ids.map((id) => shareOf(id, 64)),
    [4, 50, 58, 58, 3],
  );
  assert.equal(shareOf(ids[0]?.toUpperCase() as string, 64), 4);
});

test('machines spread evenly over the shards', () => {
  const counts = new Array<number>(20).fill(0);
  for (let i = 0; i < 20_000; i++) {
    const shard = shareOf(`c0000000-0000-0000-0001-${String(i).padStart(12, '0')}`, 20);
    counts[shard] = (counts[shard] as number) + 1;
  }
  // Five standard deviations of a fair draw, √(20,000 · 1/20 · 19/20).
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 155, `${count} of 1000`);
});

test('the shards together publish the same as the whole fleet, byte for byte', () => {
  const fleet = createFleet([DEFAULT_FACTORY], { seed: 42 });
  const shares = new Shares(fleet, 3);
  const shards = [0, 1, 2].map((shard) => said(shares.of(shard)));
  assert.ok(shards.some((each) => each.length > 0));
  assert.deepEqual(shards.flat().sort(), said(fleet));
  const machines = [0, 1, 2].map((shard) => shares.sizeOf(shard));
  assert.equal(
    machines.reduce((sum, count) => sum + count, 0),
    fleet.machines.length,
  );
});

test('a machine stays unchanged in its shard when others are added', () => {
  const fleet = createFleet([DEFAULT_FACTORY], { seed: 42 });
  const [first, ...others] = DEFAULT_FACTORY.machines;
  const smaller = createFleet([{ ...DEFAULT_FACTORY, machines: others }], { seed: 42 });
  const grown = nextFleet(smaller, [DEFAULT_FACTORY]);
  for (let shard = 0; shard < 4; shard++) {
    const before = new Shares(smaller, 4).of(shard).machines;
    const after = new Shares(grown, 4).of(shard).machines;
    assert.deepEqual(
      after.filter(({ id }) => id !== first?.id),
      before,
    );
    for (const machine of before) assert.ok(after.includes(machine));
  }
  assert.equal(grown.machines.length, fleet.machines.length);
});

test('fair shares cover all shards, and no two differ by more than one', () => {
  assert.equal(fairShare(20, 3), 7);
  assert.equal(fairShare(20, 0), 20);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 1, max: 500 }), (n, m) => {
      const share = fairShare(n, m);
      return share * m >= n && (share - 1) * m < n;
    }),
  );
});
