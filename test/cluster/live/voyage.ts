/** A live cluster with many failures, compared with an undisturbed factory. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { DEFAULT_FACTORY } from '../../../src/factory/default-factory.ts';
import { PostgresDatabase } from '../../../src/store/drivers/postgres.ts';
import { addRegistryRows } from '../../../src/store/registry/create.ts';
import { startRedis } from '../../redis.ts';
import { freePort } from '../../servers.ts';
import { Client } from '../../voyage/client.ts';
import { newFolder, SimulatorProcess } from '../../voyage/simulator-process.ts';
import { Past } from '../../voyage/uninterrupted.ts';
import { accelerated, postgresHome, witnessedMosquitto } from '../../voyage/voyage.ts';

const SPEED = 10;
/** How often the cluster is polled during a wait [ms]. */
const POLL_MS = 50;
/** Longest lag of the slowest shard in a healthy cluster, in real time [s]. */
const LAG_MAX_S = 5;
const SEED = 42;

/** A cluster, and what happens to it. */
export interface LiveVoyage {
  readonly shards: number;
  readonly workers: number;
  /** Machines in addition to those of the default factory. */
  readonly machines: number;
  /** Number of rounds of all failures. */
  readonly rounds: number;
}

interface Cluster {
  readonly closed_until: string;
  readonly lag_seconds: number;
  readonly members: readonly { id: string; role: string; shards: number }[];
  readonly shards: readonly {
    readonly owner: string | null;
    readonly sinks: readonly { delivered_until: string | null }[];
  }[];
}

/**
 * A cluster whose workers are killed (`-9`) and suspended for longer than a lease, and whose Redis
 * and PostgreSQL are restarted, while a client sends commands. In the end everything is
 * as if nothing had happened.
 */
export async function liveVoyage(t: TestContext, voyage: LiveVoyage): Promise<void> {
  const { witness, env: broker } = await witnessedMosquitto(t);
  const { postgres, server, env: database } = await postgresHome(t);
  await fill(server, voyage.machines);
  const redis = await startRedis();
  t.after(() => redis.close());
  const env = {
    ...accelerated(SPEED),
    ...broker,
    ...database,
    REDIS_URL: redis.url,
    CLUSTER_SHARDS: String(voyage.shards),
  };
  const apiPort = String(await freePort());
  const api = new SimulatorProcess({ ...env, API_PORT: apiPort }, ['run', '--cluster']);
  const start = () => new SimulatorProcess(env, ['worker', '--only', 'live']);
  const workers = Array.from({ length: voyage.workers }, start);
  await api.logged(/^running$/);
  const client = new Client(apiPort, SEED);
  const takeoversS: number[] = [];
  await well(apiPort, workers);

  for (let round = 0; round < voyage.rounds; round++) {
    await client.act();
    // One dies, and one is suspended for longer than a lease.
    const [killed, suspended] = workers.splice(client.below(workers.length - 1), 2);
    if (!killed || !suspended) throw new Error('there are too few workers');
    const beganMs = performance.now();
    await killed.kill();
    suspended.signal('SIGSTOP');
    await client.act();
    await well(apiPort, workers);
    takeoversS.push((performance.now() - beganMs) / 1000);
    suspended.signal('SIGCONT');
    await suspended.logged(/another worker owns shard \d+ now$/);
    workers.push(suspended, start());
    await client.inject();
    await well(apiPort, workers);

    // Redis loses all its data, and PostgreSQL drops all connections.
    await redis.kill();
    await client.inject();
    await postgres.stop();
    await postgres.restart();
    await redis.restart();
    await well(apiPort, workers);
    await client.act();
  }

  await stopped(apiPort);
  for (const worker of workers) assert.equal(await ended(worker), 0, worker.errors);
  assert.equal(await api.stop(), 0);
  await witness.farewell();

  const past = await Past.read({ dataDir: newFolder(), server });
  for (const id of client.injected)
    assert.ok(
      past.fleet.journal.events.some((event) => event.kind === 'inject' && event.id === id),
      'a fault that was confirmed is not in the journal',
    );
  const events = past.fleet.journal.events.length;
  t.diagnostic(`${past.assertSaid(witness)} messages, ${events} events`);
  t.diagnostic(`${await past.assertStored(postgres, server)} rows`);
  const shown = takeoversS.map((seconds) => seconds.toFixed(1)).join(', ');
  t.diagnostic(`a killed and a suspended worker's shards were up to date after ${shown} s`);
}

/** Creates the registry: the default factory with additional machines of the same types. */
async function fill(server: Parameters<typeof postgresServer>[0], count: number): Promise<void> {
  const database = postgresServer(server);
  const more = Array.from({ length: count }, (_, i) => {
    const like = DEFAULT_FACTORY.machines[i % DEFAULT_FACTORY.machines.length];
    if (!like) throw new Error('the default factory has no machines');
    const id = `c0000000-0000-0000-0001-${String(i).padStart(12, '0')}`;
    return { ...like, id, name: `${like.name}-${i}`, topic: `${like.topic}-${i}` };
  });
  const machines = [...DEFAULT_FACTORY.machines, ...more];
  await addRegistryRows(database, [{ ...DEFAULT_FACTORY, machines }]);
  await database.close();
}

function postgresServer(server: ConstructorParameters<typeof PostgresDatabase>[0]) {
  return new PostgresDatabase(server);
}

/** Asks a worker to stop. @returns The exit code, within five seconds. */
async function ended(worker: SimulatorProcess): Promise<number | null> {
  const beganMs = performance.now();
  const code = await worker.stop();
  const tookS = (performance.now() - beganMs) / 1000;
  assert.ok(tookS < 5, `it took ${tookS} s to end`);
  return code;
}

/** Waits until some workers share all shards fairly, and no shard is behind. */
async function well(apiPort: string, workers: readonly SimulatorProcess[]): Promise<void> {
  const pids = workers.map(({ child }) => `-${child.pid}-`);
  for (;;) {
    for (const { hasEnded, errors } of workers) assert.ok(!hasEnded, `a worker ended: ${errors}`);
    const cluster = await look(apiPort);
    const share = Math.ceil(cluster.shards.length / workers.length);
    const isOurs = (owner: string | null) => pids.some((pid) => owner?.includes(pid));
    const isShared = cluster.members.every(({ shards }) => shards <= share);
    const isOwned = cluster.shards.length > 0 && cluster.shards.every(({ owner }) => isOurs(owner));
    if (isShared && isOwned && cluster.lag_seconds < LAG_MAX_S) return;
    await pause(POLL_MS);
  }
}

/** Stops all machines, and waits until every sink of every shard has the stop. */
async function stopped(apiPort: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${apiPort}/simulator/stop`, { method: 'POST' });
  assert.equal(response.status, 200);
  const untilMs = Date.parse((await look(apiPort)).closed_until) + 1000 * SPEED;
  for (;;) {
    const { shards } = await look(apiPort);
    const times = shards.flatMap(({ sinks }) => sinks.map((sink) => sink.delivered_until));
    if (times.every((time) => time !== null && Date.parse(time) > untilMs)) return;
    await pause(POLL_MS);
  }
}

async function look(apiPort: string): Promise<Cluster> {
  const response = await fetch(`http://127.0.0.1:${apiPort}/simulator/cluster`);
  return (await response.json()) as Cluster;
}
