/** The registry of a running simulator, changed through the API and in the database. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import mqtt from 'mqtt';
import pg from 'pg';
import { buildApp } from '../../src/api/app.ts';
import type { App } from '../../src/api/context.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { Batch } from '../../src/core/batch.ts';
import { MemorySink } from '../../src/outputs/memory.ts';
import { type Assembly, assemble } from '../../src/service/assembly.ts';
import { GapLog } from '../../src/service/gap-log.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { openStore } from '../../src/store/open-store.ts';
import { latestGaps } from '../../src/store/tables.ts';
import { environmentOf, type Postgres, withoutPostgres } from '../postgres.ts';
import { freePort } from '../servers.ts';
import { COMPRESSOR, NOBODY } from '../simulation.ts';
import {
  type LogLines,
  logLines,
  type Place,
  placeOf,
  sharedPostgres,
  temporaryFolder,
  without,
} from '../store/places.ts';
import { until } from '../until.ts';

const DEMO = '11111111-1111-1111-1111-111111111111';
const SPEED = 20;

interface Status {
  readonly is_running: boolean;
  readonly operating_mode: string;
  readonly current_power_kw: number;
  readonly machine_id: string;
}

/** A client of the broker that keeps the messages it receives. */
interface Witness {
  readonly messages: Map<string, string[]>;
  /** Settles when the last message of a topic is as expected. */
  heard(topic: string, isWanted: (payload: string) => boolean): Promise<void>;
}

interface Running {
  readonly assembly: Assembly;
  readonly app: App;
  readonly log: LogLines;
  witness(): Promise<Witness>;
  ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: object): Promise<Answer>;
}

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the tests check the response.
  readonly body: any;
}

/** Runs a simulator on a database until the test is over. */
async function start(
  t: Ends,
  { dataDir, server }: Place['options'],
  env: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const configuration = loadConfiguration({
    env: {
      DATA_DIR: dataDir,
      MQTT_PORT: String(await freePort()),
      SIMULATION_SPEED: String(SPEED),
      ...(server && environmentOf(server)),
      ...env,
    },
    cwd: dataDir,
  });
  const log = logLines();
  const assembly = await assemble(configuration, log, { registryPollMs: 20 });
  const running = assembly.run();
  const app = await buildApp(assembly.simulator, configuration, { registry: assembly.registry });
  const clients: mqtt.MqttClient[] = [];
  t.after(async () => {
    for (const client of clients) await client.endAsync(true);
    await app.close();
    await assembly.stop();
    await running;
  });
  return {
    assembly,
    app,
    log,
    async witness() {
      const client = await mqtt.connectAsync(assembly.addresses['mqtt'] as string);
      clients.push(client);
      const messages = new Map<string, string[]>();
      let wake = () => {};
      client.on('message', (topic, payload) => {
        messages.set(topic, [...(messages.get(topic) ?? []), payload.toString()]);
        wake();
      });
      await client.subscribeAsync('factory/#');
      return {
        messages,
        async heard(topic, isWanted) {
          while (!isWanted(messages.get(topic)?.at(-1) ?? ''))
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        },
      };
    },
    async ask(method, url, payload) {
      const request = payload ? { method, url, payload } : { method, url };
      const response = await app.inject(request);
      return { status: response.statusCode, body: response.json() };
    },
  };
}

const says =
  (isRunning: boolean) =>
  (payload: string): boolean =>
    payload !== '' && (JSON.parse(payload) as Status).is_running === isRunning;

/** Cleanup after a test, before its database is removed. */
type Ends = Pick<TestContext, 'after'>;

async function ending(body: (t: Ends) => Promise<void>): Promise<void> {
  const ends: (() => unknown)[] = [];
  try {
    await body({ after: (end) => void ends.push(end as () => unknown) });
  } finally {
    for (const end of ends) await end();
  }
}

/** A simulator that continues from an instant an hour ago. */
interface Resumed extends Running {
  readonly fromMs: number;
}

/** Cases that share one simulator: starting it takes longer than most of them. */
const CASES: [name: string, body: (resumed: Resumed) => Promise<void>][] = [];

for (const driver of ['PGlite', 'PostgreSQL'] as const)
  test(driver, { skip: without(driver) }, async (t) => {
    const place = await placeOf(driver, t);
    const store = await place.open();
    const fromMs = Date.now() - 3_600_000;
    await store.watermarks.save('mqtt', { timeMs: fromMs, liveFromMs: 0 });
    await store.close();
    await ending(async (ends) => {
      const resumed = { ...(await start(ends, place.options, { CATCH_UP: '1m' })), fromMs };
      for (const [name, body] of CASES) await t.test(name, () => body(resumed));
    });
  });

/** A case that runs with both drivers. */
function running(name: string, body: (resumed: Resumed) => Promise<void>): void {
  CASES.push([name, body]);
}

running('a refused change lists every invalid field and changes nothing', async ({ ask }) => {
  const paths = ({ body }: Answer) => body.errors.map(({ path }: { path: string }) => path).sort();
  const wrong = await ask('POST', '/simulator/machines', {
    factory_id: 'x',
    type: 'lathe',
    data_interval_seconds: 0,
    colour: 'red',
  });
  assert.equal(wrong.status, 422);
  const expected = ['colour', 'data_interval_seconds', 'factory_id', 'name', 'type'];
  assert.deepEqual(paths(wrong), expected);
  const pump = { factory_id: DEMO, name: 'Pump 2', type: 'pump' };
  const strong = await ask('POST', '/simulator/machines', { ...pump, rated_power_kw: 5000 });
  assert.deepEqual([strong.status, paths(strong)], [422, ['rated_power_kw']]);
  assert.match(strong.body.errors[0].message, /400/);
  const noZone = await ask('PUT', `/simulator/factories/${DEMO}`, { timezone: 'Mars/Olympus' });
  assert.deepEqual([noZone.status, paths(noZone)], [422, ['timezone']]);
  for (const payload of [{}, [] as object, { id: NOBODY }])
    assert.equal((await ask('PUT', `/simulator/machines/${COMPRESSOR}`, payload)).status, 422);

  const twin = await ask('POST', '/simulator/machines', { ...pump, name: 'Compressor-1' });
  assert.deepEqual([twin.status, paths(twin)], [409, ['name']]);
  const nowhere = await ask('POST', '/simulator/machines', { ...pump, factory_id: NOBODY });
  assert.deepEqual([nowhere.status, paths(nowhere)], [404, ['factory_id']]);
  for (const table of ['machines', 'factories'])
    for (const [method, query] of [
      ['PUT', ''],
      ['DELETE', ''],
      ['DELETE', '?purge=true'],
    ] as const) {
      const payload = method === 'PUT' ? { name: 'x' } : undefined;
      const { status } = await ask(method, `/simulator/${table}/${NOBODY}${query}`, payload);
      assert.equal(status, 404, `${method} ${table} ${query}`);
    }
  for (const path of ['7', `${COMPRESSOR}?confirm=0`])
    assert.equal((await ask('DELETE', `/simulator/machines/${path}`)).status, 422);
  const { body } = await ask('GET', '/simulator/machines');
  assert.equal(body.length, 5);
  assert.equal((await ask('GET', '/simulator/journal')).body.length, 0);
});

running(
  'the energy register of a machine that is added begins at 0, and is read again the same',
  async ({ ask, witness, assembly }) => {
    const { messages, heard } = await witness();
    const machine = { factory_id: DEMO, name: 'Counted', type: 'pump', data_interval_seconds: 30 };
    const metadata = { energy_register: true };
    const added = await ask('POST', '/simulator/machines', { ...machine, metadata });
    assert.equal(added.status, 201);
    const topic = 'factory/demo/counted/energy';
    await heard(topic, () => (messages.get(topic)?.length ?? 0) >= 3);
    const told = (messages.get(topic) ?? []).map((text) => JSON.parse(text));
    const mwh = (kwh: number) => Math.round(1e6 * kwh);
    let before = mwh(told[0].energy_total_kwh - told[0].energy_kwh);
    // Another reading may have fallen due while it was added.
    assert.ok(before <= 2 * mwh(told[0].energy_kwh));
    for (const { energy_kwh, energy_total_kwh } of told) {
      before += mwh(energy_kwh);
      assert.equal(mwh(energy_total_kwh), before);
    }
    const [from, to] = [told[0].time, told[2].time];
    const { id } = added.body.data;
    await until(async () => assembly.simulator.eventLog.closedMs() >= Date.parse(to));
    const { body } = await ask('GET', `/simulator/machines/${id}/readings?from=${from}&to=${to}`);
    assert.deepEqual(
      body.map(({ energy_total_kwh }: { energy_total_kwh: number }) => energy_total_kwh),
      told.slice(1, 3).map(({ energy_total_kwh }) => energy_total_kwh),
    );
    assert.equal((await ask('DELETE', `/simulator/machines/${id}`)).status, 200);
  },
);

running(
  'a gap left by catching up is recorded and shown in the status',
  async ({ ask, fromMs }) => {
    const gaps = async () => (await ask('GET', '/simulator/status')).body.gaps;
    await until(async () => (await gaps()).length !== 0);
    const [{ sink, from, to }] = await gaps();
    assert.deepEqual([sink, Date.parse(from)], ['mqtt', fromMs]);
    assert.ok(Math.abs(Date.parse(to) - fromMs - 3_540_000) < 600_000);
  },
);

running(
  'a new machine runs at once, and is offline after its removal',
  async ({ ask, assembly, witness }) => {
    const { messages, heard } = await witness();
    const { simulator } = assembly;
    const before = simulator.fleet;
    const created = await ask('POST', '/simulator/machines', {
      factory_id: DEMO,
      name: 'Pump 2',
      type: 'pump',
      rated_power_kw: 30,
      data_interval_seconds: 1,
    });
    assert.equal(created.status, 201, JSON.stringify(created.body));
    assert.equal(created.body.message, 'Pump 2 runs');
    const { id, mqtt_topic: topic } = created.body.data;
    assert.equal(topic, 'factory/demo/pump-2');
    await heard(`${topic}/status`, says(true));
    await heard(`${topic}/energy`, (payload) => payload !== '');
    assert.equal((await ask('GET', `/simulator/machines/${id}`)).body.is_running, true);
    assert.equal((await ask('GET', '/simulator/status')).body.machines_count, 6);

    const changed = await ask('PUT', `/simulator/machines/${id}`, { rated_power_kw: 40 });
    assert.equal(changed.body.message, 'Pump 2 was changed and runs');
    assert.equal((await ask('GET', `/simulator/machines/${id}`)).body.rated_power_kw, 40);

    const removed = await ask('DELETE', `/simulator/machines/${id}`);
    assert.equal(removed.status, 200, JSON.stringify(removed.body));
    await heard(`${topic}/status`, says(false));
    const last = JSON.parse(messages.get(`${topic}/status`)?.at(-1) as string) as Status;
    assert.deepEqual([last.operating_mode, last.current_power_kw], ['offline', 0]);
    assert.equal((await ask('GET', `/simulator/machines/${id}`)).status, 404);
    const { body: stops } = await ask('GET', `/simulator/journal?machine_id=${id}&kind=stop`);
    assert.deepEqual(stops[0]?.machine_ids, [id], 'it was stopped first');
    const late = await witness();
    await late.heard(`${topic}/status`, says(false));

    await ask('PUT', `/simulator/machines/${id}`, { is_active: true });
    await heard(`${topic}/status`, says(true));

    // Other machines were not affected.
    const reader = createReader(
      createFleet(before.factories, {
        seed: before.seed,
        journal: simulator.eventLog.journal,
      }),
    );
    const topicSeen = 'factory/demo/compressor-1/energy';
    const seen = messages.get(topicSeen) as string[];
    const timeMs = (payload: string) => Date.parse((JSON.parse(payload) as { time: string }).time);
    reader.seek(timeMs(seen[0] as string) - 1000);
    const sink = new MemorySink();
    const batch = new Batch();
    for (let isDone = false; !isDone; ) {
      batch.clear();
      isDone = reader.read(timeMs(seen.at(-1) as string), batch);
      await sink.write(batch);
    }
    const pure = sink.messages.filter(({ topic }) => topic === topicSeen);
    assert.deepEqual(
      seen,
      pure.map(({ payload }) => payload.toString()),
    );
  },
);

running('a factory is added and removed with its machines', async ({ ask, witness }) => {
  const { heard } = await witness();
  const factory = await ask('POST', '/simulator/factories', { name: 'Works Berlin' });
  assert.equal(factory.status, 201);
  const { id } = factory.body.data;
  assert.equal((await ask('GET', `/simulator/factories/${id}`)).body.machines_count, 0);
  const machine = { factory_id: id, name: 'Air', type: 'compressor' };
  assert.equal((await ask('POST', '/simulator/machines', machine)).status, 201);
  await heard('factory/works-berlin/air/status', says(true));
  const moved = await ask('PUT', `/simulator/factories/${id}`, { timezone: 'Europe/Berlin' });
  assert.equal(moved.body.data.timezone, 'Europe/Berlin');
  assert.equal((await ask('GET', `/simulator/factories/${id}`)).body.timezone, 'Europe/Berlin');
  assert.equal((await ask('DELETE', `/simulator/factories/${id}`)).status, 200);
  await heard('factory/works-berlin/air/status', says(false));
  assert.equal((await ask('GET', '/simulator/factories')).body.length, 1);
  const late = await ask('POST', '/simulator/machines', { ...machine, name: 'Late' });
  assert.equal(late.body.message, 'Late is in the registry, but does not run');
  const counted = await ask('DELETE', `/simulator/factories/${id}?purge=true`);
  assert.equal(counted.body.data.rows.machines, 2);
  const url = `/simulator/factories/${id}?purge=true&confirm=`;
  assert.equal((await ask('DELETE', `${url}${counted.body.data.confirm}`)).body.data.deleted, true);
  assert.equal((await ask('DELETE', `/simulator/factories/${id}`)).status, 404);
});

running('a row without dependents is purged at once if confirmed', async ({ ask }) => {
  const url = `/simulator/machines/${COMPRESSOR}?purge=true`;
  const counted = await ask('DELETE', url);
  assert.equal(counted.body.message, 'no other rows are deleted; to confirm, add confirm=0');
  assert.deepEqual([counted.body.data.deleted, counted.body.data.confirm], [false, 0]);
  assert.equal((await ask('GET', `/simulator/machines/${COMPRESSOR}`)).status, 200);
  const wrong = await ask('DELETE', `${url}&confirm=1`);
  assert.equal(wrong.status, 409);
  assert.equal((await ask('GET', `/simulator/machines/${COMPRESSOR}`)).status, 200);
  const done = await ask('DELETE', `${url}&confirm=0`);
  assert.deepEqual([done.status, done.body.data?.deleted], [200, true]);
  assert.equal((await ask('GET', `/simulator/machines/${COMPRESSOR}`)).status, 404);
});

onServer(
  'without auto start a new machine is off until it is started',
  async (_postgres, place, t) => {
    const { ask, witness } = await start(t, place, { SIMULATOR_AUTO_START: 'false' });
    const { heard } = await witness();
    const pump = { factory_id: DEMO, name: 'Pump 2', type: 'pump' };
    const { id, mqtt_topic: topic } = (await ask('POST', '/simulator/machines', pump)).body.data;
    await heard(`${topic}/status`, says(false));
    await ask('POST', '/simulator/start', { machine_ids: [id] });
    await heard(`${topic}/status`, says(true));
  },
);

/** A test of a simulator on a server to whose database others write. */
function onServer(
  name: string,
  body: (postgres: Postgres, place: Place['options'], t: Ends) => Promise<void>,
): void {
  test(`PostgreSQL: ${name}`, { skip: withoutPostgres() }, async () => {
    const postgres = await sharedPostgres();
    const server = await postgres.newDatabase();
    const place = { dataDir: temporaryFolder(), server, seed: 42, version: '1.2.3' };
    await ending((ends) => body(postgres, place, ends));
  });
}

const BELT = 'a0000000-0000-0000-0000-000000000001';

onServer(
  'rows changed by others take effect, invalid ones are reported once',
  async (postgres, place, t) => {
    const { ask, assembly, log, witness } = await start(t, place);
    const { simulator } = assembly;
    const { heard } = await witness();
    const lines = (text: string) => log.lines.filter((line) => line.includes(text)).length;
    const sql = async (text: string) => {
      const client = new pg.Client(postgres.server(place.server?.database as string));
      await client.connect();
      await client.query(text);
      await client.end();
    };
    await sql(`insert into machines (id, factory_id, name, type, rated_power_kw,
      data_interval_seconds, mqtt_topic)
    values ('${BELT}', '${DEMO}', 'Belt 2', 'conveyor', 11, 1, 'factory/demo/belt-2'),
      ('${NOBODY}', '${DEMO}', 'Lathe', 'other', 11, 1, 'factory/demo/lathe')`);
    await heard('factory/demo/belt-2/status', says(true));
    assert.equal(lines('Lathe does not run'), 1);

    const { fleet } = simulator;
    await sql(`update machines set data_interval_seconds = 2 where name = 'Belt 2'`);
    await until(() => simulator.fleet !== fleet);
    const belt = await ask('GET', `/simulator/machines/${BELT}`);
    assert.equal(belt.body.data_interval_seconds, 2);
    const same = fleet.machines.filter((each) => simulator.fleet.byId.get(each.id) === each);
    assert.equal(same.length, 5, 'the others are untouched');
    assert.equal(lines('Lathe does not run'), 1, 'it was reported');
    await sql(`update machines set mqtt_topic = 'lathe' where name = 'Lathe'`);
    await until(() => lines('Lathe does not run') === 2);
    await sql(`update machines set is_active = false where name = 'Belt 2'`);
    await heard('factory/demo/belt-2/status', says(false));

    await postgres.kill();
    await until(() => lines('the registry cannot be read') === 1);
    const pump = { factory_id: DEMO, name: 'Pump 2', type: 'pump' };
    const refused = await ask('POST', '/simulator/machines', pump);
    assert.equal(refused.status, 503);
    assert.doesNotMatch(JSON.stringify(refused.body), /127\.0\.0\.1|ECONN/);
    assert.equal((await ask('GET', '/simulator/machines')).body.length, 5);
    await postgres.restart();
    await until(() => lines('the registry can be read again') === 1);
    await sql(`update machines set is_active = true where name = 'Belt 2'`);
    await heard('factory/demo/belt-2/status', says(true));
    assert.equal(lines('the registry cannot be read'), 1, 'once a change of state');
  },
);

onServer(
  'a purge deletes readings once their number is confirmed',
  async ({ host, port }, place, t) => {
    const { ask, assembly } = await start(t, place, { SINK_POSTGRES: 'true' });
    const { simulator } = assembly;
    const address = `${host}:${port}/${place.server?.database}`;
    assert.equal(assembly.addresses['postgres'], address);
    const url = `/simulator/machines/${COMPRESSOR}`;
    const stored = () => simulator.sinks.find(({ sink }) => sink === 'postgres');
    const readings = () => stored()?.readings ?? 0;
    await until(() => readings() >= 20);
    const live = await ask('DELETE', `${url}?purge=true`);
    assert.ok(live.body.data.rows.energy_readings > 0);
    assert.equal((await ask('DELETE', url)).status, 200);
    await until(() => simulator.isChangeDelivered);
    const { body } = await ask('DELETE', `${url}?purge=true`);
    const { rows, confirm } = body.data as { rows: Record<string, number>; confirm: number };
    const total = Object.values(rows).reduce((a, b) => a + b, 0);
    assert.equal(confirm, total);
    assert.match(body.message, new RegExp(`^this also deletes ${total} rows`));
    const wrong = await ask('DELETE', `${url}?purge=true&confirm=${total - 1}`);
    assert.equal(wrong.status, 409);
    const done = await ask('DELETE', `${url}?purge=true&confirm=${total}`);
    assert.deepEqual([done.status, done.body.data?.deleted], [200, true], done.body.message);
    const before = readings();
    await until(() => readings() >= before + 10);
    assert.equal(stored()?.lastError, undefined, 'the others continue');
  },
);

onServer('a gap is recorded once the database is back, and only once', async (postgres, place) => {
  const store = await openStore(place, logLines());
  const log = await GapLog.open(store.database);
  const gap = { sink: 'mqtt', fromMs: 1000, toMs: 2000 };
  await postgres.kill();
  log.add(gap);
  log.add(gap);
  assert.deepEqual(log.gaps, [gap, gap]);
  await postgres.restart();
  const known = async () => (await latestGaps(store.database, 10)).length;
  await until(async () => (await known().catch(() => 0)) !== 0);
  await log.close();
  assert.deepEqual(await latestGaps(store.database, 10), [gap]);
  await store.close();
});
