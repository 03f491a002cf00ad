/** What delivery does when the clock is set while it runs. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gap, Watermarks } from '../../src/core/sink.ts';
import { Delivery } from '../../src/delivery/delivery.ts';
import { MemoryWatermarks, presentWatermarks } from '../../src/delivery/watermarks.ts';
import { MemorySink } from '../../src/outputs/memory.ts';
import { RealClock } from '../../src/service/clock.ts';
import { MemoryLog } from '../../src/service/durable-log.ts';
import { LocalEventLog } from '../../src/service/event-log.ts';
import { Health } from '../../src/service/health.ts';
import { RealTime } from '../../src/service/real-time.ts';
import { demoFleet, HOUR_MS, START_MS } from '../delivery/demo.ts';
import { logLines } from '../store/places.ts';

/** Simulated seconds a real second: what is said of a step holds for every speed. */
const SPEED = 20;
const CATCH_UP_MS = 600_000;

interface Options {
  readonly watermarks?: Watermarks;
  readonly speed?: number;
  readonly isAheadRepeated?: boolean;
}

/** A delivery that follows two clocks which the test moves. */
function deliver(
  t: TestContext,
  { watermarks = new MemoryWatermarks(), speed = SPEED, isAheadRepeated }: Options = {},
) {
  const log = logLines();
  let [wallMs, monotonicMs] = [START_MS, 0];
  const time = new RealTime({ log, wallMs: () => wallMs, monotonicMs: () => monotonicMs });
  const clock = new RealClock({ speed, realNowMs: () => time.nowMs() });
  const fleet = demoFleet();
  const eventLog = new LocalEventLog(fleet.journal, clock, new MemoryLog());
  const sink = new MemorySink();
  const gaps: Gap[] = [];
  const delivery = new Delivery({
    fleet,
    sink,
    clock,
    log,
    horizonMs: () => eventLog.horizonMs(),
    leaps: () => time.leaps,
    watermarks: isAheadRepeated ? presentWatermarks(watermarks, () => clock.nowMs()) : watermarks,
    onGap: (gap) => gaps.push(gap),
    catchUpMs: CATCH_UP_MS,
    catchUpRate: 0,
  });
  const realNowMs = () => wallMs;
  const parts = { clock, eventLog, deliveries: [delivery], clockState: time, log, realNowMs };
  const health = new Health(parts);
  const running = delivery.run();
  t.after(() => delivery.stop().then(() => running));
  return {
    ...{ time, clock, eventLog, delivery, sink, gaps, health, log },
    set(changeMs: number) {
      wallMs += changeMs;
      time.nowMs();
    },
    pass(seconds: number) {
      for (let i = 0; i < seconds; i++) {
        wallMs += 1000;
        monotonicMs += 1000;
        time.nowMs();
      }
    },
    /** Waits until all is delivered that may be. */
    async caughtUp() {
      while (!(delivery.deliveredMs >= eventLog.horizonMs())) await sleep(5);
    },
  };
}

/** Fails unless every message is the only one of its topic and time, and none is out of order. */
function assertInOrder({ messages }: MemorySink): void {
  const last = new Map<string, number>();
  for (const { topic, payload } of messages) {
    if (topic.endsWith('/status')) continue;
    const timeMs = Date.parse(JSON.parse(String(payload)).time);
    assert.ok(timeMs > (last.get(topic) ?? 0), `${topic} at ${new Date(timeMs).toISOString()}`);
    last.set(topic, timeMs);
  }
}

test('a step forward publishes nothing for a minute; then CATCH_UP says what is left out', async (t) => {
  const run = deliver(t);
  await run.caughtUp();
  run.pass(10);
  await run.caughtUp();
  const beforeMs = START_MS + 10_000 * SPEED;
  assert.equal(run.delivery.deliveredMs, beforeMs);
  assert.deepEqual(run.health.problems, []);
  run.set(86_400_000);
  run.pass(50);
  assert.equal(run.eventLog.horizonMs(), beforeMs);
  assert.deepEqual(
    run.health.problems.map(({ part }) => part),
    ['clock'],
  );
  assert.equal(run.health.clockSteps, 1);
  run.pass(11);
  const nowMs = run.eventLog.horizonMs();
  assert.equal(nowMs, beforeMs + (86_400_000 + 61_000) * SPEED);
  await run.caughtUp();
  assert.deepEqual(run.gaps, [{ sink: 'memory', fromMs: beforeMs, toMs: nowMs - CATCH_UP_MS }]);
  assert.deepEqual(run.health.problems, []);
  assertInOrder(run.sink);
});

test('after a step back nothing comes twice, and health says when it goes on', async (t) => {
  const run = deliver(t);
  await run.caughtUp();
  run.pass(10);
  await run.caughtUp();
  const { length } = run.sink.messages;
  run.set(-3_600_000);
  const [figures] = run.health.sinks;
  assert.equal(figures?.lagMs, -3_600_000 * SPEED);
  const until = new Date(START_MS + 10_000 * SPEED).toISOString().replace('.000', '');
  const real = new Date(START_MS + 10_000).toISOString().replace('.000', '');
  const [problem] = run.health.problems;
  assert.equal(problem?.part, 'clock');
  assert.equal(
    problem?.reason,
    `delivery is ahead of the clock and continues at ${until} of simulated time, at ${real}; ` +
      'to continue now, correct the clock or, if it is right, restart with AHEAD_OF_CLOCK=repeat',
  );
  run.pass(3590);
  assert.equal(run.health.problems.length, 1);
  assert.equal(run.sink.messages.length, length);
  run.pass(20);
  assert.deepEqual(run.health.problems, []);
  await run.caughtUp();
  assertInOrder(run.sink);
  const said = run.log.lines.map((line) => line.replace(/ [{].*[}]$/, ''));
  assert.equal(said.filter((line) => line === problem?.reason).length, 1);
  assert.equal(said.at(-1), 'delivery is no longer ahead of the clock; it continues');
});

const future = async (timeMs: number) => {
  const watermarks = new MemoryWatermarks();
  await watermarks.save('memory', { timeMs, liveFromMs: timeMs - HOUR_MS });
  return watermarks;
};

test('a start with readings of the future is the same problem in the same words', async (t) => {
  const watermarks = await future(START_MS + HOUR_MS);
  const run = deliver(t, { watermarks, speed: 1 });
  while (Number.isNaN(run.delivery.deliveredMs)) await sleep(5);
  assert.equal(run.health.sinks[0]?.lagMs, -HOUR_MS);
  assert.match(
    run.health.problems[0]?.reason ?? '',
    /^delivery is ahead of the clock and continues at 2026-01-14T11:00:00Z; to continue now/,
  );
  assert.equal(run.sink.messages.length, 0);
});

test('a start with AHEAD_OF_CLOCK=repeat goes on at once, from the present', async (t) => {
  const watermarks = await future(START_MS + HOUR_MS);
  const run = deliver(t, { watermarks, isAheadRepeated: true });
  await run.caughtUp();
  run.pass(5);
  await run.caughtUp();
  assert.deepEqual(run.health.problems, []);
  assertInOrder(run.sink);
  const times = run.sink.messages.map(({ payload }) =>
    Date.parse(JSON.parse(String(payload)).time),
  );
  assert.equal(Math.min(...times), START_MS + 1000);
});

test('a delivery without anything to deliver is not ahead of the clock', () => {
  const clock = new RealClock({ realNowMs: () => START_MS });
  const eventLog = new LocalEventLog(demoFleet().journal, clock, new MemoryLog());
  const { figures } = new Delivery({
    ...{ fleet: demoFleet(), sink: new MemorySink(), clock, log: logLines() },
    ...{ horizonMs: () => START_MS, watermarks: new MemoryWatermarks() },
    ...{ catchUpMs: 0, catchUpRate: 0 },
  });
  for (const deliveredMs of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const deliveries = [{ figures, deliveredMs, follow() {} }];
    const health = new Health({ clock, eventLog, deliveries });
    assert.deepEqual(health.problems, []);
    assert.deepEqual(health.sinks, [figures]);
  }
});
