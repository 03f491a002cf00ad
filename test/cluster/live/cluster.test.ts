/** A live cluster in one process: two APIs and two workers, independent of each other. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { buildApp } from '../../../src/api/app.ts';
import type { App } from '../../../src/api/context.ts';
import { type ApiProcess, assembleApi } from '../../../src/cluster/live/api-process.ts';
import { joinCluster } from '../../../src/cluster/live/join.ts';
import { runShards } from '../../../src/cluster/live/worker.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import { ConfigError } from '../../../src/core/errors.ts';
import { DEFAULT_FACTORY } from '../../../src/factory/default-factory.ts';
import { Collector } from '../../outputs/collector.ts';
import { type Postgres, startPostgres, withoutPostgres } from '../../postgres.ts';
import { startRedis, type TestRedis, withoutRedis } from '../../redis.ts';
import { freePort, type Mosquitto, startMosquitto, withoutMosquitto } from '../../servers.ts';
import { COMPRESSOR } from '../../simulation.ts';
import { logLines } from '../../store/places.ts';
import { until } from '../../until.ts';
import { assertSound, launchChromium, open, withoutChromium } from '../../web/chromium.ts';

const SKIP = withoutMosquitto() || withoutPostgres() || withoutRedis();

interface Api {
  readonly assembly: ApiProcess;
  readonly app: App;
  readonly running: Promise<void>;
}

async function startApi(configuration: Configuration): Promise<Api> {
  const assembly = await assembleApi(configuration, logLines());
  const { simulator, registry, cluster } = assembly;
  const app = await buildApp(simulator, configuration, { registry, cluster });
  return { assembly, app, running: assembly.run() };
}

describe('a live cluster', { skip: SKIP }, () => {
  let postgres: Postgres;
  let redis: TestRedis;
  let mosquitto: Mosquitto;
  let env: Record<string, string>;
  let a: Api;
  let b: Api;
  let first: Promise<void>;
  let second: Promise<void>;
  const ends = [new AbortController(), new AbortController()];

  const configured = (more: Record<string, string> = {}) =>
    loadConfiguration({ env: { ...env, ...more }, cwd: tmpdir() });
  const ask = async ({ app }: Api, url: string) => (await app.inject(url)).json();
  const order = async (
    { app }: Api,
    method: 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload: object = {},
  ) => {
    const body = method === 'DELETE' ? {} : { payload };
    const response = await app.inject({ method, url, ...body });
    assert.ok(response.statusCode < 300, response.body);
  };
  /** Waits until `count` workers deliver all shards. */
  const shared = (workers: number) =>
    until(async () => {
      const { shards } = await ask(a, '/simulator/cluster');
      const owners: (string | null)[] = shards.map(({ owner }: { owner: string | null }) => owner);
      return !owners.includes(null) && new Set(owners).size === workers;
    });

  before(async () => {
    [postgres, redis, mosquitto] = await Promise.all([
      startPostgres(),
      startRedis(),
      startMosquitto(),
    ]);
    const { database } = await postgres.newDatabase();
    env = {
      CLUSTER: 'true',
      CLUSTER_SHARDS: '4',
      REDIS_URL: redis.url,
      MQTT_HOST: mosquitto.host,
      MQTT_PORT: String(mosquitto.port),
      POSTGRES_HOST: postgres.host,
      POSTGRES_PORT: String(postgres.port),
      POSTGRES_USER: 'simulator',
      POSTGRES_DB: database,
      SIMULATION_SPEED: '20',
    };
    [a, b] = await Promise.all([startApi(configured()), startApi(configured())]);
    [first, second] = ends.map(({ signal }) => runShards(configured(), logLines(), signal)) as [
      Promise<void>,
      Promise<void>,
    ];
    await shared(2);
  });

  after(async () => {
    for (const end of ends) end.abort();
    await Promise.all([first, second]);
    for (const { app, assembly, running } of [a, b]) {
      await app.close();
      await assembly.stop();
      await running;
    }
    await Promise.all([mosquitto.close(), redis.close(), postgres.close()]);
  });

  it('is shown by each of its APIs', async () => {
    // Each API reads the cluster by itself, once a second.
    await until(async () => (await ask(b, '/simulator/cluster')).members.length === 4);
    const { enabled, members, shards } = await ask(b, '/simulator/cluster');
    assert.equal(enabled, true);
    const roles = members.map(({ role }: { role: string }) => role).sort();
    assert.deepEqual(roles, ['api', 'api', 'worker', 'worker']);
    const machines = shards.map((shard: { machines: number }) => shard.machines);
    assert.equal(
      machines.reduce((sum: number, count: number) => sum + count, 0),
      DEFAULT_FACTORY.machines.length,
    );
    await until(async () => (await ask(b, '/health')).mqtt_connected);
    assert.equal((await ask(b, '/health')).status, 'healthy');
    await until(async () => (await ask(b, '/simulator/status')).mqtt_messages_published > 0);
    const { body } = await b.app.inject('/metrics');
    assert.match(body, /^simulator_cluster_members\{role="worker"\} 2$/m);
    assert.match(body, /^simulator_cluster_lag_seconds [\d.e-]+$/m);
    for (let shard = 0; shard < 4; shard++)
      assert.match(
        body,
        new RegExp(`^simulator_shard_owned\\{shard="${shard}",.*owner=".+"\\} 1$`, 'm'),
      );
  });

  it('carries out a command sent to one of its APIs, and all APIs show it', async () => {
    const collector = await Collector.open(
      `mqtt://127.0.0.1:${mosquitto.port}`,
      'factory/+/+/status',
    );
    const { topic } = DEFAULT_FACTORY.machines[0] as { topic: string };
    await order(a, 'POST', '/simulator/stop', { machine_ids: [COMPRESSOR] });
    await until(
      async () => (await ask(b, `/simulator/machines/${COMPRESSOR}`)).is_running === false,
    );
    await collector.until((received) =>
      received.some((each) => each.topic === `${topic}/status` && /"offline"/.test(each.payload)),
    );
    await order(b, 'POST', '/simulator/start');
    await until(async () => (await ask(a, `/simulator/machines/${COMPRESSOR}`)).is_running);
    await collector.close();
  });

  it('changes its speed in all processes at once', async () => {
    await order(b, 'PUT', '/simulator/config', { simulation_speed: 40 });
    assert.equal(b.assembly.simulator.clock.speed, 40);
    await until(() => a.assembly.simulator.clock.speed === 40);
    await order(a, 'PUT', '/simulator/config', { simulation_speed: 20 });
    await until(() => b.assembly.simulator.clock.speed === 20);
  });

  it('adds a machine through one of its APIs, and removes it again', async () => {
    const collector = await Collector.open(
      `mqtt://127.0.0.1:${mosquitto.port}`,
      'factory/demo/new/#',
    );
    const payload = { factory_id: DEFAULT_FACTORY.id, name: 'New', type: 'motor' };
    const made = await a.app.inject({ method: 'POST', url: '/simulator/machines', payload });
    assert.equal(made.statusCode, 201, made.body);
    const { id } = made.json().data;
    await collector.until((received) => received.some(({ topic }) => topic.endsWith('/energy')));
    await until(async () => (await b.app.inject(`/simulator/machines/${id}`)).statusCode === 200);
    const gone = await b.app.inject({ method: 'DELETE', url: `/simulator/machines/${id}` });
    assert.equal(gone.statusCode, 200, gone.body);
    await collector.until((received) =>
      received.some(({ topic, payload }) => topic.endsWith('/status') && /"offline"/.test(payload)),
    );
    await until(async () => (await a.app.inject(`/simulator/machines/${id}`)).statusCode === 404);
    await collector.close();
  });

  it('tells in all processes what is given to one of its APIs, whatever else changes', async () => {
    const collector = await Collector.open(
      `mqtt://127.0.0.1:${mosquitto.port}`,
      'factory/demo/compressor-1/energy',
    );
    const powers = () =>
      collector.received.map(({ payload }) => JSON.parse(payload)['power_kw'] as number);
    const defect = { machines: '*', kind: 'offset', fields: 'power_kw', by: 1000 };
    const scenario = { name: 'offset', events: [{ id: 'wrong', at: 0, defect }] };
    await order(a, 'POST', '/simulator/scenarios', { scenario });
    await until(async () => (await ask(b, '/simulator/scenarios')).length === 1);
    await collector.until(() => powers().some((power) => power > 900));
    const created = await b.app.inject({
      method: 'POST',
      url: '/simulator/machines',
      payload: {
        factory_id: DEFAULT_FACTORY.id,
        name: 'Late-Pump',
        type: 'pump',
        mqtt_topic: 'factory/demo/late-pump',
      },
    });
    assert.equal(created.statusCode, 201, created.body);
    const { id } = created.json().data;
    await until(async () => (await ask(a, `/simulator/machines/${id}`)).is_running);
    await order(a, 'DELETE', `/simulator/machines/${id}`);
    await order(b, 'POST', `/simulator/machines/${COMPRESSOR}/defect`, {
      kind: 'sentinel',
      fields: ['voltage_v'],
      value: 0,
    });
    await collector.until((received) => /"voltage_v":0[,}]/.test(received.at(-1)?.payload ?? ''));
    assert.ok((powers().at(-1) as number) > 900, 'the story goes on beside the registry');
    await order(b, 'DELETE', '/simulator/scenarios/offset');
    await order(a, 'DELETE', `/simulator/machines/${COMPRESSOR}/defect`);
    await collector.until((received) =>
      received.slice(-2).every(({ payload }) => {
        const { power_kw: power, voltage_v: voltage } = JSON.parse(payload);
        return power < 900 && voltage > 300;
      }),
    );
    await collector.close();
    const times = collector.received.map(({ payload }) => JSON.parse(payload)['time'] as string);
    const [from, to] = [times[0] as string, times.at(-1) as string];
    const query = `from=${from}&to=${to}`;
    const url = `/simulator/machines/${COMPRESSOR}/readings?${query}`;
    await until(async () => Array.isArray(await ask(b, url)) && Array.isArray(await ask(a, url)));
    const told = new Map<string, Record<string, unknown>>(
      (await ask(b, url)).map((each: { time: string }) => [each.time, each]),
    );
    assert.deepEqual(await ask(a, url), [...told.values()]);
    for (const { payload } of collector.received.slice(1)) {
      const { time, power_kw, voltage_v } = JSON.parse(payload);
      const reading = told.get(time);
      assert.deepEqual(
        [reading?.['power_kw'], reading?.['voltage_v']],
        [power_kw, voltage_v],
        time,
      );
    }
    const { length } = await ask(a, '/simulator/scenarios');
    assert.equal(length, 0);
  });

  it('rejects processes with a different configuration', async () => {
    const refused = (more: Record<string, string>, path: RegExp, message: RegExp) =>
      assert.rejects(joinCluster(configured(more), 'worker', logLines()), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.equal(error.faults.length, 1);
        assert.match(error.faults[0]?.path ?? '', path);
        assert.match(error.faults[0]?.message ?? '', message);
        return true;
      });
    await refused({ CLUSTER_SHARDS: '5' }, /^CLUSTER_SHARDS$/, /^is 5, .* was created with 4;/);
    await refused({ PUMP_INTERVAL: '20' }, /intervals/, /differs from the running cluster/);
  });

  it('has a page in the dashboard', { skip: withoutChromium() }, async () => {
    const port = await freePort();
    await a.app.listen({ port, host: '127.0.0.1' });
    const browser = await launchChromium();
    try {
      for (const width of [375, 1440]) {
        const watched = await open(browser, `http://127.0.0.1:${port}/#/cluster`, { width });
        const { page } = watched;
        await page.getByRole('link', { name: 'Cluster' }).waitFor();
        await page.getByText('4 shards; the slowest is').waitFor();
        assert.equal(
          await page.getByRole('region', { name: 'Shards' }).locator('tbody tr').count(),
          4,
        );
        await assertSound(watched, `the cluster at ${width} px`);
        await page.context().close();
      }
    } finally {
      await browser.close();
    }
  });

  it('publishes online while any worker delivers, and offline when the last one stops', async () => {
    const states = await Collector.open(`mqtt://127.0.0.1:${mosquitto.port}`, 'simulator/state');
    await states.until((received) => received.at(-1)?.payload === 'online');
    ends[0]?.abort();
    await first;
    await shared(1);
    assert.ok(states.received.every(({ payload }) => payload === 'online'));
    ends[1]?.abort();
    await second;
    await states.until((received) => received.at(-1)?.payload === 'offline');
    await until(async () => (await ask(b, '/health')).status === 'degraded');
    await states.close();
  });
});
