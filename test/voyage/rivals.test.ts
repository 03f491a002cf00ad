/** Two simulators on one database. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Collector } from '../outputs/collector.ts';
import { withoutPostgres } from '../postgres.ts';
import { freePort, startMosquitto, withoutMosquitto } from '../servers.ts';
import { newFolder, SimulatorProcess } from './simulator-process.ts';
import { postgresHome } from './voyage.ts';

const MARK = 'test/mark';

/** A broker that records everything that one simulator publishes. */
async function ear(t: TestContext) {
  const mosquitto = await startMosquitto();
  t.after(() => mosquitto.close());
  const { host, port } = mosquitto;
  const collector = await Collector.open(`mqtt://${host}:${port}`, '#');
  t.after(() => collector.close());
  const API_PORT = String(await freePort());
  return { collector, env: { API_PORT, MQTT_HOST: host, MQTT_PORT: String(port) } };
}

async function assertOneOfTwo(
  t: TestContext,
  database: Readonly<Record<string, string>>,
): Promise<void> {
  const [one, two] = [await ear(t), await ear(t)];
  const first = new SimulatorProcess({ ...one.env, ...database });
  await one.collector.until((received) => received.length > 10);
  const second = new SimulatorProcess({ ...two.env, ...database });
  const started = second.logged(/^running$/).then(
    () => 'it runs',
    () => second.ended,
  );
  assert.equal(await started, 1);
  assert.match(second.errors, /^enms-simulator: another simulator uses [^\n]+\n$/);
  await two.collector.client.publishAsync(MARK, '', { qos: 1 });
  await two.collector.until((received) => received.some(({ topic }) => topic === MARK));
  assert.deepEqual(
    two.collector.received.map(({ topic }) => topic),
    [MARK],
    'the second has published',
  );

  const count = one.collector.received.length;
  await one.collector.until((received) => received.length > count);
  await first.kill();
  const third = new SimulatorProcess({ ...two.env, ...database });
  await two.collector.until((received) => received.length > 10);
  assert.equal(await third.stop(), 0);
}

test(
  'the second of two simulators on one folder exits with a message and publishes nothing',
  {
    skip: withoutMosquitto(),
  },
  (t) => assertOneOfTwo(t, { DATA_DIR: newFolder() }),
);

test(
  'the second of two simulators on one server exits with a message and publishes nothing',
  {
    skip: withoutMosquitto() || withoutPostgres(),
  },
  async (t) => assertOneOfTwo(t, (await postgresHome(t)).env),
);
