import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { loadConfiguration } from '../../src/config/load.ts';
import { READING } from '../../src/core/batch.ts';
import { MemoryWatermarks, sharedWatermarks } from '../../src/delivery/watermarks.ts';
import { readingAt } from '../../src/encoding/reading.ts';
import { type Assembly, assemble } from '../../src/service/assembly.ts';
import { batches, createReader } from '../../src/simulation/reader.ts';
import { Collector, type Received } from '../outputs/collector.ts';
import { freePort } from '../servers.ts';
import { logLines } from '../store/places.ts';

const MACHINES = 10;

/** The reader processes of this one. */
function readerPids(): readonly number[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(process.pid), '-f', 'reader-process']);
  return String(stdout).split('\n').filter(Boolean).map(Number);
}

/** The times of each data topic, without repeats, oldest first; repeats must be equal. */
function timesByTopic(received: readonly Received[]): ReadonlyMap<string, readonly number[]> {
  const texts = new Map<string, string>();
  const times = new Map<string, Set<number>>();
  for (const { topic, payload } of received) {
    if (topic.endsWith('/status')) continue;
    const { time } = JSON.parse(payload) as { time: string };
    const key = `${topic} ${time}`;
    assert.equal(texts.get(key) ?? payload, payload, key);
    texts.set(key, payload);
    times.set(topic, (times.get(topic) ?? new Set()).add(Date.parse(time)));
  }
  return new Map([...times].map(([topic, set]) => [topic, [...set].sort((a, b) => a - b)]));
}

test('readers divide the machines; one that dies resumes, and so does a single process', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'readers-'));
  const port = await freePort();
  const log = logLines();
  const received: Received[] = [];
  let collector: Collector | undefined;
  let assembly: Assembly | undefined;
  t.after(async () => {
    await collector?.close();
    await assembly?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const run = async (readers: number, whileRunning: (heard: Collector) => Promise<void>) => {
    const intervals = ['COMPRESSOR', 'HVAC', 'MOTOR', 'PUMP', 'INJECTION_MOLDING'].map((type) => [
      `${type}_INTERVAL`,
      '1',
    ]);
    const configuration = loadConfiguration({
      env: {
        ...Object.fromEntries(intervals),
        FLEET_MACHINES: String(MACHINES),
        READERS: String(readers),
        MQTT_PORT: String(port),
        DATA_DIR: folder,
      },
      cwd: folder,
    });
    assembly = await assemble(configuration, log);
    // A session, so that nothing is missed between the two processes that publish to it.
    collector = await Collector.open(`mqtt://127.0.0.1:${port}`);
    const running = assembly.run();
    await whileRunning(collector);
    await assembly.stop();
    await running;
    received.push(...collector.received);
    await collector.close();
  };
  const eachHas = (count: number) => (messages: readonly Received[]) =>
    messages.filter(({ topic }) => topic.endsWith('/energy')).length >= MACHINES * count;

  await run(2, async (heard) => {
    const states = await Collector.open(`mqtt://127.0.0.1:${port}`, 'simulator/state');
    t.after(() => states.close());
    await heard.until(eachHas(3));
    assert.equal(readerPids().length, 2);
    const [first] = readerPids();
    process.kill(first as number, 'SIGKILL');
    const before = heard.received.length;
    await heard.until((messages) => messages.length > before && eachHas(9)(messages));
    await assembly?.simulator.setRunning(false, {});
    await heard.until(
      (messages) =>
        messages.filter(({ payload }) => payload.includes('offline')).length >= MACHINES,
    );
    await assembly?.simulator.setRunning(true, {});
    assert.equal(readerPids().length, 2);
    const { figures } = { figures: assembly?.simulator.sinks[0] };
    assert.ok((figures?.messages ?? 0) > 0 && figures?.isConnected);
    assert.deepEqual(
      states.received.map(({ payload }) => payload),
      ['online'],
      'a reader does not speak for the simulator',
    );
  });
  assert.deepEqual(readerPids(), []);
  assert.match(log.lines.join('\n'), /^a reader process ended; starting another \{/m);
  await run(1, (heard) => heard.until(eachHas(3)));

  const times = timesByTopic(received);
  assert.equal(times.size, 3 * MACHINES);
  for (const [topic, own] of times) {
    const steps = own.slice(1).map((timeMs, i) => timeMs - (own[i] as number));
    // One gap: the time in which all machines were switched off.
    const longer = steps.filter((stepMs) => stepMs !== 1000);
    assert.ok(longer.length <= 1, `${topic}: ${steps}`);
  }
});

test('readers tell the stories and defects of the journal, and one that is restarted as well', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'readers-'));
  const port = await freePort();
  const configuration = loadConfiguration({
    env: {
      COMPRESSOR_INTERVAL: '1',
      READERS: '2',
      MQTT_PORT: String(port),
      DATA_DIR: folder,
      SIMULATOR_ENABLE_ANOMALIES: 'false',
    },
    cwd: folder,
  });
  const assembly = await assemble(configuration, logLines());
  const heard = await Collector.open(
    `mqtt://127.0.0.1:${port}`,
    'factory/demo/compressor-1/energy',
  );
  const running = assembly.run();
  t.after(async () => {
    await heard.close();
    await assembly.stop();
    await running;
    rmSync(folder, { recursive: true, force: true });
  });
  const { simulator } = assembly;
  const powers = () =>
    heard.received.map(({ payload }) => {
      const { time, power_kw: power } = JSON.parse(payload) as { time: string; power_kw: number };
      return { time, power };
    });
  const count = (isIn: (power: number) => boolean) =>
    powers().filter(({ power }) => isIn(power)).length;
  await heard.until(() => count((power) => power < 500) >= 2);
  const machine = simulator.machine('Compressor-1');
  const keys = { fields: ['power_kw'], by: 1000 };
  const { occurrence } = await simulator.stories.addDefect(machine, {
    kind: 'offset',
    durationS: 600,
    keys,
  });
  await heard.until(() => count((power) => power > 900) >= 2);
  for (const pid of readerPids()) process.kill(pid, 'SIGKILL');
  const before = count((power) => power > 900);
  await heard.until(() => count((power) => power > 900) >= before + 3);
  const event = {
    id: 'wrong',
    at: 0,
    defect: { machines: '*', kind: 'stuck', fields: 'power_kw' },
  };
  const text = JSON.stringify({ name: 'stuck', events: [event] });
  await simulator.stories.begin({ text, isText: false });
  await heard.until(() => {
    const last = powers().slice(-4);
    return (
      new Set(last.map(({ time }) => time)).size === 4 &&
      new Set(last.map(({ power }) => power)).size === 1
    );
  });
  await simulator.stories.end('stuck');
  await simulator.stories.mend(machine);
  const mendedMs = 1000 * (simulator.eventLog.journal.events.at(-1)?.timeS as number);
  await heard.until(() => powers().filter(({ time }) => Date.parse(time) > mendedMs).length >= 2);
  const told = powers().toSorted((a, b) => (a.time < b.time ? -1 : 1));
  const reader = createReader(simulator.fleet, { machines: [simulator.machine('Compressor-1')] });
  reader.seek(Date.parse(told[0]?.time as string) - 1);
  const expected = new Map<string, number>();
  for (const batch of batches(reader, Date.parse(told.at(-1)?.time as string)))
    for (let row = 0; row < batch.length; row++) {
      if (((batch.flags[row] as number) & READING) === 0) continue;
      const reading = readingAt(batch, row);
      expected.set(reading.time, reading['power_kw'] as number);
    }
  for (const { time, power } of told) {
    assert.equal(power, expected.get(time), time);
    if (Date.parse(time) <= 1000 * occurrence.beginS) assert.ok(power < 500);
  }
});

test('the slowest reader’s position is stored under the sink’s name', async () => {
  const kept = new MemoryWatermarks();
  const [first, second] = sharedWatermarks(kept, 2);
  assert.ok(first && second);
  assert.equal(await first.load('mqtt'), undefined);
  await first.save('mqtt', { timeMs: 500, liveFromMs: 1 });
  assert.equal(await kept.load('mqtt'), undefined, 'the other may have nothing yet');
  await second.save('mqtt', { timeMs: 300, liveFromMs: 1 });
  assert.equal((await kept.load('mqtt'))?.timeMs, 300);
  assert.equal((await first.load('mqtt'))?.timeMs, 500);
  await kept.save('mqtt', { timeMs: 900, liveFromMs: 1 });
  assert.equal((await first.load('mqtt'))?.timeMs, 900, 'one process alone came farther');
});
