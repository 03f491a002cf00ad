/** `generate --mqtt` as a user sees it. */

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { EmbeddedBroker } from '../../src/broker/embedded-broker.ts';
import { environmentWith } from '../../src/cli/broker-url.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { Batch } from '../../src/core/batch.ts';
import { MemorySink } from '../../src/outputs/memory.ts';
import { mqttOptions } from '../../src/outputs/mqtt/index.ts';
import { instantText } from '../../src/schema/times.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { demoFleet } from '../delivery/demo.ts';
import { Collector, type Received } from '../outputs/collector.ts';
import { type Mosquitto, startMosquitto, withoutMosquitto } from '../servers.ts';
import { freshDirectory, Program, type Run, run } from './program.ts';

const FROM_MS = Date.UTC(2026, 0, 14, 10);
const ANY_PORT = { number: 0, isExplicit: true } as const;
const SECRET = 'hunter2-hunter2';
/** Long enough that a broker can go away before everything is published [min]. */
const DAY = 24 * 60;
const cwd = freshDirectory();

function windowWords(minutes: number): string[] {
  const [from, to] = [FROM_MS, FROM_MS + 60_000 * minutes].map(instantText) as [string, string];
  return ['--from', from, '--to', to];
}

/** Messages of a live run in a window, by topic and time. */
async function expected(minutes: number, names: readonly string[]): Promise<Map<string, string>> {
  const fleet = demoFleet();
  const machines = fleet.machines.filter(({ name }) => names.length === 0 || names.includes(name));
  const reader = createReader(fleet, { machines });
  const sink = new MemorySink();
  const batch = new Batch();
  reader.seek(FROM_MS, true);
  for (let isDone = false; !isDone; ) {
    batch.clear();
    isDone = reader.read(FROM_MS + 60_000 * minutes, batch);
    await sink.write(batch);
  }
  return byTopicAndTime(sink.messages);
}

function byTopicAndTime(
  messages: readonly { readonly topic: string; readonly payload: string | Buffer }[],
): Map<string, string> {
  return new Map(
    messages.map(({ topic, payload }) => {
      const text = String(payload);
      return [`${topic} ${JSON.parse(text).time}`, text];
    }),
  );
}

async function served(t: TestContext, options: object = {}): Promise<Mosquitto> {
  const server = await startMosquitto(options);
  t.after(() => server.close());
  return server;
}

/** A subscriber with a persistent session: it misses nothing while it or the broker is away. */
async function subscribed(t: TestContext, { host, port }: Mosquitto): Promise<Collector> {
  const session = { clientId: 'ingest', clean: false, reconnectPeriod: 50 };
  const collector = await Collector.open(`mqtt://${host}:${port}`, 'factory/#', session);
  t.after(() => collector.close());
  return collector;
}

/** A run that ends by itself, in this process. */
function generate(url: string, ...words: readonly string[]): Promise<Run> {
  return run(['generate', ...words, '--mqtt', url], cwd);
}

/** A run that is interrupted, or whose broker is. */
function generating(url: string, ...words: readonly string[]): Program {
  return new Program(['generate', ...words, '--mqtt', url], cwd);
}

const hasAll = (wanted: ReadonlyMap<string, string>) => {
  const missing = new Set(wanted.keys());
  let seen = 0;
  return (received: readonly Received[]) => {
    for (; seen < received.length; seen++) {
      const { topic, payload } = received[seen] as Received;
      missing.delete(`${topic} ${JSON.parse(payload).time}`);
    }
    return missing.size === 0;
  };
};

describe('generate to a broker', { skip: withoutMosquitto() }, () => {
  it('publishes the readings and statuses of a live run, with their times', async (t) => {
    const server = await served(t);
    const collector = await subscribed(t, server);
    const url = `mqtt://${server.host}:${server.port}`;
    const program = await generate(url, ...windowWords(30));
    assert.equal(program.status, 0, program.stderr);
    assert.match(program.stdout, /^mqtt:\/\/127\.0\.0\.1:\d+: 6\.8 k rows, \d+ s\n$/);
    assert.equal(program.stderr, '');
    const wanted = await expected(30, []);
    await collector.until(hasAll(wanted));
    assert.deepEqual(byTopicAndTime(collector.received), wanted);
    assert.ok([...wanted.keys()].some((key) => key.includes('/status ')));
  });

  it('waits for an unreachable broker, then continues without gaps', async (t) => {
    const server = await served(t, { persistence: true });
    const collector = await subscribed(t, server);
    await server.stop();
    const names = ['HVAC-Main', 'Conveyor-A'];
    const words = [...windowWords(DAY), '--machines', names.join(',')];
    const program = generating(`mqtt://user:${SECRET}@${server.host}:${server.port}`, ...words);
    const away = 'mqtt does not take readings; trying again until it does';
    await program.said(new RegExp(`${away} \\(mqtt://127\\.0\\.0\\.1:\\d+: no connection`));
    await server.restart();
    await program.said(/mqtt takes readings again/);
    await server.stop();
    await program.said(new RegExp(`${away}[\\s\\S]*${away}`));
    await server.restart();
    assert.equal(await program.ended, 0, program.stderr);
    assert.equal(program.stderr.match(/mqtt takes readings again/g)?.length, 2);
    assert.ok(!program.stderr.includes(SECRET), program.stderr);
    const wanted = await expected(DAY, names);
    await collector.until(hasAll(wanted));
    // After a reconnection statuses are published again, with the next reading.
    for (const [key, payload] of byTopicAndTime(collector.received))
      if (wanted.has(key) || !key.includes('/status ')) assert.equal(payload, wanted.get(key), key);
  });

  it('reports its progress when interrupted, and goes offline', async (t) => {
    const server = await served(t);
    const url = `mqtt://${server.host}:${server.port}`;
    const collector = await Collector.open(url, ['factory/#', 'simulator/state']);
    t.after(() => collector.close());
    const program = generating(url, ...windowWords(60 * 24 * 30));
    await collector.until((received) => received.length > 1000);
    program.signal('SIGTERM');
    assert.equal(await program.ended, 143, program.stderr);
    // The lines before it report progress, one per minute on a slow computer.
    const said =
      /(?:^|\n)enms-simulator: interrupted; published up to (\S+)\. To resume, use --from \1\n$/.exec(
        program.stderr,
      );
    assert.ok(said, program.stderr);
    const reachedMs = Date.parse(said[1] as string);
    assert.ok(reachedMs > FROM_MS && reachedMs < FROM_MS + 86_400_000 * 30, said[1]);
    const state = ({ topic }: Received) => topic === 'simulator/state';
    await collector.until((received) => received.findLast(state)?.payload === 'offline');
    const times = collector.received
      .filter((message) => message.topic.endsWith('/energy'))
      .map(({ payload }) => Date.parse(JSON.parse(payload).time));
    assert.ok(Math.max(...times.slice(-1000)) >= reachedMs);
  });

  it('ends at once if interrupted while the broker is away', async () => {
    const program = generating('mqtt://127.0.0.1:1', ...windowWords(10));
    await program.said(/trying again until it does/);
    program.signal('SIGINT');
    assert.equal(await program.ended, 130);
    assert.match(program.stderr, /interrupted; published up to 2026-01-14T10:00:00Z/);
  });

  it('publishes resampled readings at the requested QoS', async (t) => {
    const server = await served(t);
    const collector = await subscribed(t, server);
    const url = `mqtt://${server.host}:${server.port}`;
    const words = [...windowWords(30), '--resample', '10m', '--qos', '0', '--json'];
    const program = await generate(url, ...words);
    assert.equal(program.status, 0, program.stderr);
    const { destination, rows } = JSON.parse(program.stdout);
    assert.deepEqual([destination, rows], [url, 45]);
    const readings = () =>
      collector.received
        .filter(({ topic }) => topic.endsWith('/energy'))
        .map(({ payload }) => payload);
    await collector.until(() => readings().length === 15);
    assert.deepEqual(
      [...new Set(readings().map((payload) => JSON.parse(payload).time))],
      ['2026-01-14T10:10:00Z', '2026-01-14T10:20:00Z', '2026-01-14T10:30:00Z'],
    );
  });
});

it('the embedded broker of a simulator is refused at once, in either version of MQTT', async (t) => {
  const own = await EmbeddedBroker.start({ host: '127.0.0.1', port: ANY_PORT });
  t.after(() => own.close());
  const url = `mqtt://127.0.0.1:${own.port}`;
  for (const [words, env] of [
    [['generate'], {}],
    [['replay', '--speed', 'max'], { MQTT_VERSION: '5' }],
  ] as const) {
    const { status, stderr } = await run([...words, ...windowWords(10), '--mqtt', url], cwd, env);
    assert.equal(status, 2);
    assert.equal(
      stderr,
      `${url}: is the embedded broker of a running simulator, and lets only that simulator ` +
        'publish; use a broker of your own, such as Mosquitto\n',
    );
  }
});

it('a URL has every setting of the broker that variables have', () => {
  const brokerOf = (url: string) =>
    mqttOptions(loadConfiguration({ env: environmentWith(url), cwd }).outputs).external;
  const { protocol, host, port, username, password } = brokerOf(
    `mqtts://me:${encodeURIComponent('p@ss')}@[::1]`,
  ) as NonNullable<ReturnType<typeof brokerOf>>;
  assert.deepEqual([protocol, host, port], ['mqtts', '::1', 8883]);
  assert.deepEqual([username, password], ['me', 'p@ss']);
  assert.equal(brokerOf('wss://broker.example/mqtt')?.port, 443);
  assert.equal(brokerOf('mqtt://broker')?.port, 1883);
  assert.equal(brokerOf('mqtt://broker')?.username, undefined);
});

it('an invalid URL is refused without being shown', async () => {
  for (const url of [`http://me:${SECRET}@host`, `mqtt://me:${SECRET}@host/topic`, `${SECRET}`]) {
    const program = await generate(url, ...windowWords(10), '--clean');
    assert.equal(program.status, 2);
    assert.equal(
      program.stderr,
      '--clean: applies to files, not to a broker\n' +
        '--mqtt: what was given is not accepted; an address like mqtt://host, ' +
        'mqtt://host:1883 or mqtts://user@host; with mqtt, mqtts, ws, wss\n',
    );
  }
});
