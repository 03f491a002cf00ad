import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Delivery } from '../../src/delivery/delivery.ts';
import { MemoryWatermarks } from '../../src/delivery/watermarks.ts';
import { MemorySink } from '../../src/outputs/memory.ts';
import { MqttSink } from '../../src/outputs/mqtt/sink.ts';
import { RealClock } from '../../src/service/clock.ts';
import { batches, createReader } from '../../src/simulation/reader.ts';
import { Collector } from '../outputs/collector.ts';
import { privateAddress, startMosquitto, withoutMosquitto } from '../servers.ts';
import { until } from '../until.ts';
import { demoFleet, HOUR_MS, START_MS } from './demo.ts';

const SPEED = 1800;
const UNTIL_MS = START_MS + 2 * HOUR_MS;

/** Topic and time of a reading, and its payload. */
function entryOf(message: { topic: string; payload: string | Buffer }): [string, string] {
  const payload = String(message.payload);
  return [`${message.topic} ${JSON.parse(payload).time}`, payload];
}

/** Every reading of the two hours. */
async function expected(): Promise<Map<string, string>> {
  const sink = new MemorySink();
  const reader = createReader(demoFleet());
  reader.seek(START_MS);
  for (const batch of batches(reader, UNTIL_MS)) await sink.write(batch);
  return new Map(sink.messages.filter(({ isRetained }) => !isRetained).map(entryOf));
}

test('no reading is lost when the broker stops during an accelerated run', {
  skip: withoutMosquitto(),
}, async (t) => {
  const server = await startMosquitto({ persistence: true });
  t.after(() => server.close());
  const { host, port } = server;
  const url = `mqtt://${host}:${port}`;
  const session = { clientId: 'ingest', clean: false, reconnectPeriod: 100 };
  const collector = await Collector.open(url, 'factory/#', session);
  t.after(() => collector.close());

  const clock = new RealClock({ speed: SPEED, startMs: START_MS });
  const lines: string[] = [];
  const log = {
    info: (_: object, line: string) => lines.push(line),
    warn: (_: object, line: string) => lines.push(line),
  };
  const sink = new MqttSink(privateAddress(port), 1);
  t.after(() => sink.close());
  const delivery = new Delivery({
    fleet: demoFleet(),
    sink,
    clock,
    horizonMs: () => Math.min(UNTIL_MS, clock.nowMs()),
    watermarks: new MemoryWatermarks(),
    log,
    catchUpMs: Number.POSITIVE_INFINITY,
    catchUpRate: 1000,
    beginMs: START_MS,
  });
  const running = delivery.run();
  await collector.until((received) => received.length > 5000);
  await server.stop();
  await until(() => delivery.figures.failures >= 3);
  assert.equal(delivery.figures.isConnected, false);
  await server.restart();

  const wanted = await expected();
  const got = new Map<string, string>();
  let seen = 0;
  await collector.until((received) => {
    for (; seen < received.length; seen++) {
      const [key, payload] = entryOf(received[seen] as (typeof received)[number]);
      if (key.includes('/status ')) continue;
      assert.equal(payload, wanted.get(key), key);
      got.set(key, payload);
    }
    return got.size === wanted.size;
  });
  await delivery.stop();
  await running;
  assert.equal(delivery.figures.reconnects, 1);
  assert.equal(lines.filter((line) => line.includes('trying again')).length, 1);
});
