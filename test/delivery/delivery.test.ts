import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Batch } from '../../src/core/batch.ts';
import type { FactoryDescription } from '../../src/core/factory.ts';
import { Journal } from '../../src/core/journal.ts';
import type { Gap, Sink } from '../../src/core/sink.ts';
import { Delivery, type DeliveryOptions } from '../../src/delivery/delivery.ts';
import { MemoryWatermarks } from '../../src/delivery/watermarks.ts';
import { MemorySink } from '../../src/outputs/memory.ts';
import { InstantClock, RealClock } from '../../src/service/clock.ts';
import {
  createFleet,
  DEFAULT_SETTINGS,
  type Fleet,
  nextFleet,
} from '../../src/simulation/fleet.ts';
import { until } from '../until.ts';
import { dataMessagesPerHour, demoFleet, HOUR_MS, START_MS } from './demo.ts';

/** A missing message fails the test instead of hanging it. */
const SECOND_MS = 1000;

/** Remembers the lines of a log. */
class Lines {
  readonly lines: string[] = [];
  info(_fields: object, message: string): void {
    this.lines.push(message);
  }
  warn(_fields: object, message: string): void {
    this.lines.push(message);
  }
}

/** A sink that can be away: writing then fails after the first rows of the batch. */
class UnsteadySink extends MemorySink {
  override isConnected = true;
  override connectionCount = 1;
  failures = 0;
  /** Called before each write. */
  onWrite: (batch: Batch) => void = () => {};

  override async write(batch: Batch): Promise<void> {
    this.onWrite(batch);
    if (!this.isConnected) {
      this.failures++;
      throw new Error('the sink is away');
    }
    await super.write(batch);
  }

  comeBack(): void {
    this.isConnected = true;
    this.connectionCount++;
  }
}

interface Run {
  readonly delivery: Delivery;
  readonly clock: InstantClock;
  readonly log: Lines;
  /** Moves time and waits until everything up to then has been delivered. */
  advanceTo(timeMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** A delivery on a stopped clock. */
function run(sink: Sink, options: Partial<DeliveryOptions> = {}): Run {
  const clock = new InstantClock(START_MS);
  const log = new Lines();
  const delivery = new Delivery({
    fleet: demoFleet(),
    sink,
    clock,
    horizonMs: () => clock.nowMs(),
    watermarks: new MemoryWatermarks(),
    log,
    catchUpMs: Number.POSITIVE_INFINITY,
    catchUpRate: 0,
    ...options,
  });
  const running = delivery.run();
  return {
    delivery,
    clock,
    log,
    async advanceTo(timeMs) {
      await turn();
      clock.advanceTo(timeMs);
      await until(() => delivery.figures.lagMs === 0);
    },
    async stop() {
      await delivery.stop();
      await running;
    },
  };
}

function dataOf(sink: MemorySink): string[] {
  return sink.messages
    .filter(({ isRetained }) => !isRetained)
    .map(({ topic, payload }) => `${topic} ${payload}`);
}

test('an hour of the default factory has the documented number of messages', async () => {
  const sink = new MemorySink();
  const { delivery, advanceTo, stop } = run(sink);
  await advanceTo(START_MS + HOUR_MS);
  await stop();
  const { readings, messages } = delivery.figures;
  assert.equal(dataOf(sink).length, dataMessagesPerHour(demoFleet()));
  assert.equal(messages, sink.messages.length);
  assert.equal(3 * readings, dataMessagesPerHour(demoFleet()));
});

test('the messages delivered do not depend on how often delivery runs', async () => {
  const [once, often] = [new MemorySink(), new MemorySink()];
  const [whole, pieces] = [run(once), run(often)];
  await whole.advanceTo(START_MS + HOUR_MS / 6);
  for (let ms = START_MS; ms <= START_MS + HOUR_MS / 6; ms += 7 * SECOND_MS)
    await pieces.advanceTo(ms);
  await pieces.advanceTo(START_MS + HOUR_MS / 6);
  await Promise.all([whole.stop(), pieces.stop()]);
  assert.deepEqual(often.messages, once.messages);
});

test('an accelerated clock delivers the same as one that is moved by hand', async () => {
  const [fast, slow] = [new MemorySink(), new MemorySink()];
  const untilMs = START_MS + HOUR_MS;
  const clock = new RealClock({ speed: 36_000, startMs: START_MS });
  const accelerated = run(fast, {
    clock,
    horizonMs: () => Math.min(untilMs, clock.nowMs()),
    beginMs: START_MS,
  });
  await clock.until(untilMs);
  await until(() => fast.messages.length > 0 && accelerated.delivery.figures.lagMs === 0);
  await accelerated.stop();
  const standing = run(slow);
  await standing.advanceTo(untilMs);
  await standing.stop();
  assert.deepEqual(dataOf(fast), dataOf(slow));
  assert.equal(accelerated.log.lines.length, 0, accelerated.log.lines.join());
});

test('a sink that was away receives what it missed, and is logged once', async () => {
  const [unsteady, steady] = [new UnsteadySink(), new MemorySink()];
  const interrupted = run(unsteady);
  await interrupted.advanceTo(START_MS + 60 * SECOND_MS);
  unsteady.isConnected = false;
  unsteady.onWrite = () => {
    if (unsteady.failures === 3) unsteady.comeBack();
  };
  await interrupted.advanceTo(START_MS + 600 * SECOND_MS);
  const { failures, reconnects, lastError } = interrupted.delivery.figures;
  await interrupted.stop();
  const plain = run(steady);
  await plain.advanceTo(START_MS + 600 * SECOND_MS);
  await plain.stop();
  assert.deepEqual(dataOf(unsteady), dataOf(steady));
  assert.deepEqual([failures, reconnects, lastError], [3, 1, 'the sink is away']);
  const said = interrupted.log.lines.filter((line) => /take/.test(line));
  assert.equal(said.length, 2, said.join('\n'));
});

test('after a reconnection every machine’s status is published again', async () => {
  const sink = new UnsteadySink();
  const { fleet, topics } = withOneStopped();
  const { advanceTo, stop } = run(sink, { fleet });
  await advanceTo(START_MS + 301 * SECOND_MS);
  sink.comeBack();
  const before = sink.messages.length;
  await advanceTo(START_MS + 310 * SECOND_MS);
  await advanceTo(START_MS + 359 * SECOND_MS);
  await stop();
  const statuses = sink.messages.slice(before).filter(({ isRetained }) => isRetained);
  assert.deepEqual([...new Set(statuses.map(({ topic }) => topic))].sort(), topics);
});

test('the first message that a sink receives of a machine is its status', async () => {
  const sink = new MemorySink();
  const { fleet, stopped, topics } = withOneStopped();
  const { advanceTo, stop } = run(sink, { fleet });
  await advanceTo(START_MS + 30 * SECOND_MS);
  await stop();
  const statuses = sink.messages.filter(({ isRetained }) => isRetained);
  assert.deepEqual(statuses.map(({ topic }) => topic).sort(), topics);
  const own = statuses.find(({ payload }) => payload.includes(stopped));
  assert.match(String(own?.payload), /"is_running":false,"operating_mode":"offline"/);
});

/** The default factory with its first machine stopped, and the topics of all statuses. */
function withOneStopped(): { fleet: Fleet; stopped: string; topics: string[] } {
  const stopped = demoFleet().machines[0]?.id as string;
  const timeS = START_MS / 1000 - 3600;
  const journal = new Journal(DEFAULT_SETTINGS, [
    { kind: 'stop', machineIds: [stopped], timeS, sequence: 1 },
  ]);
  const fleet = demoFleet(journal);
  return { fleet, stopped, topics: fleet.machines.map((m) => `${m.topic}/status`).sort() };
}

test('another fleet takes effect at its second, even for a sink that is behind', async () => {
  const [steady, unsteady] = [new MemorySink(), new UnsteadySink()];
  const texts: string[][] = [];
  for (const sink of [steady, unsteady]) {
    const fleet = demoFleet();
    const { delivery, advanceTo, stop } = run(sink, { fleet });
    await advanceTo(START_MS + 60 * SECOND_MS);
    const [factory] = fleet.factories as [FactoryDescription];
    const machines = factory.machines.slice(1).map((machine) => ({ ...machine, intervalS: 5 }));
    delivery.follow(nextFleet(fleet, [{ ...factory, machines }]), START_MS + 90 * SECOND_MS);
    unsteady.isConnected = sink === steady;
    unsteady.onWrite = () => {
      if (unsteady.failures === 2) unsteady.isConnected = true;
    };
    await advanceTo(START_MS + 600 * SECOND_MS);
    await stop();
    assert.equal(delivery.deliveredMs, START_MS + 600 * SECOND_MS);
    texts.push(sink.messages.map(({ topic, payload }) => `${topic} ${payload}`));
  }
  assert.equal(unsteady.failures, 2);
  assert.deepEqual(texts[1], texts[0]);
  const [gone] = demoFleet().machines;
  const last = texts[0]?.findLast((text) => text.startsWith(gone?.topic as string));
  assert.match(last as string, /"time":"2026-01-14T10:01:30Z".*"operating_mode":"offline"/);
});

test('a delivery continues where the previous one ended', async () => {
  const [parts, whole] = [new MemorySink(), new MemorySink()];
  const watermarks = new MemoryWatermarks();
  const first = run(parts, { watermarks });
  await first.advanceTo(START_MS + 100 * SECOND_MS);
  await first.stop();
  const second = run(parts, { watermarks });
  await second.advanceTo(START_MS + 200 * SECOND_MS);
  await second.stop();
  const unbroken = run(whole);
  await unbroken.advanceTo(START_MS + 200 * SECOND_MS);
  await unbroken.stop();
  assert.deepEqual(dataOf(parts), dataOf(whole));
});

test('a sink that was away for longer than CATCH_UP starts that far back', async () => {
  const sink = new MemorySink();
  const watermarks = new MemoryWatermarks();
  await watermarks.save('memory', { timeMs: START_MS - HOUR_MS, liveFromMs: 0 });
  const gaps: Gap[] = [];
  const { log, advanceTo, stop } = run(sink, {
    watermarks,
    catchUpMs: 60 * SECOND_MS,
    onGap: (gap) => gaps.push(gap),
  });
  await advanceTo(START_MS + SECOND_MS);
  await stop();
  const times = sink.messages.map(({ payload }) => String(JSON.parse(String(payload)).time));
  assert.equal(
    times.sort()[0],
    new Date(START_MS - 59 * SECOND_MS).toISOString().replace('.000', ''),
  );
  const toMs = START_MS - 60 * SECOND_MS;
  assert.deepEqual(gaps, [{ sink: 'memory', fromMs: START_MS - HOUR_MS, toMs }]);
  assert.equal(log.lines.filter((line) => line.includes('left out')).length, 1);
});

test('history interrupted by a restart continues in full, whatever CATCH_UP is', async () => {
  const sink = new MemorySink();
  const watermarks = new MemoryWatermarks();
  const beganMs = START_MS - HOUR_MS;
  await watermarks.save('memory', { timeMs: beganMs, liveFromMs: START_MS });
  const { advanceTo, stop } = run(sink, { watermarks, catchUpMs: 60 * SECOND_MS });
  await advanceTo(START_MS + SECOND_MS);
  await stop();
  const times = sink.messages.map(({ payload }) => String(JSON.parse(String(payload)).time));
  assert.equal(times.sort()[0], new Date(beganMs + SECOND_MS).toISOString().replace('.000', ''));
});

test('with CATCH_UP none, an outage leaves its gap', async () => {
  const sink = new UnsteadySink();
  const { clock, log, delivery, advanceTo, stop } = run(sink, { catchUpMs: 0 });
  await advanceTo(START_MS + 10 * SECOND_MS);
  sink.isConnected = false;
  sink.onWrite = () => {
    if (sink.failures === 1) clock.advanceTo(START_MS + HOUR_MS);
    if (sink.failures === 2) sink.comeBack();
  };
  clock.advanceTo(START_MS + 11 * SECOND_MS);
  await until(() => delivery.figures.failures >= 2 && delivery.figures.lagMs === 0);
  await advanceTo(START_MS + HOUR_MS + SECOND_MS);
  await stop();
  const times = new Set(
    sink.messages.map(({ payload }) => Date.parse(JSON.parse(String(payload)).time)),
  );
  assert.ok(times.has(START_MS + 11 * SECOND_MS), 'what was under way is delivered');
  assert.ok(!times.has(START_MS + 12 * SECOND_MS));
  assert.ok(times.has(START_MS + HOUR_MS + SECOND_MS));
  assert.equal(log.lines.filter((line) => line.includes('left out')).length, 1);
});

test('a store that cannot save the watermark does not stop delivery', async () => {
  const sink = new MemorySink();
  const watermarks = {
    load: async () => undefined,
    save: async () => {
      throw new Error('the store is away');
    },
  };
  const { log, advanceTo, stop } = run(sink, { watermarks });
  await advanceTo(START_MS + 60 * SECOND_MS);
  await stop();
  assert.equal(dataOf(sink).length, dataMessagesPerHour(demoFleet()) / 60);
  assert.equal(log.lines.filter((line) => line.includes('watermark')).length, 1);
});

test('stopping lets a write in progress end', async () => {
  let release = () => {};
  const isReleased = new Promise<void>((resolve) => {
    release = resolve;
  });
  let isWriting = false;
  class SlowSink extends MemorySink {
    override async write(batch: Batch): Promise<void> {
      isWriting = true;
      await isReleased;
      await super.write(batch);
    }
  }
  const sink = new SlowSink();
  const watermarks = new MemoryWatermarks();
  const { clock, stop } = run(sink, { watermarks });
  await turn();
  clock.advanceTo(START_MS + 5 * SECOND_MS);
  await until(() => isWriting);
  const stopping = stop();
  release();
  await stopping;
  assert.ok(sink.messages.length > 0);
  assert.equal((await watermarks.load('memory'))?.timeMs, START_MS + 5 * SECOND_MS);
});

test('stopping waits less than five seconds for a hanging sink', async () => {
  let isWriting = false;
  const sink: Sink = {
    name: 'hanging',
    write: () => {
      isWriting = true;
      return new Promise(() => {});
    },
    close: async () => {},
  };
  const { clock, delivery } = run(sink);
  await turn();
  clock.advanceTo(START_MS + 5 * SECOND_MS);
  await until(() => isWriting);
  const startMs = performance.now();
  await delivery.stop();
  assert.ok(performance.now() - startMs < 5000);
});

test('a watermark stored with its rows stays valid if the confirmation is lost', async () => {
  const watermarks = new MemoryWatermarks();
  const endMs = START_MS + 5 * SECOND_MS;
  const sink: Sink = {
    name: 'one transaction',
    keepsWatermark: true,
    async write({ untilMs }) {
      await watermarks.save('one transaction', { timeMs: untilMs, liveFromMs: START_MS });
      if (untilMs >= endMs) await new Promise(() => {});
    },
    close: async () => {},
  };
  const { clock, delivery } = run(sink, { watermarks });
  const savedMs = async () => (await watermarks.load('one transaction'))?.timeMs;
  await until(async () => (await savedMs()) === START_MS);
  clock.advanceTo(endMs);
  await until(async () => (await savedMs()) === endMs);
  await delivery.stop();
  assert.ok(delivery.deliveredMs < endMs);
  assert.equal(await savedMs(), endMs);
});

test('an abort signal ends it like stopping', async () => {
  const abort = new AbortController();
  const clock = new InstantClock(START_MS);
  const delivery = new Delivery({
    fleet: createFleet([]),
    sink: new MemorySink(),
    clock,
    horizonMs: () => clock.nowMs(),
    watermarks: new MemoryWatermarks(),
    log: new Lines(),
    catchUpMs: 0,
    catchUpRate: 0,
  });
  const running = delivery.run(abort.signal);
  await turn();
  abort.abort();
  await running;
});
