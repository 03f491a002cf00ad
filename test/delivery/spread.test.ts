import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FactoryDescription } from '../../src/core/factory.ts';
import { Delivery } from '../../src/delivery/delivery.ts';
import { LAG_STEP_MS, lagMs, SpreadReader } from '../../src/delivery/spread-reader.ts';
import { MemoryWatermarks, spreadWatermarks } from '../../src/delivery/watermarks.ts';
import { DEFAULT_CALENDAR } from '../../src/factory/default-factory.ts';
import { largeFleet } from '../../src/factory/index.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { MemorySink } from '../../src/outputs/memory.ts';
import { InstantClock } from '../../src/service/clock.ts';
import { createFleet, type Fleet, nextFleet } from '../../src/simulation/fleet.ts';
import { until } from '../until.ts';
import { START_MS } from './demo.ts';

const LOG = { info() {}, warn() {} };
const fleet = createFleet(largeFleet(25, DEFAULT_CALENDAR, machineTypes).factories);
const everySecond = (factory: FactoryDescription) => ({
  ...factory,
  machines: factory.machines.map((machine) => ({ ...machine, intervalS: 1 })),
});

/** What outlives a delivery. */
const place = () => ({
  watermarks: new MemoryWatermarks(),
  sink: new MemorySink(),
  clock: new InstantClock(START_MS),
});

/** Delivers some seconds, spread or not, from where the previous delivery ended. */
async function deliver(
  { watermarks, sink, clock }: ReturnType<typeof place>,
  seconds: number,
  isSpread: boolean,
  fleet: Fleet,
  next?: { readonly fleet: Fleet; readonly fromMs: number },
): Promise<void> {
  const stepMs = isSpread ? LAG_STEP_MS : 1000;
  const delivery = new Delivery({
    fleet,
    sink,
    clock,
    horizonMs: () => Math.floor(clock.nowMs() / stepMs) * stepMs,
    watermarks,
    log: LOG,
    catchUpMs: Number.POSITIVE_INFINITY,
    catchUpRate: 0,
    isSpread,
  });
  if (next) delivery.follow(next.fleet, next.fromMs);
  const running = delivery.run();
  const endMs = clock.nowMs() + 1000 * seconds;
  while (clock.nowMs() < endMs) {
    clock.advanceTo(clock.nowMs() + LAG_STEP_MS);
    await until(() => !Number.isNaN(delivery.deliveredMs) && delivery.figures.lagMs === 0);
  }
  await delivery.stop();
  await running;
}

test('nothing is lost when the spread is turned on, off and on again', async () => {
  const here = place();
  const { sink, clock } = here;
  for (const [seconds, isSpread] of [
    [50, true],
    [10, false],
    [45, true],
    [50, false],
    [40, true],
  ] as const)
    await deliver(here, seconds, isSpread, fleet);
  const texts = new Map<string, string>();
  for (const { topic, payload, isRetained } of sink.messages) {
    if (isRetained) continue;
    const text = String(payload);
    const key = `${topic} ${JSON.parse(text).time}`;
    assert.equal(texts.get(key) ?? text, text, `${key}: what comes twice is the same`);
    texts.set(key, text);
  }
  for (const machine of fleet.machines) {
    const { intervalMs, topic, type } = machine;
    const firstMs = (Math.floor(START_MS / intervalMs) + 1) * intervalMs;
    for (let timeMs = firstMs; timeMs <= clock.nowMs() - lagMs(machine); timeMs += intervalMs) {
      const time = new Date(timeMs).toISOString().replace('.000Z', 'Z');
      for (const { name } of type.channels)
        assert.ok(texts.has(`${topic}/${name} ${time}`), `${topic}/${name} ${time} is missing`);
    }
  }
});

test('the position of a spread is not the instant up to which the sink has everything', async () => {
  const kept = new MemoryWatermarks();
  const spread = spreadWatermarks(kept, () => 29_950);
  assert.equal(await spread.load('mqtt'), undefined);
  await spread.save('mqtt', { timeMs: 1_000_000, liveFromMs: 7 });
  assert.deepEqual(await spread.load('mqtt'), { timeMs: 1_000_000, liveFromMs: 7 });
  assert.deepEqual(await kept.load('mqtt'), { timeMs: 970_050, liveFromMs: 7 });
  await kept.save('mqtt', { timeMs: 2_000_000, liveFromMs: 7 });
  assert.equal((await spread.load('mqtt'))?.timeMs, 2_000_000, 'it went on without a spread');
});

test('a restart after a registry change loses nothing of machines that changed or left', async () => {
  const intervalS = 30;
  const fromMs = START_MS + 40_000;
  const factories = fleet.factories.map((factory) => ({
    ...factory,
    machines: factory.machines.map((machine) => ({ ...machine, intervalS })),
  }));
  const before = createFleet(factories);
  const [left, changed] = before.machines.filter((each) => lagMs(each) > 12_000);
  assert.ok(left && changed, 'each has a reading that still waits');
  const after = factories.map(everySecond).map((factory) => ({
    ...factory,
    machines: factory.machines.filter(({ id }) => id !== left.id),
  }));
  const here = place();
  const { sink, clock } = here;
  await deliver(here, 41, true, before, { fleet: nextFleet(before, after), fromMs });
  await deliver(here, 4, true, createFleet(after));
  const said = new Set(
    sink.messages.map(({ topic, payload }) => `${topic} ${JSON.parse(String(payload)).time}`),
  );
  const has = (topic: string, timeMs: number) =>
    said.has(`${topic} ${new Date(timeMs).toISOString().replace('.000Z', 'Z')}`);
  for (const { id, topic, intervalMs } of before.machines) {
    for (let timeMs = START_MS + intervalMs; timeMs <= fromMs; timeMs += intervalMs)
      assert.ok(has(`${topic}/energy`, timeMs), `${topic}: ${timeMs - fromMs} ms`);
    const lastMs = id === left.id ? fromMs : clock.nowMs() - 1000;
    for (let timeMs = fromMs + 1000; timeMs <= lastMs; timeMs += 1000)
      assert.ok(has(`${topic}/energy`, timeMs), `${topic}: ${timeMs - fromMs} ms`);
  }
  assert.ok(has(`${left.topic}/status`, fromMs), 'it is offline');
});

test('a fleet with shorter intervals does not count readings that still wait', async () => {
  const kept = new MemoryWatermarks();
  const reader = new SpreadReader(fleet, { statusIntervalS: 60 });
  const spread = spreadWatermarks(kept, () => reader.longestLagMs);
  reader.seek(START_MS);
  await spread.save('mqtt', { timeMs: START_MS, liveFromMs: 7 });
  const longestMs = Math.max(...fleet.machines.map(lagMs));
  assert.equal((await kept.load('mqtt'))?.timeMs, START_MS - longestMs);
  const shorter = nextFleet(fleet, fleet.factories.map(everySecond));
  assert.ok(Math.max(...shorter.machines.map(lagMs)) < 1000 && longestMs > 1000);
  reader.follow(shorter, START_MS);
  await spread.save('mqtt', { timeMs: START_MS + 1000, liveFromMs: 7 });
  assert.equal((await kept.load('mqtt'))?.timeMs, START_MS + 1000 - longestMs);
});
