import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test, { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import pino from 'pino';
import { encodedReadings } from '../../src/api/reading-stream.ts';
import { READINGS_MAX, seriesOf } from '../../src/api/series.ts';
import { ConfigError } from '../../src/core/errors.ts';
import { FACTORY_COLUMNS } from '../../src/factory/columns.ts';
import { readInput } from '../../src/store/registry/input.ts';
import { COMPRESSOR, NOON_MS, type Simulation, startSimulation } from '../simulation.ts';
import { until } from '../until.ts';

const BODY_BYTES = 1_048_000;
/** Ten times what a body of a megabyte may cost. */
const CPU_MAX_MS = 2000;
const DAY_MS = 86_400_000;
const YEAR = 'from=2025-06-02T00:00:00Z&to=2026-06-01T00:00:00Z';
const READINGS = `/simulator/machines/${COMPRESSOR}/readings`;
/** Responses computed at the same time for one address, and for all. */
const OWN_MAX = 6;

/** As many copies as fit into a body, separated by commas. */
function repeated(text: string): string {
  return Array(Math.floor(BODY_BYTES / (text.length + 1)))
    .fill(text)
    .join(',');
}

function manyKeys(value: string): string {
  return `{${Array.from({ length: 70_000 }, (_, i) => `"k${i}":${value}`).join(',')}}`;
}

async function cpuMsOf(work: () => Promise<unknown> | unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('a body of a megabyte', () => {
  let simulation: Simulation;
  before(async () => {
    simulation = await startSimulation();
  });
  after(() => simulation.close());

  const send = (url: string, payload: string, method: 'POST' | 'PUT' = 'POST') =>
    simulation.app.inject({
      method,
      url,
      payload,
      headers: { 'content-type': 'application/json' },
    });

  it('costs time that depends only on its size, and never causes a 5xx', async () => {
    const bodies = {
      'unknown keys': manyKeys('1'),
      'keys of keys': `{"metadata":{"calendar":${manyKeys('{}')}}}`,
      'bad ids': `{"machine_ids":[${repeated('"x"')}]}`,
      'ids of nobody': `{"machine_ids":[${repeated('"d0000000-0000-0000-0000-00000000000d"')}]}`,
      numbers: `[${repeated('0')}]`,
      nesting: '['.repeat(BODY_BYTES / 2) + ']'.repeat(BODY_BYTES / 2),
      'one string': `{"anomaly_type":"${'x'.repeat(BODY_BYTES)}"}`,
      'one number': `{"severity":${'9'.repeat(BODY_BYTES)}}`,
      spaces: ' '.repeat(BODY_BYTES),
      'a key that is not accepted': `{"constructor":${manyKeys('[]')}}`,
      'names of machines': `{"from":"2026-05-01T00:00:00Z","to":"2026-05-02T00:00:00Z","machines":[${Array.from({ length: 10_000 }, (_, i) => `"Compressor ${i}"`)}]}`,
    };
    for (const [name, body] of Object.entries(bodies))
      for (const [method, url] of [
        ['POST', '/simulator/start'],
        ['POST', `/simulator/machines/${COMPRESSOR}/anomaly`],
        ['POST', '/simulator/exports'],
        ['PUT', '/simulator/config'],
      ] as const) {
        const cpuMs = await cpuMsOf(async () => {
          const { statusCode, body: text } = await send(url, body, method);
          assert.ok(statusCode >= 400 && statusCode < 500, `${name} to ${url}: ${statusCode}`);
          assert.ok(text.length < 20_000, `${name} to ${url}: ${text.length} bytes`);
        });
        assert.ok(cpuMs < CPU_MAX_MS, `${name} to ${url}: ${cpuMs} ms`);
      }
  });

  it('that is nested too deeply is refused before it is processed', async () => {
    for (const open of ['[', '{"a":', '[{"a":[']) {
      const { statusCode, json } = await send('/simulator/start', open.repeat(100));
      assert.equal(statusCode, 400);
      assert.equal(json().message, 'the body is nested more than 64 levels deep');
    }
    // Brackets in a string do not count.
    const text = await send('/simulator/start', JSON.stringify({ a: '["\\[{'.repeat(100) }));
    assert.equal(text.statusCode, 422);
  });

  it('gets its first fifty errors, and unknown keys hide no error of known ones', async () => {
    const body = `{"severity":9,${manyKeys('1').slice(1)}`;
    const { errors } = (await send(`/simulator/machines/${COMPRESSOR}/anomaly`, body)).json();
    assert.equal(errors.length, 50);
    assert.match(errors[0].message, /not a known key; accepted are anomaly_type/);
    const few = await send('/simulator/config', '{"colour":"red","anomaly_probability":2}', 'PUT');
    const paths = few.json().errors.map(({ path }: { path: string }) => path);
    assert.deepEqual(paths, ['colour', 'anomaly_probability']);
    const many = Array(50_000).fill('"x"');
    const ids = await send('/simulator/start', `{"machine_ids":[${many}]}`);
    assert.equal(ids.json().errors.length, 50);
    assert.equal(ids.json().errors[49].path, 'machine_ids.49');
  });

  it('for the registry costs no more, even with a time zone, keys or metadata of a megabyte', async () => {
    const inputs = {
      zone: { name: 'x', timezone: 'a/'.repeat(BODY_BYTES / 2) },
      keys: JSON.parse(manyKeys('1')),
    };
    for (const [name, input] of Object.entries(inputs)) {
      const cpuMs = await cpuMsOf(() =>
        assert.throws(
          () => readInput(input, FACTORY_COLUMNS),
          (error) => error instanceof ConfigError && error.faults.length <= 51,
        ),
      );
      assert.ok(cpuMs < CPU_MAX_MS, `${name}: ${cpuMs} ms`);
    }
  });

  it('in an address is truncated when quoted', async () => {
    const { statusCode, body } = await simulation.app.inject(`/${'a/'.repeat(7000)}`);
    assert.equal(statusCode, 404);
    assert.ok(body.length < 300, body);
    const query = Array.from({ length: 1000 }, (_, i) => `k${i}=1`).join('&');
    const unknown = await simulation.app.inject(`/simulator/machines?${query}`);
    assert.equal(unknown.json().errors.length, 50);
  });
});

describe('work done for a client', () => {
  let simulation: Simulation;
  let port: number;
  const lines: { level: number; msg: string }[] = [];
  before(async () => {
    const write = (line: string) => void lines.push(JSON.parse(line));
    const logger = pino({ level: 'info' }, { write });
    const env = { SIMULATOR_ENABLE_ANOMALIES: 'true', ANOMALY_PROBABILITY: '1' };
    simulation = await startSimulation({ env, requestsPerMinute: 2000, logger });
    await simulation.app.listen({ port: 0 });
    ({ port } = simulation.app.server.address() as { port: number });
  });
  after(() => simulation.close());

  /** A client that sends a request and reads nothing, optionally from its own address. */
  async function stalled(path: string, localAddress = '127.0.0.1'): Promise<[Socket, number]> {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    socket.on('error', () => {});
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const [head] = (await once(socket, 'data')) as [Buffer];
    socket.pause();
    return [socket, Number(head.toString('latin1', 9, 12))];
  }

  const statusOf = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    await response.arrayBuffer();
    return response.status;
  };

  it('has one limit for all routes, and one address gets half of it', async () => {
    const open = await Promise.all(
      Array.from({ length: OWN_MAX }, () => stalled(`${READINGS}?${YEAR}`)),
    );
    assert.deepEqual(
      open.map(([, status]) => status),
      Array(OWN_MAX).fill(200),
    );
    for (const path of [
      READINGS,
      `/simulator/machines/${COMPRESSOR}/series`,
      `/simulator/machines/${COMPRESSOR}/baseline`,
      '/simulator/anomalies',
    ])
      assert.equal(await statusOf(path), 429, path);
    assert.equal(await statusOf('/simulator/machines'), 200);
    const others = await Promise.all(
      Array.from({ length: OWN_MAX }, () => stalled(`${READINGS}?${YEAR}`, '127.0.0.2')),
    );
    assert.deepEqual(
      others.map(([, status]) => status),
      Array(OWN_MAX).fill(200),
    );
    const [third, status] = await stalled(READINGS, '127.0.0.3');
    assert.equal(status, 429);
    for (const socket of [third, ...[...open, ...others].map(([socket]) => socket)])
      socket.destroy();
  });

  it('stops when the client disconnects', async () => {
    const { simulator } = simulation;
    const { fleet } = simulator;
    const [machine] = fleet.machines;
    assert.ok(machine);
    const window = { fromMs: NOON_MS - 365 * DAY_MS, toMs: NOON_MS };
    const left = new Error('the client has left');
    const ends = async (work: (signal: AbortSignal) => Promise<unknown>) => {
      const end = new AbortController();
      const over = assert.rejects(work(end.signal), left);
      await turn();
      end.abort(left);
      await over;
    };
    const query = { ...window, machines: fleet.machines, limit: 1000, offset: 0 };
    const cpuMs = await cpuMsOf(async () => {
      await ends((signal) => seriesOf(fleet, machine, [], window, 100, signal, READINGS_MAX));
      await ends((signal) => simulator.groundTruth.list(query, signal));
      await ends(async (signal) => {
        for await (const _ of encodedReadings(fleet, machine, window, 'text/csv', signal));
      });
    });
    assert.ok(cpuMs < CPU_MAX_MS, `${cpuMs} ms`);
  });

  it('does not log connections that end at once, but counts them', async () => {
    const { app } = simulation;
    const remaining = async () =>
      Number((await app.inject('/simulator/info')).headers['x-ratelimit-remaining']);
    const before = await remaining();
    lines.length = 0;
    for (let i = 0; i < 60; i++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write('GET /simulator/machines HTTP/1.1\r\nHost: localhost\r\n\r\n');
      // Every other one is noticed while it is still connected.
      if (i % 2 === 0) await once(socket, 'data');
      socket.resetAndDestroy();
    }
    assert.equal(await statusOf('/simulator/info'), 200);
    assert.deepEqual(lines, []);
    assert.ok(before - (await remaining()) >= 30);
  });
});

test('a client that reads nothing of its response is cut off, and none keeps the server open', async (t) => {
  const simulation = await startSimulation({ stalledMs: 300 });
  t.after(() => simulation.app.server.closeAllConnections());
  await simulation.app.listen({ port: 0 });
  const { port } = simulation.app.server.address() as { port: number };
  const ask = (path: string) => {
    const socket = connect(port, '127.0.0.1').pause();
    socket.on('error', () => {});
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    return socket;
  };
  const openCount = promisify(simulation.app.server.getConnections.bind(simulation.app.server));
  const stalled = Array.from({ length: OWN_MAX }, () => ask(`${READINGS}?${YEAR}`));
  await until(async () => (await openCount()) >= OWN_MAX);
  // A request that trickles in does not count as reading.
  const dribble = setInterval(() => {
    for (const socket of stalled) if (socket.writable) socket.write('G');
  }, 50);
  await until(async () => (await openCount()) === 0);
  clearInterval(dribble);
  await until(async () => (await simulation.app.inject(READINGS)).statusCode !== 429);

  const paths = [`${READINGS}?${YEAR}`, `/simulator/anomalies?${YEAR}`, '/simulator/stream'];
  const sockets = paths.flatMap((path) => [ask(path), ask(path)]);
  await until(async () => (await openCount()) >= sockets.length);
  await simulation.close();
  for (const socket of [...stalled, ...sockets]) socket.destroy();
});
