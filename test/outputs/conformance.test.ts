/** Requirements for every sink, with its real peer. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { Batch, READING, STATUS } from '../../src/core/batch.ts';
import type { MachineDescription } from '../../src/core/factory.ts';
import { OFFLINE, RUNNING } from '../../src/core/field.ts';
import type { DeliveredSink } from '../../src/core/sink.ts';
import { outputs } from '../../src/outputs/index.ts';
import { type Fleet, nextFleet } from '../../src/simulation/fleet.ts';
import { FleetSwitchReader } from '../../src/simulation/fleet-switch-reader.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { demoFleet, START_MS } from '../delivery/demo.ts';
import { tryOut } from '../delivery/trial.ts';
import {
  batchOf,
  boiler,
  filler,
  fleetBatch,
  machineOf,
  RECIPES,
  TIME_MS,
} from '../encoding/sample.ts';
import { halfOpenProxy } from '../faulty-peers.ts';
import { freePort } from '../servers.ts';
import { until } from '../until.ts';
import { Notes } from './observer.ts';
import {
  type Arrival,
  type Peer,
  type PeerServer,
  type Place,
  peers,
  type RunningPeer,
  SECRET,
} from './peers.ts';

/** Ten times the longest that closing may take with a silent peer [ms]. */
const CLOSE_MAX_MS = 30_000;
/** Longer than anything takes on a busy computer [ms]. */
const STALL_MS = 30_000;
const RESTARTS = 5;
const MINUTE_MS = 60_000;

/** The first rows of the default factory, all statuses among them, in batches of these sizes. */
function rows(...sizes: readonly number[]): [Batch, ...Batch[]] {
  const reader = createReader(demoFleet());
  reader.seek(START_MS, true);
  return sizes.map((size) => {
    const batch = new Batch(size);
    reader.read(Number.POSITIVE_INFINITY, batch);
    return batch;
  }) as [Batch];
}

/** The rows due in the first seconds, of a fleet that may be replaced after a minute. */
function due(seconds: number, next?: Fleet): Batch {
  const relay = new FleetSwitchReader(demoFleet());
  if (next) relay.follow(next, START_MS + MINUTE_MS);
  relay.seek(START_MS);
  const batch = new Batch(10_000);
  assert.ok(relay.read(START_MS + 1000 * seconds, batch));
  return batch;
}

/** Machines and values that are hard to encode, statuses included. */
function oddities(): Batch {
  const id = (n: number) => `d0000000-0000-0000-0000-00000000000${n}`;
  const named = { ...machineOf(filler, id(1)), name: `Füller 1, "A"='b' #2 + 3/4` };
  const filling = { production_count: 2_147_483_647, operating_mode: RUNNING, power_kw: 7.5 };
  return batchOf(
    ...RECIPES.map((_, code) => ({
      machine: named,
      timeMs: TIME_MS + 1000 * code,
      values: { ...filling, recipe_id: code, batch_id: code },
    })),
    {
      machine: named,
      timeMs: TIME_MS + 60_000,
      values: {
        ...filling,
        power_kw: 9_999_999.999,
        energy_kwh: 0.000001,
        voltage_v: Number.NaN,
        speed_percent: Number.NaN,
        power_factor: -0.0001,
        machine_temp_c: -12.5,
        pressure_bar: Number.NaN,
      },
      flags: READING | STATUS,
      alerts: 0b1001,
    },
    {
      machine: { ...machineOf(filler, id(2)), topic: 'factory/demo/filler-2' },
      values: { operating_mode: OFFLINE },
      flags: STATUS,
    },
    {
      machine: { ...machineOf(boiler, id(3)), topic: 'factory/demo/boiler-3' },
      values: { flow_rate_m3h: 10.5, consumption_m3: 0.0029, enthalpy_kj_kg: Number.NaN },
      flags: READING | STATUS,
    },
  );
}

function lines(arrivals: readonly Arrival[]): readonly string[] {
  return arrivals.map(({ series, timeMs, content }) => `${series} ${timeMs} ${content}`).sort();
}

/** Removes repeats; the first of each keeps its place. */
function distinct(arrivals: readonly Arrival[]): readonly Arrival[] {
  const first = new Map<string, Arrival>();
  for (const arrival of arrivals) {
    const key = `${arrival.series} ${arrival.timeMs}`;
    const before = first.get(key);
    if (before) assert.equal(arrival.content, before.content, `a repeat of ${key} is another one`);
    else first.set(key, arrival);
  }
  return [...first.values()];
}

/** Delivery repeats statuses after a reconnection: only readings are due exactly once. */
function isReading({ isStatus }: Arrival): boolean {
  return !isStatus;
}

function assertInOrder(arrivals: readonly Arrival[]): void {
  const lastMs = new Map<string, number>();
  for (const { series, timeMs } of arrivals) {
    assert.ok(timeMs > (lastMs.get(series) ?? 0), `${series} is out of order`);
    lastMs.set(series, timeMs);
  }
}

/** Fails unless an error has the place and the reason, and no password. */
function assertError(error: unknown, where: string, reason: RegExp): true {
  assert.ok(error instanceof Error);
  assert.ok(error.message.includes(where), `${error.message}: not about ${where}`);
  assert.match(error.message, reason);
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    for (const text of [JSON.stringify(cause), cause.message, cause.stack ?? ''])
      assert.ok(!text.includes(SECRET), `${cause.name} shows the password`);
  return true;
}

test('every output has a peer', () => {
  const tried = new Set(peers.map(({ output }) => output));
  assert.deepEqual(
    outputs.filter((output) => !tried.has(output)),
    [],
  );
});

for (const peer of peers) describe(`a sink: ${peer.name}`, { skip: peer.skip }, () => suite(peer));

function suite(peer: Peer): void {
  let running: RunningPeer;
  before(async () => {
    running = await peer.start();
  });
  after(() => running.close());

  /** Opens the output, and closes it after the test. */
  async function opened(
    t: TestContext,
    place: Pick<Place, 'open'>,
    port?: number,
  ): Promise<DeliveredSink> {
    const open = await place.open(port);
    t.after(async () => {
      for (const sink of open.sinks) await sink.close();
      await open.close?.();
    });
    const [sink] = open.sinks;
    assert.ok(sink && open.sinks.length === 1);
    return sink;
  }

  /** Fails unless a place has each row of batches once, after removing repeats, in order. */
  async function assertArrived(
    place: Place,
    batches: readonly Batch[],
    isWanted = (_: Arrival) => true,
  ): Promise<void> {
    const arrived = distinct((await place.received()).filter(isWanted));
    assertInOrder(arrived);
    assert.deepEqual(lines(arrived), lines(peer.expected(...batches).filter(isWanted)));
  }

  /** A test that needs a peer that is a server. */
  function testWithServer(
    name: string,
    run: (t: TestContext, server: PeerServer) => Promise<void>,
  ) {
    test(name, async (t) => {
      if (running.server) await run(t, running.server);
      else t.skip('the peer is no server of its own');
    });
  }

  test('a write settles once the peer has every row', async (t) => {
    const [batch] = rows(300);
    const place = await running.place(t, batch);
    const sink = await opened(t, place);
    await sink.write(batch);
    await assertArrived(place, [batch]);
  });

  test('a peer that refuses is an error', async (t) => {
    const refusal = await running.refusal?.(t);
    if (!refusal) return t.skip('the peer refuses nothing');
    const { opened: open, where, reason } = refusal;
    const sink = await opened(t, { open: async () => open });
    await assert.rejects(sink.write(rows(10)[0]), (error) => assertError(error, where, reason));
    assert.equal(sink.isConnected, false);
  });

  testWithServer('an absent peer is an error', async (t) => {
    const [batch] = rows(10);
    const port = await freePort();
    const sink = await opened(t, await running.place(t, batch), port);
    const isSaid = (error: unknown) => assertError(error, `127.0.0.1:${port}`, /ECONNREFUSED/);
    await assert.rejects(sink.write(batch), isSaid);
    assert.equal(sink.isConnected, false);
  });

  testWithServer('a stalled peer gets a new connection', async (t, server) => {
    const place = await running.place(t, due(20));
    const proxy = await halfOpenProxy(t, server.port);
    const sink = await opened(t, place, proxy.port);
    const trial = tryOut(t, sink);
    trial.pass(10);
    await trial.delivered();
    proxy.forget();
    trial.pass(10);
    const reason = `${sink.address}: nothing was acknowledged for 0.3 s`;
    await trial.said(`${sink.name} has stalled: ${reason}; reconnecting`);
    assertError(new Error(reason), `127.0.0.1:${proxy.port}`, /nothing was acknowledged/);
    await trial.delivered();
    await assertArrived(place, [due(20)], isReading);
  });

  test('a batch that failed halfway is written again in full', async (t) => {
    const [first, batch] = rows(10, 2000) as [Batch, Batch];
    const place = await running.place(t, first, batch);
    const proxy = running.server && (await halfOpenProxy(t, running.server.port));
    const sink = await opened(t, place, proxy?.port);
    if (!sink.reset) return t.skip('nothing comes between it and its peer');
    await sink.write(first);
    // A few bytes of the peer's response arrive: the batch is half done when the connection is cut.
    proxy?.slow({ bytes: 4, everyMs: 1 });
    const notes = new Notes();
    sink.observe?.(notes);
    notes.progress = () => {
      notes.progress = () => {};
      if (proxy) proxy.cut();
      else sink.reset?.(new Error('lost'));
    };
    const isSaid = (error: unknown) =>
      !proxy ||
      assertError(error, `127.0.0.1:${proxy.port}`, /lost|ended|terminated|ECONNRESET|EPIPE/);
    await assert.rejects(sink.write(batch), isSaid);
    proxy?.slow();
    await sink.write(batch);
    await assertArrived(place, [first, batch]);
  });

  testWithServer(
    `nothing is lost when the peer ends ${RESTARTS} times under load`,
    async (t, server) => {
      const secondsEach = 600;
      const all = due(RESTARTS * secondsEach + 1);
      const place = await running.place(t, all);
      const sink = await opened(t, place);
      const trial = tryOut(t, sink, { steadyMs: 0, stallMs: STALL_MS });
      for (let i = 0; i < RESTARTS; i++) {
        const { bytesWritten } = sink;
        trial.pass(secondsEach);
        await until(() => sink.bytesWritten > bytesWritten);
        await server.end();
        await server.restart();
      }
      trial.pass(1);
      await trial.delivered();
      assert.ok(sink.connectionCount > RESTARTS);
      await assertArrived(place, [all], isReading);
    },
  );

  test('a batch that is written twice arrives once or twice, with equal content', async (t) => {
    const [batch] = rows(300);
    const place = await running.place(t, batch);
    const sink = await opened(t, place);
    await sink.write(batch);
    await sink.write(batch);
    const copies = peer.showsRepeats ? [batch, batch] : [batch];
    assert.deepEqual(lines(await place.received()), lines(peer.expected(...copies)));
  });

  test('rows of every kind arrive with their meaning', async (t) => {
    const batches = [fleetBatch(), oddities()];
    const place = await running.place(t, ...batches);
    const sink = await opened(t, place);
    for (const batch of batches) await sink.write(batch);
    await assertArrived(place, batches);
  });

  test('a batch equals its rows one by one, and an empty one writes nothing', async (t) => {
    const size = 4096;
    const singles = 20;
    for (const batches of [rows(size), rows(...Array(singles).fill(1), size - singles)]) {
      const place = await running.place(t, ...batches);
      const sink = await opened(t, place);
      await sink.write(new Batch(1));
      assert.deepEqual(await place.received(), []);
      for (const batch of batches) await sink.write(batch);
      await assertArrived(place, rows(size));
      await sink.close();
    }
  });

  test('closing ends a write, even to a silent peer', async (t) => {
    const [first, batch] = rows(10, 1000) as [Batch, Batch];
    const place = await running.place(t, first, batch);
    const proxy = running.server && (await halfOpenProxy(t, running.server.port));
    for (const isSilent of proxy ? [false, true] : [false]) {
      const sink = await opened(t, place, proxy?.port);
      await sink.write(first);
      if (isSilent) proxy?.forget();
      const written = sink
        .write(batch)
        .catch((error: unknown) => assert.ok(error instanceof Error));
      const startMs = performance.now();
      await sink.close();
      await written;
      await sink.close();
      assert.ok(performance.now() - startMs < CLOSE_MAX_MS);
    }
  });

  test('a peer that is away at the start is used once it appears', async (t) => {
    const place = await running.place(t, due(10));
    const { server } = running;
    await server?.end();
    const sink = await opened(t, place);
    if (server) assert.equal(sink.isConnected, false);
    const trial = tryOut(t, sink, { stallMs: STALL_MS });
    trial.pass(10);
    if (server) {
      await until(() => trial.figures.failures > 0);
      assert.equal(trial.figures.isConnected, false);
      await server.restart();
    }
    await trial.delivered();
    assert.equal(trial.figures.isConnected, true);
    await assertArrived(place, [due(10)], isReading);
  });

  test('machines are added, removed and renamed', async (t) => {
    const fleet = demoFleet();
    const [factory] = fleet.factories;
    assert.ok(factory);
    const [renamed, gone, ...others] = factory.machines as [MachineDescription, MachineDescription];
    const machines = [
      { ...renamed, name: 'Verdichter, "neu"', topic: 'factory/demo/verdichter' },
      ...others,
      {
        ...gone,
        id: 'd0000000-0000-0000-0000-000000000009',
        name: 'HVAC-2',
        topic: 'factory/demo/hvac-2',
      },
    ];
    const next = nextFleet(fleet, [{ ...factory, machines }]);
    const batch = due(120, next);
    const place = await running.place(t, batch);
    const sink = await opened(t, place);
    const trial = tryOut(t, sink, { fleet, stallMs: STALL_MS });
    trial.pass(60);
    await trial.delivered();
    trial.delivery.follow(next, START_MS + MINUTE_MS);
    trial.pass(60);
    await trial.delivered();
    await assertArrived(place, [batch], isReading);
  });
}
