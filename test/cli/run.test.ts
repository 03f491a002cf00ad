import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import mqtt, { type MqttClient } from 'mqtt';
import { freePorts, newFolder, SimulatorProcess } from '../voyage/simulator-process.ts';

const CONNACK = Buffer.from([0x20, 0x02, 0x00, 0x00]);
const CONNECT = 0x10;

/** Settles with the topic of the next message. */
function message(client: MqttClient): Promise<string> {
  return new Promise((resolve) => void client.once('message', resolve));
}

async function listening(
  port: number,
  onSocket: (socket: Socket) => void = () => {},
): Promise<Server> {
  const server = createServer(onSocket).listen(port, '127.0.0.1').unref();
  await once(server, 'listening');
  return server;
}

describe('run', () => {
  it('publishes and answers, also by WebSocket, and on a signal goes offline and exits with 0', async () => {
    const ports = await freePorts();
    const simulator = new SimulatorProcess(ports);
    const running = await simulator.logged(/^running$/);
    assert.equal(running.api?.port, Number(ports.API_PORT));

    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${ports.MQTT_PORT}`);
    const messages: [topic: string, payload: string][] = [];
    client.on('message', (topic, payload) => messages.push([topic, payload.toString()]));
    const isTold = (topic: RegExp, payload: RegExp) =>
      messages.some((message) => topic.test(message[0]) && payload.test(message[1]));
    const heard = async (topic: RegExp, payload: RegExp) => {
      while (!isTold(topic, payload)) await message(client);
    };
    await client.subscribeAsync(['factory/#', 'simulator/state']);
    await heard(/^simulator\/state$/, /^online$/);
    await heard(/^factory\/demo\/compressor-1\/energy$/, /"power_kw":/);

    const health = await fetch(`http://127.0.0.1:${ports.API_PORT}/health`);
    assert.equal(((await health.json()) as { status: string }).status, 'healthy');

    // The broker is also on the port of the API.
    const other = await mqtt.connectAsync(`ws://127.0.0.1:${ports.API_PORT}/mqtt`);
    other.subscribe('factory/demo/compressor-1/status');
    assert.equal(await message(other), 'factory/demo/compressor-1/status');
    await other.endAsync(true);

    const startMs = performance.now();
    simulator.signal('SIGTERM');
    await heard(/^simulator\/state$/, /^offline$/);
    assert.equal(await simulator.ended, 0);
    assert.ok(performance.now() - startMs < 5000);
    assert.equal(simulator.errors, '');
    await client.endAsync(true);
  });

  it('ends at once on a second signal', async () => {
    const sockets: Socket[] = [];
    let tellPublished = () => {};
    const published = new Promise<void>((resolve) => {
      tellPublished = resolve;
    });
    // A broker that accepts the connection and acknowledges nothing else.
    const broker = await listening(0, (socket) => {
      sockets.push(socket);
      socket.on('data', ([type]) => (type === CONNECT ? socket.write(CONNACK) : tellPublished()));
      socket.on('error', () => {});
    });
    const { port } = broker.address() as { port: number };
    const { API_PORT } = await freePorts();
    const env = { API_PORT, MQTT_HOST: '127.0.0.1', MQTT_PORT: String(port) };
    const simulator = new SimulatorProcess(env);
    await simulator.logged(/^running$/);
    await published;
    simulator.signal('SIGTERM');
    await simulator.logged(/^stopping/);
    simulator.signal('SIGINT');
    assert.equal(await simulator.ended, 130);
    for (const socket of sockets) socket.destroy();
    broker.close();
  });

  it('keeps running without its broker, and reports that', async () => {
    const { API_PORT } = await freePorts();
    // A port that this test holds, so that no other broker can use it.
    const away = await listening(0, (socket) => socket.destroy());
    const { port } = away.address() as { port: number };
    const env = { API_PORT, MQTT_HOST: '127.0.0.1', MQTT_PORT: String(port) };
    const simulator = new SimulatorProcess(env);
    await simulator.logged(/^running$/);
    await simulator.logged(/mqtt does not take readings/);
    const response = await fetch(`http://127.0.0.1:${API_PORT}/health`);
    const { status, mqtt_connected } = (await response.json()) as Record<string, unknown>;
    assert.deepEqual([status, mqtt_connected], ['degraded', false]);
    simulator.signal('SIGTERM');
    assert.equal(await simulator.ended, 0);
    away.close();
  });

  it('refuses to start if an explicit port is taken, in one line', async () => {
    const { API_PORT, MQTT_PORT } = await freePorts();
    const other = await listening(Number(API_PORT));
    const simulator = new SimulatorProcess({ API_PORT, MQTT_PORT });
    assert.notEqual(await simulator.ended, 0);
    assert.match(simulator.errors, /^API_PORT: port \d+ of 127\.0\.0\.1 is in use[^\n]*\n$/);
    other.close();
  });

  it('uses the next port if a default one is taken, and leaves machines off if configured', async () => {
    const { MQTT_PORT } = await freePorts();
    const DATA_DIR = newFolder();
    const address = join(DATA_DIR, 'address');
    const start = async () => {
      const other = await listening(8003).catch(() => undefined);
      const env = { MQTT_PORT, SIMULATOR_AUTO_START: 'false', DATA_DIR };
      const simulator = new SimulatorProcess(env);
      const { api } = await simulator.logged(/^running$/);
      return { other, simulator, api };
    };
    let { other, simulator, api } = await start();
    // If another program had the port, it may have released it before the simulator tried it.
    while (!other && api?.port === 8003) {
      simulator.signal('SIGINT');
      await simulator.ended;
      ({ other, simulator, api } = await start());
    }
    assert.ok((api?.port ?? 0) > 8003);
    await simulator.logged(/Port 8003 is taken, so the API uses 80/);
    // Other commands find it there.
    assert.equal(readFileSync(address, 'utf8'), `http://127.0.0.1:${api?.port}\n`);
    const base = `http://127.0.0.1:${api?.port}/simulator`;
    const status = async () =>
      (await (await fetch(`${base}/status`)).json()) as Record<string, unknown>;
    assert.equal((await status())['running_machines'], 0);
    const response = await fetch(`${base}/start`, { method: 'POST' });
    assert.equal(response.status, 200);
    assert.equal((await status())['running_machines'], 5);
    simulator.signal('SIGINT');
    assert.equal(await simulator.ended, 0);
    assert.ok(!existsSync(address));
    other?.close();
  });
});
