import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmbeddedBroker } from '../../src/broker/embedded-broker.ts';
import type { Batch } from '../../src/core/batch.ts';
import type { Sink, SinkObserver, Watermark } from '../../src/core/sink.ts';
import { together } from '../../src/delivery/figures.ts';
import { LagWatch } from '../../src/delivery/lag-watch.ts';
import { MemoryWatermarks } from '../../src/delivery/watermarks.ts';
import { MemorySink } from '../../src/outputs/memory.ts';
import { EmbeddedSink } from '../../src/outputs/mqtt/embedded-sink.ts';
import { until } from '../until.ts';
import { START_MS } from './demo.ts';
import { due, tryOut } from './trial.ts';

const STALLED = 'memory has stalled: nothing was acknowledged for 0.3 s; reconnecting';

/** Fails with each reason in turn, then accepts everything. */
class FailingSink extends MemorySink {
  readonly reasons: string[];

  constructor(reasons: readonly string[]) {
    super();
    this.reasons = [...reasons];
  }

  override async write(batch: Batch): Promise<void> {
    const reason = this.reasons.shift();
    if (reason !== undefined) throw new Error(reason);
    await super.write(batch);
  }
}

function readingsOf({ messages }: MemorySink): string[] {
  return messages
    .filter(({ isRetained }) => !isRetained)
    .map(({ topic, payload }) => `${topic} ${payload}`);
}

test('each new reason is logged once, a repeated one is not', async (t) => {
  const sink = new FailingSink(['no partition', 'no partition', 'no type', 'no partition']);
  const trial = tryOut(t, sink);
  trial.pass(1);
  await trial.delivered();
  assert.deepEqual(
    trial.lines.map(({ message, reason }) => [message, reason]),
    [
      ['memory does not take readings; trying again until it does', 'no partition'],
      ['memory still does not take readings, for another reason', 'no type'],
      ['memory takes readings again', undefined],
    ],
  );
});

test('a hanging sink must settle in time, of whatever kind it is', async (t) => {
  class HangingSink extends MemorySink {
    isHanging = true;
    override async write(batch: Batch): Promise<void> {
      if (this.isHanging) await new Promise(() => undefined);
      await super.write(batch);
    }
  }
  const sink = new HangingSink();
  const trial = tryOut(t, sink);
  trial.pass(5);
  await trial.said(STALLED);
  assert.equal(trial.figures.state, 'stalled');
  sink.isHanging = false;
  await trial.delivered();
  assert.deepEqual(readingsOf(sink), await due(5));
});

test('a slow sink that makes progress is left alone', async (t) => {
  class SlowSink extends MemorySink {
    #observer: SinkObserver | undefined;
    observe(observer: SinkObserver): void {
      this.#observer = observer;
    }
    override async write(batch: Batch): Promise<void> {
      const startMs = performance.now();
      await until(() => {
        this.#observer?.progress();
        return performance.now() - startMs > 1000;
      });
      await super.write(batch);
    }
  }
  const sink = new SlowSink();
  const trial = tryOut(t, sink);
  trial.pass(5);
  await trial.delivered();
  assert.deepEqual(trial.lines, []);
  assert.deepEqual(readingsOf(sink), await due(5));
});

test('a subscriber that does not read stalls the embedded broker', async (t) => {
  const broker = await EmbeddedBroker.start({
    host: '127.0.0.1',
    port: { number: 0, isExplicit: false },
  });
  t.after(() => broker.close());
  const { publish } = broker;
  broker.publish = () => undefined;
  const trial = tryOut(t, new EmbeddedSink(broker, 1));
  trial.pass(1);
  await trial.said('mqtt has stalled: nothing was acknowledged for 0.3 s; reconnecting');
  broker.publish = publish;
  await trial.delivered();
  assert.deepEqual(trial.figures.problems, []);
});

test('a watermark that cannot be loaded at first is requested again', async (t) => {
  const watermarks = new MemoryWatermarks();
  await watermarks.save('memory', { timeMs: START_MS + 2000, liveFromMs: START_MS });
  let failures = 0;
  const failing = {
    async load(name: string): Promise<Watermark | undefined> {
      if (failures++ < 2) throw new Error('too many connections for role');
      return watermarks.load(name);
    },
    save: (name: string, watermark: Watermark) => watermarks.save(name, watermark),
  };
  const sink = new MemorySink();
  const trial = tryOut(t, sink, { watermarks: failing });
  trial.pass(5);
  assert.equal(trial.figures.state, 'starting');
  await trial.delivered();
  assert.deepEqual(trial.messages(), [
    'memory: the watermark cannot be loaded; trying again',
    'memory: the watermark is loaded',
  ]);
  assert.match(trial.lines[0]?.reason as string, /too many connections/);
  const wanted = await due(5);
  assert.deepEqual(readingsOf(sink), wanted.slice(-readingsOf(sink).length));
});

test('a silent store does not delay delivery', async (t) => {
  let isSilent = false;
  let saves = 0;
  const watermarks = {
    load: async () => undefined,
    save: async () => {
      if (!isSilent) return;
      saves++;
      await new Promise(() => undefined);
    },
  };
  const sink = new MemorySink();
  const trial = tryOut(t, sink, { watermarks });
  trial.pass(1);
  await trial.delivered();
  isSilent = true;
  const startMs = performance.now();
  for (let seconds = 2; saves === 0 || seconds <= 60; seconds++) {
    trial.pass(1);
    await trial.delivered();
  }
  trial.pass(100);
  await trial.delivered();
  assert.equal(saves, 1, 'one at a time');
  assert.ok(performance.now() - startMs < 10_000, 'it was waited for');
});

test('a sink that falls behind is a problem, one that catches up is not', () => {
  const watch = new LagWatch();
  watch.observe(100);
  assert.equal(watch.problem('mqtt', 100), undefined);
  watch.observe(3_600_000);
  assert.equal(watch.problem('mqtt', 3_600_000), undefined, 'it may catch up');
  const patience = new LagWatch(0);
  patience.observe(40_000);
  patience.observe(45_000);
  const problem = patience.problem('mqtt', 45_000);
  assert.equal(problem?.reason, 'it is 45 s behind and does not catch up');
  assert.equal(patience.problem('mqtt', 20_000), undefined);
});

test('a sink that falls behind is logged once, until it has been on time again', () => {
  const lines: string[] = [];
  const say = (_: object, message: string) => lines.push(message);
  const watch = new LagWatch(0, 1000, { info: say, warn: say });
  for (const lagMs of [2000, 3000, 2500]) {
    watch.observe(lagMs);
    assert.ok(watch.problem('mqtt', lagMs));
  }
  const line = 'mqtt is behind and does not catch up';
  assert.deepEqual(lines, [line]);
  watch.observe(900);
  watch.observe(2000);
  watch.problem('mqtt', 2000);
  assert.deepEqual(lines, [line, line]);
  // On a busy host, delivery may only check while the sink is far behind; health checks in between.
  assert.equal(watch.problem('mqtt', 900), undefined);
  watch.observe(2000);
  assert.ok(watch.problem('mqtt', 2000));
  assert.deepEqual(lines, [line, line, line]);
});

test('a write that ends because its sink closes is not an outage', async (t) => {
  let fail: ((error: Error) => void) | undefined;
  const sink: Sink = {
    name: 'memory',
    write: () =>
      new Promise((_, reject) => {
        fail = reject;
      }),
    close: async () => fail?.(new Error('closed')),
  };
  const trial = tryOut(t, sink, { stallMs: 10_000 });
  trial.pass(1);
  await until(() => fail !== undefined);
  const stopping = trial.delivery.stop();
  await sink.close();
  await stopping;
  assert.deepEqual(trial.messages(), []);
  assert.equal(trial.figures.failures, 0);
});

test('several deliveries of one sink have the state of the worst', async (t) => {
  const good = tryOut(t, new MemorySink());
  const hanging: Sink = {
    name: 'memory',
    write: () => Promise.reject(new Error('away')),
    close: async () => undefined,
  };
  const bad = tryOut(t, hanging);
  for (const trial of [good, bad]) trial.pass(1);
  await good.delivered();
  await until(() => bad.figures.failures > 0);
  const figures = together('memory', [good.figures, bad.figures]);
  assert.equal(figures.state, 'down');
  assert.deepEqual(figures.problems, bad.figures.problems);
  assert.equal(figures.readings, good.figures.readings);
  assert.equal(together('memory', []).state, 'starting');
});
