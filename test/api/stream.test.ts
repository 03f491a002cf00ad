import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test, { after, before, describe, it } from 'node:test';
import { buildApp } from '../../src/api/app.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import type { FactoryDescription } from '../../src/core/factory.ts';
import { Journal } from '../../src/core/journal.ts';
import { DEFAULT_CALENDAR } from '../../src/factory/default-factory.ts';
import { largeFleet } from '../../src/factory/index.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { InstantClock } from '../../src/service/clock.ts';
import { MemoryLog } from '../../src/service/durable-log.ts';
import { LocalEventLog } from '../../src/service/event-log.ts';
import { Observer } from '../../src/service/observer.ts';
import { Simulator } from '../../src/service/simulator.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { COMPRESSOR, PUMP, type Simulation, startSimulation } from '../simulation.ts';
import { until } from '../until.ts';

interface ServerEvent {
  readonly name: string;
  readonly data: Record<string, unknown>;
}

/** A client of the stream that keeps the events it receives. */
class EventReader {
  readonly events: ServerEvent[] = [];
  readonly #abort = new AbortController();
  #text = '';

  async open(url: string): Promise<Response> {
    const response = await fetch(url, { signal: this.#abort.signal });
    void this.#read(response);
    return response;
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? [])
        this.#take(decoder.decode(chunk, { stream: true }));
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    }
  }

  #take(text: string): void {
    const parts = (this.#text + text).split('\n\n');
    this.#text = parts.pop() ?? '';
    for (const part of parts) {
      const match = /^event: (\w+)\ndata: (.*)$/.exec(part);
      if (match)
        this.events.push({ name: match[1] as string, data: JSON.parse(match[2] as string) });
    }
  }
}

describe('the stream', () => {
  let simulation: Simulation;
  let url: string;
  before(async () => {
    simulation = await startSimulation();
    await simulation.app.listen({ port: 0 });
    const { port } = simulation.app.server.address() as { port: number };
    url = `http://127.0.0.1:${port}/simulator/stream`;
  });
  after(() => simulation.close());

  it('starts with the status of every machine, then sends their readings', async () => {
    const reader = new EventReader();
    const response = await reader.open(url);
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    await until(() => reader.events.length === 5);
    assert.ok(reader.events.every(({ name }) => name === 'status'));
    assert.deepEqual(Object.keys(reader.events[0]?.data ?? {}), [
      'time',
      'timestamp',
      'machine_id',
      'is_running',
      'operating_mode',
      'current_power_kw',
      'alerts',
    ]);

    await simulation.pass(30);
    const readings = () => reader.events.filter(({ name }) => name === 'reading');
    await until(() => readings().length === 30 + 3 + 3 + 1 + 1);
    const own = await simulation.app.inject(
      `/simulator/machines/${COMPRESSOR}/readings?from=2026-06-01T12:00:00Z`,
    );
    const compressor = readings().filter(({ data }) => data['machine_id'] === COMPRESSOR);
    assert.deepEqual(
      compressor.map(({ data }) => data),
      own.json(),
    );
    reader.close();
  });

  it('can be limited to some machines or types', async () => {
    const pump = new EventReader();
    const compressors = new EventReader();
    await pump.open(`${url}?machine_ids=${PUMP}`);
    await compressors.open(`${url}?types=compressor,hvac`);
    await until(() => pump.events.length === 1 && compressors.events.length === 2);
    await simulation.pass(60);
    const readings = ({ events }: EventReader) => events.filter(({ name }) => name === 'reading');
    await until(() => readings(pump).length === 2 && readings(compressors).length === 66);
    assert.ok(pump.events.every(({ data }) => data['machine_id'] === PUMP));
    pump.close();
    compressors.close();
  });

  it('with a limit covers the first machines, or all if there are fewer', async () => {
    const [few, all] = [new EventReader(), new EventReader()];
    await few.open(`${url}?limit=2`);
    await all.open(`${url}?limit=10000`);
    await until(() => all.events.length === 5);
    await until(() => few.events.length === 2);
    const ids = few.events.map(({ data }) => data['machine_id']);
    assert.deepEqual(
      ids,
      simulation.simulator.fleet.machines.slice(0, 2).map(({ id }) => id),
    );
    await simulation.pass(10);
    await until(() => few.events.length === 2 + 10 + 1);
    few.close();
    all.close();
  });

  it('reports a stop as it happens', async () => {
    const reader = new EventReader();
    await reader.open(`${url}?machine_ids=${PUMP}`);
    await until(() => reader.events.length === 1);
    await simulation.simulator.setRunning(false, { machineIds: [PUMP] });
    await simulation.pass(2);
    await until(() => reader.events.length === 2);
    const { name, data } = reader.events[1] as ServerEvent;
    assert.deepEqual(
      [name, data['operating_mode'], data['is_running']],
      ['status', 'offline', false],
    );
    reader.close();
    await simulation.simulator.setRunning(true, {});
  });

  it('cuts off a client that does not read', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('GET /simulator/stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'readable');
    socket.pause();
    let isClosed = false;
    socket.once('close', () => {
      isClosed = true;
    });
    socket.once('error', () => {});
    for (let i = 0; i < 40; i++) await simulation.pass(3600);
    socket.resume();
    await until(() => isClosed);
  });

  it('follows machines that are added and removed while it is open', async () => {
    const reader = new EventReader();
    await reader.open(`${url}?types=pump`);
    await until(() => reader.events.length === 1);
    const { simulator } = simulation;
    const { factories } = simulator.fleet;
    const [factory] = factories as [FactoryDescription];
    const id = 'c0000000-0000-0000-0000-0000000000ff';
    const machines = factory.machines.map((machine) =>
      machine.id === PUMP ? { ...machine, id, topic: 'factory/demo/pump-2' } : machine,
    );
    simulator.change([{ ...factory, machines }]);
    await simulation.pass(60);
    await until(() => reader.events.some(({ data }) => data['machine_id'] === id));
    const last = reader.events.findLast(({ data }) => data['machine_id'] === PUMP);
    assert.deepEqual([last?.name, last?.data['is_running']], ['status', false]);
    reader.close();
    simulator.change(factories);
    await simulation.pass(60);
  });

  it('is refused, with the limit, when a hundred are open', async () => {
    const readers = Array.from({ length: 100 }, () => new EventReader());
    await Promise.all(readers.map((reader) => reader.open(`${url}?machine_ids=${PUMP}`)));
    const response = await fetch(url);
    assert.equal(response.status, 429);
    assert.match(((await response.json()) as { message: string }).message, /100 streams are open/);
    for (const reader of readers) reader.close();
  });
});

test('a stream of more than ten thousand machines is refused with the parameters to use', async (t) => {
  const journal = new Journal(DEFAULT_SETTINGS);
  const clock = new InstantClock(Date.UTC(2026, 0, 14, 12));
  const fleet = createFleet(largeFleet(50_005, DEFAULT_CALENDAR, machineTypes).factories, {
    journal,
  });
  const eventLog = new LocalEventLog(journal, clock, new MemoryLog());
  const observer = new Observer(fleet, eventLog, clock, 60);
  const simulator = new Simulator({ fleet, clock, eventLog, observer, deliveries: [] });
  const app = await buildApp(simulator, loadConfiguration({ env: {}, cwd: import.meta.dirname }));
  t.after(() => app.close());
  for (const query of ['', '?types=compressor', '?types=pump,motor']) {
    const { statusCode, body } = await app.inject(`/simulator/stream${query}`);
    assert.equal(statusCode, 422, query);
    assert.match(body, /give one up to 10000, or machine_ids, or types/);
  }
  const page = await app.inject('/simulator/machines?limit=2&offset=50003');
  assert.equal((JSON.parse(page.body) as unknown[]).length, 2);
  assert.equal(page.headers['x-total-count'], '50005');
});
