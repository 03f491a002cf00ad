import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, get } from 'node:http';
import { connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { webSocketRefusal } from '../../src/api/access.ts';
import { type BrokerOptions, EmbeddedBroker } from '../../src/broker/embedded-broker.ts';
import { attachWebSocket } from '../../src/broker/websocket.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { ConfigError } from '../../src/core/errors.ts';
import { Collector } from '../outputs/collector.ts';
import { freePort } from '../servers.ts';

const HOST = '127.0.0.1';
/** A missing message fails the test instead of hanging it. */

async function started(
  t: TestContext,
  options: Partial<BrokerOptions> = {},
): Promise<EmbeddedBroker> {
  const port = { number: 0, isExplicit: false };
  const broker = await EmbeddedBroker.start({ host: HOST, port, ...options });
  t.after(() => broker.close());
  return broker;
}

function urlOf({ port }: EmbeddedBroker): string {
  return `mqtt://${HOST}:${port}`;
}

/** A client that tries to connect once. */
function clientOf(t: TestContext, url: string, options: IClientOptions = {}): MqttClient {
  const client = mqtt.connect(url, { reconnectPeriod: 0, ...options });
  t.after(() => client.endAsync(true));
  return client;
}

function publish(broker: EmbeddedBroker, topic: string, text: string, retain = false) {
  return new Promise<void>((resolve, reject) => {
    const message = { topic, payload: Buffer.from(text), qos: 1, retain } as const;
    broker.publish(message, (error) => (error ? reject(error) : resolve()));
  });
}

test('a default port that is in use is replaced by the next free one', async (t) => {
  const first = await started(t);
  const number = first.port;
  const second = await started(t, { port: { number, isExplicit: false } });
  assert.ok(second.port > number && second.port <= number + 20, `${second.port}`);
});

test('an explicit port that is in use is an error', async (t) => {
  const taken = createServer().listen(0, HOST);
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port: number } = taken.address() as { port: number };
  await assert.rejects(
    EmbeddedBroker.start({ host: HOST, port: { number, isExplicit: true } }),
    (error) =>
      error instanceof ConfigError &&
      error.message.startsWith(`MQTT_PORT: port ${number} of ${HOST} is in use`),
  );
});

test('an address of another computer is an error', async () => {
  const port = { number: await freePort(), isExplicit: false };
  await assert.rejects(EmbeddedBroker.start({ host: '192.0.2.1', port }), /not an address of this/);
});

test('simulator/state is online while the broker runs and offline when it closes', async (t) => {
  const broker = await started(t);
  const states = await Collector.open(urlOf(broker), 'simulator/state', { reconnectPeriod: 0 });
  t.after(() => states.close());
  await states.until((received) => received.length === 1);
  assert.deepEqual(states.received[0], {
    topic: 'simulator/state',
    payload: 'online',
    isRetained: true,
  });
  await broker.close();
  await states.until((received) => received.length === 2);
  assert.equal(states.received[1]?.payload, 'offline');
});

test('the broker closes within a second, whichever clients are connected', async (t) => {
  const broker = await started(t);
  const silent = connect(broker.port, HOST);
  await once(silent, 'connect');
  const client = clientOf(t, urlOf(broker));
  await once(client as never, 'connect');
  const startMs = performance.now();
  await Promise.all([broker.close(), once(silent, 'close')]);
  assert.ok(performance.now() - startMs < 1000);
});

test('with a user name and a password, only clients that know them may connect', async (t) => {
  const refusals: string[] = [];
  const broker = await started(t, {
    username: 'ems',
    password: 'right',
    onRefused: (clientId, reason) => refusals.push(`${clientId}: ${reason}`),
  });
  const known = clientOf(t, urlOf(broker), { username: 'ems', password: 'right' });
  await once(known as never, 'connect');
  const strangers: IClientOptions[] = [
    { username: 'ems', password: 'wrong' },
    { username: 'ems' },
    { username: 'other', password: 'right' },
    {},
  ];
  for (const stranger of strangers) {
    const client = clientOf(t, urlOf(broker), { ...stranger, clientId: 'stranger' });
    const [error] = (await once(client as never, 'error')) as [Error & { code: number }];
    assert.equal(error.code, 4);
  }
  const refusal = 'stranger: bad user name or password';
  assert.deepEqual(refusals, [refusal, refusal, refusal, refusal]);
});

test('only the simulator publishes to its own topics', async (t) => {
  const refusals: string[] = [];
  const broker = await started(t, { onRefused: (_, reason) => refusals.push(reason) });
  const collector = await Collector.open(urlOf(broker), ['factory/#', 'plant/#', 'ground-truth/#']);
  t.after(() => collector.close());
  const topics = ['factory', 'factory/demo/a/energy', 'ground-truth/demo/a', 'simulator/state'];
  for (const topic of topics)
    for (const qos of [0, 1, 2] as const) {
      const client = clientOf(t, urlOf(broker));
      await once(client as never, 'connect');
      client.publish(topic, 'forged', { qos, retain: true });
      await once(client as never, 'close');
    }
  assert.equal(refusals.length, 3 * topics.length);
  await publish(broker, 'factory/demo/a/energy', 'genuine');
  const friend = clientOf(t, urlOf(broker));
  await friend.publishAsync('plant/a', 'hello', { qos: 1 });
  await collector.until((received) => received.length === 2);
  assert.deepEqual(
    collector.received.map(({ payload }) => payload),
    ['genuine', 'hello'],
  );
});

test('a will under the simulator’s own topics is not published', async (t) => {
  let wake = () => {};
  const broker = await started(t, { onRefused: () => wake() });
  const collector = await Collector.open(urlOf(broker), '#');
  t.after(() => collector.close());
  const will = { topic: 'factory/demo/a/status', payload: Buffer.from('forged'), qos: 1 } as const;
  const client = clientOf(t, urlOf(broker), { will: { ...will, retain: true } });
  await once(client as never, 'connect');
  const isAsked = new Promise<void>((resolve) => {
    wake = resolve;
  });
  client.stream.destroy();
  await isAsked;
  await publish(broker, 'factory/demo/a/status', 'genuine', true);
  await collector.until((received) => received.some(({ topic }) => topic.startsWith('factory')));
  assert.deepEqual(
    collector.received.map(({ payload }) => payload),
    ['online', 'genuine'],
  );
});

test('retained and other messages all arrive, whichever is slower', async (t) => {
  const broker = await started(t);
  const collector = await Collector.open(urlOf(broker), 'factory/#');
  t.after(() => collector.close());
  const sent: string[] = [];
  for (let i = 0; i < 100; i++) {
    sent.push(`status ${i}`, `energy ${i}`);
    void publish(broker, 'factory/demo/a/status', `status ${i}`, true);
    void publish(broker, 'factory/demo/a/energy', `energy ${i}`);
  }
  await collector.until((received) => received.length >= sent.length);
  assert.deepEqual(collector.received.map(({ payload }) => payload).sort(), sent.sort());
});

test('a persistent session receives what it missed', async (t) => {
  const broker = await started(t);
  const session = { clientId: 'ingest', clean: false };
  const before = await Collector.open(urlOf(broker), 'factory/#', session);
  await before.client.endAsync();
  await publish(broker, 'factory/demo/a/energy', 'missed');
  const after = await Collector.open(urlOf(broker), 'factory/#', session);
  t.after(() => after.close());
  await publish(broker, 'factory/demo/a/energy', 'live');
  await after.until((received) => received.length === 2);
  assert.deepEqual(after.received.map(({ payload }) => payload).sort(), ['live', 'missed']);
});

test('a client that announces a packet of megabytes is disconnected', async (t) => {
  const broker = await started(t);
  const socket = connect(broker.port, HOST);
  socket.on('error', () => {});
  // A CONNECT of 256 MB.
  socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f, 0, 4]));
  await once(socket, 'close');
  assert.equal(broker.clientCount, 0);
});

test('browsers connect by WebSocket at /mqtt, but only from the simulator’s own pages', async (t) => {
  const broker = await started(t);
  const server = createHttpServer().listen(0, HOST);
  await once(server, 'listening');
  t.after(() => server.close());
  const env = { API_CORS_ORIGINS: 'https://dashboard.example' };
  const configuration = loadConfiguration({ env, cwd: import.meta.dirname });
  attachWebSocket(broker, server, (request) => webSocketRefusal(request, configuration));
  const { port } = server.address() as { port: number };

  const collector = await Collector.open(`ws://${HOST}:${port}/mqtt`, 'factory/#');
  t.after(() => collector.close());
  await publish(broker, 'factory/demo/a/energy', 'seen');
  await collector.until((received) => received.length === 1);
  assert.equal(collector.received[0]?.payload, 'seen');

  const status = async (path: string, origin: string): Promise<number | undefined> => {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Protocol': 'mqtt',
      Origin: origin,
    };
    return await new Promise((resolve, reject) => {
      const request = get({ host: HOST, port, path, headers });
      request.on('response', (response) => resolve(response.resume().statusCode));
      request.on('upgrade', (response, socket) => {
        socket.destroy();
        resolve(response.statusCode);
      });
      request.on('error', reject);
    });
  };
  assert.equal(await status('/mqtt', `http://${HOST}:${port}`), 101);
  assert.equal(await status('/mqtt', 'https://dashboard.example'), 101);
  assert.equal(await status('/mqtt', 'https://elsewhere.example'), 403);
  assert.equal(await status('/other', `http://${HOST}:${port}`), 404);
});
