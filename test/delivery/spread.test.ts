import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Delivery } from '../../src/delivery/delivery.ts';
import { LAG_STEP_MS, lagMs, longestLagMs } from '../../src/delivery/spread-reader.ts';
import { MemoryWatermarks, spreadWatermarks } from '../../src/delivery/watermarks.ts';
import { DEFAULT_CALENDAR } from '../../src/factory/default-factory.ts';
import { largeFleet } from '../../src/factory/index.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { MemorySink } from '../../src/outputs/memory.ts';
import { InstantClock } from '../../src/service/clock.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import { until } from '../until.ts';
import { START_MS } from './demo.ts';

const LOG = { info() {}, warn() {} };
const fleet = createFleet(largeFleet(25, DEFAULT_CALENDAR, machineTypes).factories);
const watermarks = new MemoryWatermarks();
const sink = new MemorySink();
const clock = new InstantClock(START_MS);

/** Delivers some seconds, spread or not, from where the previous delivery ended. */
async function deliver(seconds: number, isSpread: boolean): Promise<void> {
  const stepMs = isSpread ? LAG_STEP_MS : 1000;
  const longest = longestLagMs(fleet.machines);
  const delivery = new Delivery({
    fleet,
    sink,
    clock,
    horizonMs: () => Math.floor(clock.nowMs() / stepMs) * stepMs,
    watermarks: isSpread ? spreadWatermarks(watermarks, () => longest) : watermarks,
    log: LOG,
    catchUpMs: Number.POSITIVE_INFINITY,
    catchUpRate: 0,
    isSpread,
  });
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
  for (const [seconds, isSpread] of [
    [50, true],
    [10, false],
    [45, true],
    [50, false],
    [40, true],
  ] as const)
    await deliver(seconds, isSpread);
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

test('a fleet with shorter intervals does not count readings that still wait', async () => {
  const kept = new MemoryWatermarks();
  let longestMs = 29_950;
  const spread = spreadWatermarks(kept, () => longestMs);
  await spread.save('mqtt', { timeMs: 1_000_000, liveFromMs: 7 });
  longestMs = 950;
  await spread.save('mqtt', { timeMs: 1_001_000, liveFromMs: 7 });
  assert.equal((await kept.load('mqtt'))?.timeMs, 971_050);
});
