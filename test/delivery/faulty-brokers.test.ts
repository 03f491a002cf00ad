import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BrokerAddress } from '../../src/outputs/mqtt/client.ts';
import { MqttSink } from '../../src/outputs/mqtt/sink.ts';
import { BackOff } from '../../src/runtime/back-off.ts';
import { faultyBroker, halfOpenProxy, silentPeer } from '../faulty-peers.ts';
import { Collector } from '../outputs/collector.ts';
import { privateAddress, startMosquitto, withoutMosquitto } from '../servers.ts';
import { until } from '../until.ts';
import { due, tryOut } from './trial.ts';

/** A missing message fails the test instead of hanging it. */
const SERVED = { skip: withoutMosquitto() };
const DOWN = 'mqtt does not take readings; trying again until it does';
const AGAIN = 'mqtt takes readings again';
const stallOf = (port: number) => `mqtt://127.0.0.1:${port}: nothing was acknowledged for 0.3 s`;
const stalled = (port: number) => `mqtt has stalled: ${stallOf(port)}; reconnecting`;

function sinkTo(port: number, more: Partial<BrokerAddress> = {}, qos: 0 | 1 | 2 = 1): MqttSink {
  return new MqttSink({ ...privateAddress(port), ...more }, qos);
}

async function collected(t: TestContext, port: number): Promise<Collector> {
  const collector = await Collector.open(`mqtt://127.0.0.1:${port}`, 'factory/#', { qos: 2 });
  t.after(() => collector.close());
  return collector;
}

/** Fails unless every due reading has arrived, and nothing else; repeats are allowed. */
async function assertAll(collector: Collector, seconds: number): Promise<void> {
  const wanted = new Set(await due(seconds));
  const got = new Set<string>();
  let seen = 0;
  await collector.until((received) => {
    for (const { topic, payload } of received.slice(seen)) {
      seen++;
      if (!topic.endsWith('/status')) got.add(`${topic} ${payload}`);
    }
    return got.size >= wanted.size;
  });
  assert.deepEqual(got, wanted);
}

test('a broker that acknowledges nothing gets a new connection', async (t) => {
  let isSilent = true;
  let acknowledged = 0;
  const broker = await faultyBroker(t, {
    onPublish: (packet, client) => {
      if (!isSilent || acknowledged++ < 10) client.acknowledge(packet);
    },
  });
  const trial = tryOut(t, sinkTo(broker.port, { keepaliveS: 0 }));
  trial.pass(5);
  await trial.said(stalled(broker.port));
  assert.equal(trial.figures.state, 'stalled');
  const [problem] = trial.figures.problems;
  assert.equal(problem?.part, 'mqtt');
  assert.equal(problem?.reason, stallOf(broker.port));
  await until(() => broker.connections >= 2);
  isSilent = false;
  await trial.delivered();
  assert.deepEqual(trial.figures.problems, []);
  assert.deepEqual(trial.messages(), [stalled(broker.port), AGAIN]);
});

for (const qos of [0, 1, 2] as const)
  test(`a half-open connection is detected at QoS ${qos}`, SERVED, async (t) => {
    const server = await startMosquitto();
    t.after(() => server.close());
    const collector = await collected(t, server.port);
    const proxy = await halfOpenProxy(t, server.port);
    const trial = tryOut(t, sinkTo(proxy.port, { keepaliveS: 0 }, qos));
    trial.pass(2);
    await trial.delivered();
    proxy.forget();
    // At QoS 0, messages sent before the loss is noticed are lost; QoS 0 promises no more.
    await until(() => {
      if (qos === 0) trial.pass(1);
      else if (trial.figures.lagMs === 0) trial.pass(10);
      return trial.messages().includes(stalled(proxy.port));
    });
    await trial.delivered();
    assert.ok(proxy.connections >= 2);
    assert.equal(trial.messages().at(-1), AGAIN);
    if (qos > 0) await assertAll(collector, 12);
  });

test('a silent peer is an outage with a reason', async (t) => {
  const peer = await silentPeer(t);
  const trial = tryOut(t, sinkTo(peer.port));
  trial.pass(1);
  await trial.said(stalled(peer.port));
  await until(() => peer.connections >= 2);
  assert.equal(trial.figures.isConnected, false);
});

test('a broker that ends each connection at a message is retried at growing intervals', async (t) => {
  const broker = await faultyBroker(t, { onPublish: (_, { socket }) => socket.destroy() });
  const startMs = performance.now();
  const trial = tryOut(t, sinkTo(broker.port, {}, 2), { stallMs: 10_000 });
  trial.pass(1);
  const { reason } = await trial.said(DOWN);
  assert.match(reason as string, /lost while publishing \S+, usually for MQTT_QOS=2/);
  assert.match(reason as string, /MQTT_CLIENT_ID, if another client has it too/);
  assert.equal(trial.figures.problems[0]?.reason, trial.figures.lastError);
  await until(() => broker.connections >= 5);
  assert.ok(performance.now() - startMs >= 200 + 400 + 800 + 1600);
  assert.deepEqual(trial.messages(), [DOWN]);
});

test('waits add up to 20 attempts in the first minute, then one in 5 s', () => {
  const backOff = new BackOff();
  let sumMs = 0;
  let attempts = 1;
  for (; sumMs < 60_000; attempts++) sumMs += backOff.nextMs();
  assert.ok(attempts <= 20, String(attempts));
  for (let i = 0; i < 100; i++) assert.ok(backOff.nextMs() >= 5000);
  const proven = new BackOff(0);
  for (let i = 0; i < 10; i++) proven.nextMs();
  assert.equal(backOff.works(), false, 'a first success proves nothing');
  assert.ok(backOff.nextMs() >= 5000);
  assert.equal(proven.works(), true);
  assert.ok(proven.nextMs() < 1000);
});

test('permanently refused messages are counted, reported and left out', async (t) => {
  let refused: string | undefined = 'factory/demo/hvac-main/energy';
  let copies = 0;
  const topics = new Set<string>();
  const broker = await faultyBroker(t, {
    version: 5,
    onPublish: (packet, client) => {
      const isRefused = packet.topic === refused;
      if (isRefused) copies++;
      else topics.add(packet.topic);
      client.acknowledge(packet, isRefused ? 0x87 : 0);
    },
  });
  const trial = tryOut(t, sinkTo(broker.port, { version: 5 }));
  trial.pass(60);
  await trial.delivered();
  const topic = refused;
  assert.equal(copies, 6, 'once each');
  assert.equal(topics.size, 1 + 15 + 5 - 1);
  const { refused: counts, refusedTotal, failures } = trial.figures;
  assert.deepEqual(counts, [{ topic, count: 6, reason: 'not authorized' }]);
  assert.deepEqual([refusedTotal, failures], [6, 0]);
  const [problem] = trial.figures.problems;
  assert.equal(problem?.reason, `messages of ${topic} are refused: not authorized`);
  refused = undefined;
  trial.pass(10);
  await trial.delivered();
  assert.deepEqual(trial.figures.problems, []);
  assert.equal(trial.figures.refusedTotal, 6);
  assert.deepEqual(trial.lines, [
    {
      sink: 'mqtt',
      topic,
      reason: 'not authorized',
      message: 'mqtt refuses messages of a topic: left out',
    },
    { sink: 'mqtt', topic, refused: 6, message: 'mqtt accepts messages of a topic again' },
  ]);
  assert.equal(broker.connections, 1);
});

test('a temporary refusal is retried', async (t) => {
  let refusals = 0;
  const broker = await faultyBroker(t, {
    version: 5,
    onPublish: (packet, client) => {
      const isFull = packet.topic.endsWith('/energy') && refusals++ === 0;
      client.acknowledge(packet, isFull ? 0x97 : 0);
    },
  });
  const trial = tryOut(t, sinkTo(broker.port, { version: 5 }));
  trial.pass(1);
  await trial.delivered();
  const reason = /does not take factory\/demo\/compressor-1\/energy now: quota exceeded$/;
  assert.match(trial.lines[0]?.reason as string, reason);
  assert.deepEqual(trial.messages(), [DOWN, AGAIN]);
  assert.equal(trial.figures.refusedTotal, 0);
});

test('a response that violates the protocol ends the connection', async (t) => {
  let answer = (messageId: number) => ({ cmd: 'pubrec', messageId }) as const;
  const broker = await faultyBroker(t, {
    onPublish: ({ messageId = 0, topic }, client) => {
      if (topic.startsWith('factory/')) client.send(answer(messageId));
      else client.send({ cmd: 'puback', messageId });
    },
  });
  const trial = tryOut(t, sinkTo(broker.port));
  trial.pass(1);
  assert.match(
    (await trial.said(DOWN)).reason as string,
    /broke the protocol: PUBREC for a message at QoS 1/,
  );
  const right = (messageId: number) => ({ cmd: 'puback', messageId }) as const;
  answer = right as never;
  await trial.delivered();
  assert.ok(broker.connections >= 2);
});

test('every lost connection counts, and half a minute of them is one line', async (t) => {
  const broker = await faultyBroker(t, {});
  const trial = tryOut(t, sinkTo(broker.port));
  for (let losses = 1; losses <= 3; losses++) {
    trial.pass(1);
    await trial.delivered();
    broker.cut();
    await until(() => trial.figures.isConnected === false);
  }
  trial.pass(1);
  await trial.delivered();
  assert.deepEqual(trial.messages(), [DOWN, AGAIN]);
  assert.equal(trial.figures.state, 'live');
  assert.match(
    trial.figures.problems[0]?.reason as string,
    /^the connection was lost 3 times: mqtt:/,
  );
});

for (const version of [4, 5] as const)
  test(`a broker without QoS 1 gets a will of QoS 0 with MQTT ${version}`, SERVED, async (t) => {
    const server = await startMosquitto({ lines: ['max_qos 0'] });
    t.after(() => server.close());
    const collector = await Collector.open(`mqtt://127.0.0.1:${server.port}`, 'factory/#', {
      qos: 0,
    });
    t.after(() => collector.close());
    const asked = version === 5 ? 1 : 0;
    const trial = tryOut(t, sinkTo(server.port, { version }, asked));
    trial.pass(10);
    await trial.delivered();
    if (asked === 1)
      assert.match(trial.lines[0]?.reason as string, /QoS of the will; see MQTT_QOS/);
    await assertAll(collector, 10);
  });

for (const [returnCode, reason] of [
  [undefined, /no connection \(ended without an answer; see MQTT_VERSION=5, MQTT_PROTOCOL and/],
  [1, /does not accept this version of MQTT; see MQTT_VERSION\)$/],
] as const)
  test(`an MQTT version refused with code ${returnCode} is reported`, async (t) => {
    const broker = await faultyBroker(t, { refusal: returnCode ?? 'none' });
    const trial = tryOut(t, sinkTo(broker.port, { version: 5 }));
    trial.pass(1);
    assert.match((await trial.said(DOWN)).reason as string, reason);
  });

test('an access list that refuses everything causes a problem, not a loop', SERVED, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'acl-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'acl'), 'topic read #\n');
  const lines = [`acl_file ${join(folder, 'acl')}`, 'max_queued_messages 1000'];
  const server = await startMosquitto({ lines });
  t.after(() => server.close());
  const trial = tryOut(t, sinkTo(server.port, { version: 5 }));
  trial.pass(30);
  await trial.delivered();
  const { refusedTotal, refused, problems, failures } = trial.figures;
  assert.equal(refused.length, 1 + 15 + 5);
  assert.equal(
    refusedTotal,
    refused.reduce((sum, { count }) => sum + count, 0),
  );
  assert.match(
    problems[0]?.reason as string,
    /^messages of \S+ and of 20 other topics are refused: not/,
  );
  assert.equal(failures, 0);
  assert.equal(trial.lines.length, refused.length);
});
