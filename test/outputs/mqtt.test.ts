import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { type TestContext, test } from 'node:test';
import mqtt from 'mqtt';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { EmbeddedBroker } from '../../src/broker/embedded-broker.ts';
import { Batch } from '../../src/core/batch.ts';
import { ConfigError } from '../../src/core/errors.ts';
import type { Sink } from '../../src/core/sink.ts';
import { MemorySink } from '../../src/outputs/memory.ts';
import {
  type BrokerAddress,
  createMqttClient,
  endMqttClient,
} from '../../src/outputs/mqtt/client.ts';
import { EmbeddedSink } from '../../src/outputs/mqtt/embedded-sink.ts';
import { MqttError } from '../../src/outputs/mqtt/error.ts';
import { MqttSink } from '../../src/outputs/mqtt/sink.ts';
import { BackOff } from '../../src/runtime/back-off.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { demoFleet, HOUR_MS, START_MS } from '../delivery/demo.ts';
import {
  type Mosquitto,
  type MosquittoOptions,
  privateAddress,
  startMosquitto,
  withoutMosquitto,
} from '../servers.ts';
import { Collector } from './collector.ts';
import { Notes } from './observer.ts';

/** A missing message fails the test instead of hanging it. */
const SERVED = { skip: withoutMosquitto() };
const MINUTES_MS = HOUR_MS / 4;

async function served(t: TestContext, options: MosquittoOptions = {}): Promise<Mosquitto> {
  const server = await startMosquitto(options);
  t.after(() => server.close());
  return server;
}

function sinkOf(t: TestContext, address: BrokerAddress, qos: 0 | 1 | 2 = 1): MqttSink {
  const sink = new MqttSink(address, qos);
  t.after(() => sink.close());
  return sink;
}

/** Writes a quarter of an hour of the default factory, with all statuses. */
async function writeQuarter(sink: Sink, batchRows = 500): Promise<void> {
  const reader = createReader(demoFleet());
  reader.seek(START_MS, true);
  const batch = new Batch(batchRows);
  for (let isComplete = false; !isComplete; ) {
    batch.clear();
    isComplete = reader.read(START_MS + MINUTES_MS, batch);
    await sink.write(batch);
  }
}

/** The messages of {@link writeQuarter} at a subscriber: topics and payloads, in order. */
async function expected(): Promise<string[]> {
  const memory = new MemorySink();
  await writeQuarter(memory);
  return memory.messages.map(({ topic, payload }) => `${topic} ${payload}`);
}

async function assertQuarter(sink: Sink, collector: Collector): Promise<void> {
  const wanted = await expected();
  await writeQuarter(sink);
  await collector.until((received) => received.length >= wanted.length);
  const got = collector.received.map(({ topic, payload }) => `${topic} ${payload}`);
  assert.deepEqual(got.sort(), wanted.sort());
}

function oneBatch(): Batch {
  const reader = createReader(demoFleet());
  reader.seek(START_MS);
  const batch = new Batch(50);
  reader.read(START_MS + MINUTES_MS, batch);
  return batch;
}

for (const qos of [0, 1, 2] as const)
  test(`the embedded broker delivers at QoS ${qos} what was written to the sink`, async (t) => {
    const port = { number: 0, isExplicit: false };
    const broker = await EmbeddedBroker.start({ host: '127.0.0.1', port });
    t.after(() => broker.close());
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const collector = await Collector.open(url, 'factory/#', { qos: 2 });
    t.after(() => collector.close());
    await assertQuarter(new EmbeddedSink(broker, qos), collector);
  });

for (const version of [4, 5] as const)
  for (const qos of [0, 1, 2] as const)
    test(
      `Mosquitto delivers the same with protocol ${version} at QoS ${qos}`,
      SERVED,
      async (t) => {
        const { port } = await served(t);
        const url = `mqtt://127.0.0.1:${port}`;
        const collector = await Collector.open(url, 'factory/#', { qos: 2 });
        t.after(() => collector.close());
        const sink = sinkOf(t, { ...privateAddress(port), version }, qos);
        await assertQuarter(sink, collector);
        assert.ok(sink.bytesWritten > 100_000);
      },
    );

test('no more messages are in flight than an MQTT 5 broker allows', SERVED, async (t) => {
  const { port } = await served(t, { lines: ['max_inflight_messages 3'] });
  const collector = await Collector.open(`mqtt://127.0.0.1:${port}`, 'factory/#');
  t.after(() => collector.close());
  const sink = sinkOf(t, { ...privateAddress(port), version: 5 });
  await assertQuarter(sink, collector);
  assert.equal(sink.connectionCount, 1);
});

test('statuses are retained, readings are not', SERVED, async (t) => {
  const { port } = await served(t);
  const sink = sinkOf(t, privateAddress(port));
  await writeQuarter(sink);
  const late = await Collector.open(`mqtt://127.0.0.1:${port}`, 'factory/#');
  t.after(() => late.close());
  const { machines } = demoFleet();
  await late.until((received) => received.length >= machines.length);
  assert.deepEqual(
    late.received.map(({ topic }) => topic).sort(),
    machines.map(({ topic }) => `${topic}/status`).sort(),
  );
});

test('simulator/state is online while connected, and offline once closed', SERVED, async (t) => {
  const { port } = await served(t);
  const states = await Collector.open(`mqtt://127.0.0.1:${port}`, 'simulator/#');
  t.after(() => states.close());
  const sink = sinkOf(t, privateAddress(port));
  await states.until((received) => received.length === 1);
  await sink.close();
  await states.until((received) => received.length === 2);
  assert.deepEqual(
    states.received.map(({ payload }) => payload),
    ['online', 'offline'],
  );
  await assert.rejects(sink.write(oneBatch()), MqttError);
});

test('the will says offline when the connection is lost, and it comes back', SERVED, async (t) => {
  const { port } = await served(t);
  const url = `mqtt://127.0.0.1:${port}`;
  const states = await Collector.open(url, 'simulator/#');
  t.after(() => states.close());
  const sink = sinkOf(t, privateAddress(port));
  await states.until((received) => received.length === 1);
  // A client with the same client id ends the connection of the previous one.
  const { clientId } = privateAddress(port);
  const intruder = mqtt.connect(url, { clientId, reconnectPeriod: 0 });
  t.after(() => intruder.endAsync(true));
  await states.until((received) => received.length === 3);
  assert.deepEqual(
    states.received.map(({ payload }) => payload),
    ['online', 'offline', 'online'],
  );
  await sink.write(oneBatch());
  assert.equal(sink.connectionCount, 2);
});

test('a client that is closed while connecting does not reconnect', SERVED, async (t) => {
  const { port } = await served(t);
  class CountedBackOff extends BackOff {
    count = 0;
    override nextMs(): number {
      this.count++;
      return super.nextMs();
    }
  }
  const waits = new CountedBackOff();
  const client = createMqttClient(privateAddress(port), waits);
  const begun = new Promise<void>((resolve) => client.once('packetsend', () => resolve()));
  client.connect();
  await begun;
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  await endMqttClient(client, false);
  await closed;
  assert.equal(client.reconnecting, false);
  assert.equal(waits.count, 0, 'it waits to come back');
});

test('a wrong password is an error that does not reveal it', SERVED, async (t) => {
  const { port } = await served(t, { user: { name: 'ems', password: 'right' } });
  const address = { ...privateAddress(port), username: 'ems' };
  for (const version of [4, 5] as const) {
    const sink = sinkOf(t, { ...address, version, password: 'hunter2' });
    await assert.rejects(sink.write(oneBatch()), (error) => {
      assert.ok(error instanceof MqttError);
      assert.match(
        error.message,
        /no connection \(.* does not accept the user name and password\)$/,
      );
      assert.doesNotMatch(JSON.stringify([error, error.cause, error.stack]), /hunter2/);
      return true;
    });
  }
  await sinkOf(t, { ...address, password: 'right' }).write(oneBatch());
});

test(
  'a message that an MQTT 5 broker refuses is left out, and the rest continues',
  SERVED,
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'acl-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const acl = join(folder, 'acl');
    writeFileSync(acl, 'topic write simulator/#\ntopic readwrite factory/demo/+/energy\n');
    // With an unlimited queue, Mosquitto disconnects a client when it refuses a message.
    const lines = [`acl_file ${acl}`, 'max_queued_messages 100000'];
    const { port } = await served(t, { lines });
    const collector = await Collector.open(`mqtt://127.0.0.1:${port}`, 'factory/#', { qos: 2 });
    t.after(() => collector.close());
    const sink = sinkOf(t, { ...privateAddress(port), version: 5 });
    const notes = new Notes();
    sink.observe(notes);
    await writeQuarter(sink);
    const wanted = await expected();
    const isAllowed = (text: string) => text.split(' ')[0]?.endsWith('/energy') === true;
    const allowed = wanted.filter(isAllowed);
    await collector.until((received) => received.length >= allowed.length);
    assert.deepEqual(
      collector.received.map(({ topic, payload }) => `${topic} ${payload}`),
      allowed,
    );
    assert.equal(notes.refusals.length, wanted.length - allowed.length, 'nothing is sent twice');
    assert.ok(notes.refusals.every((text) => text.endsWith(': not authorized')));
    assert.equal(sink.connectionCount, 1);
  },
);

test('a broker is reached by TLS with a client certificate', SERVED, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => {
    const { status, stderr, error } = spawnSync('openssl', args, { cwd: folder });
    if (error) throw error;
    assert.equal(status, 0, String(stderr));
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-subj', '/CN=ca', '-keyout', 'ca.key', '-out', 'ca.pem');
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  for (const name of ['server', 'client']) {
    openssl('req', ...key, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-out', `${name}.pem`);
  }
  const { port } = await served(t, {
    lines: [
      `cafile ${file('ca.pem')}`,
      `certfile ${file('server.pem')}`,
      `keyfile ${file('server.key')}`,
      'require_certificate true',
    ],
  });
  const address = { ...privateAddress(port), protocol: 'mqtts', caFile: file('ca.pem') } as const;
  const certificate = { certFile: file('client.pem'), keyFile: file('client.key') };
  await writeQuarter(sinkOf(t, { ...address, ...certificate }));
  await assert.rejects(sinkOf(t, address).write(oneBatch()), MqttError);
  const distrusting = sinkOf(t, { ...address, ...certificate, caFile: undefined });
  await assert.rejects(distrusting.write(oneBatch()), /no connection \(.*certificate/);
});

test('a certificate that cannot be read is an error that names the variable', () => {
  const address = { ...privateAddress(1883), caFile: '/nowhere/ca.pem' };
  assert.throws(
    () => new MqttSink(address, 1),
    (error) => error instanceof ConfigError && /^MQTT_CA_FILE: .*ENOENT/.test(error.message),
  );
});

test('a broker is reached by WebSocket', SERVED, async (t) => {
  const { port } = await served(t);
  const collector = await Collector.open(`mqtt://127.0.0.1:${port}`, 'factory/#');
  t.after(() => collector.close());
  // Not every Mosquitto supports WebSockets, so a WebSocket proxy is put in front of it.
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/mqtt' });
  await once(sockets, 'listening');
  t.after(() => sockets.close());
  sockets.on('connection', (socket) => {
    const stream = createWebSocketStream(socket);
    pipeline(stream, connect(port, '127.0.0.1'), stream, () => {});
  });
  const { port: webPort } = sockets.address() as { port: number };
  await assertQuarter(sinkOf(t, { ...privateAddress(webPort), protocol: 'ws' }), collector);
});

test('a server that is not a broker is an error that says so', async (t) => {
  const server = createServer((_, response) => response.writeHead(404).end()).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const sink = sinkOf(t, { ...privateAddress(port), protocol: 'ws' });
  await assert.rejects(sink.write(oneBatch()), /^MqttError: ws:.*404/);
});
