import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type pg from 'pg';
import type { Configuration } from '../../config/configuration.ts';
import { ConfigError, type Diagnostic } from '../../core/errors.ts';
import { clientConfig, type DatabaseServer } from '../../outputs/postgres/server.ts';
import type { Log } from '../../runtime/log.ts';
import { sleep } from '../../runtime/sleep.ts';
import { version } from '../../runtime/version.ts';
import { configuredSpeed, type RestoredState, restore } from '../../service/state.ts';
import { GROUND_TRUTH } from '../../service/truth-recorder.ts';
import { HorizonTable } from '../../store/cluster/horizon-table.ts';
import {
  aliveMembers,
  beginCluster,
  type ClusterRecord,
  changeCluster,
  loadCluster,
  type Member,
  type Role,
  sendHeartbeat,
} from '../../store/cluster/members.ts';
import { ShardTable } from '../../store/cluster/shard-table.ts';
import type { Database } from '../../store/database.ts';
import { ADVISORY_LOCKS } from '../../store/locks/advisory-locks.ts';
import { openStoreWith, type Store } from '../../store/open-store.ts';
import { StoreError } from '../../store/store-error.ts';
import { SharedEventLog } from './shared-event-log.ts';

/** How long joining may take [ms]: a large registry takes a minute to read. */
const JOIN_MAX_MS = 600_000;
/**
 * How long to wait for old processes [ms]: one that was killed counts as alive for a few seconds.
 */
const PREDECESSORS_MAX_MS = 8000;
const PREDECESSORS_POLL_MS = 500;

/** A process that has joined a live cluster. */
export interface Membership extends Omit<RestoredState, 'clock' | 'journal'> {
  readonly me: Member;
  readonly cluster: ClusterRecord;
  readonly server: pg.ClientConfig;
  readonly eventLog: SharedEventLog;
  readonly shards: ShardTable;
}

/** The names of a shard's sinks, under which their watermarks are stored. */
function sinkNames({ outputs }: Configuration): readonly string[] {
  return [...outputs.map(({ output }) => output.name), GROUND_TRUTH];
}

/**
 * Joins the live cluster of a store, or starts it.
 *
 * @throws ConfigError if the store was created with different settings or the other processes run
 *   a different configuration, StoreError if there is no database.
 */
export async function joinCluster(
  configuration: Configuration,
  role: Role,
  log: Log,
  signal?: AbortSignal,
): Promise<Membership> {
  const { dataDir, simulation } = configuration;
  const server = clientConfig(configuration.database as DatabaseServer);
  return openStoreWith(
    { dataDir, server, seed: simulation.seed, version, isShared: true, ...(signal && { signal }) },
    log,
    (store) =>
      store.database.transaction(async (queries) => {
        // Only one process joins at a time.
        await queries.query('select pg_advisory_xact_lock($1, $2)', [...ADVISORY_LOCKS.joining]);
        return joinLocked(configuration, { store, server, role }, log);
      }, JOIN_MAX_MS),
  );
}

interface JoinContext {
  readonly store: Store;
  readonly server: pg.ClientConfig;
  readonly role: Role;
}

async function joinLocked(
  configuration: Configuration,
  { store, server, role }: JoinContext,
  log: Log,
): Promise<Membership> {
  const { database } = store;
  const shards = new ShardTable(database);
  const table = new HorizonTable(database);
  const digests = digestsOf(configuration);
  const found = await loadCluster(database);
  if (found) {
    checkShards(configuration, found, database);
    if (differences(found, digests).length > 0) {
      await waitForOldMembers(found, digests, database);
      await changeCluster(database, { version, digests });
    }
  }
  // Read before the registry: if the registry changes in between, it is read again.
  const registryVersion = await table.registryVersion();
  const realNowMs = await databaseTime(database);
  const { clock: _clock, journal, ...state } = await restore(configuration, store, log, realNowMs);
  await table.begin();
  const { shards: count } = configuration.cluster;
  const cluster = found ?? (await beginCluster(database, { shards: count, version, digests }));
  await shards.begin(cluster.shards, sinkNames(configuration));
  const me = {
    id: `${hostname()}-${process.pid}-${randomBytes(2).toString('hex')}`,
    role,
    version,
  };
  await sendHeartbeat(database, me);
  const horizon = await table.close(journal.events.at(-1));
  for (const event of horizon.events) journal.append(event);
  const eventLog = new SharedEventLog(journal, table, { ...horizon, registryVersion }, log);
  return { ...state, me, cluster, server, eventLog, shards };
}

function checkShards({ cluster }: Configuration, found: ClusterRecord, database: Database): void {
  if (cluster.shards === found.shards) return;
  throw new ConfigError([
    {
      path: 'CLUSTER_SHARDS',
      message:
        `is ${cluster.shards}, but the cluster in ${database.location} was created with ` +
        `${found.shards}; to change it, stop the cluster and run a single simulator once`,
    },
  ]);
}

/**
 * Waits until all processes with another configuration are gone. @throws ConfigError if one stays.
 */
async function waitForOldMembers(
  found: ClusterRecord,
  digests: Readonly<Record<string, string>>,
  database: Database,
): Promise<void> {
  const untilMs = performance.now() + PREDECESSORS_MAX_MS;
  for (;;) {
    const others = await aliveMembers(database);
    if (others.length === 0) return;
    if (performance.now() > untilMs) throw new ConfigError(differences(found, digests));
    await sleep(PREDECESSORS_POLL_MS);
  }
}

/** The differences between this process and the cluster. */
function differences(
  found: ClusterRecord,
  digests: Readonly<Record<string, string>>,
): Diagnostic[] {
  const faults: Diagnostic[] = [];
  const advice = 'stop all of its processes before you start another one';
  if (found.version !== version)
    faults.push({
      path: 'version',
      message: `is ${version} here, but the cluster runs ${found.version}; ${advice}`,
    });
  for (const [path, digest] of Object.entries(digests))
    if (found.digests[path] !== digest)
      faults.push({ path, message: `differs from the running cluster; ${advice}` });
  return faults;
}

/**
 * Digests of everything that readings depend on besides the registry, by the variables that set
 * it.
 */
function digestsOf(configuration: Configuration): Record<string, string> {
  const { simulation, outputs, scenarios } = configuration;
  const { factoryFile, factories, calendar, intervalsS, statusIntervalS } = configuration;
  const parts: Record<string, unknown> = {
    FACTORY_FILE: factoryFile === undefined ? null : factories,
    SCENARIO_FILE: scenarios.map(({ text }) => text),
    'SHIFT_1_START to SHIFT_3_FACTOR': calendar,
    'the intervals': [intervalsS, statusIntervalS],
    'SIMULATOR_AUTO_START, SIMULATOR_ENABLE_ANOMALIES, ANOMALY_PROBABILITY': [
      configuration.isAutoStart,
      configuration.settings,
    ],
    ENERGY_REGISTERS: configuration.haveAllRegisters,
    'SIMULATION_SPEED, BACKFILL_FROM, CATCH_UP, CATCH_UP_RATE': [
      configuredSpeed(configuration),
      simulation.backfillFromMs ?? null,
      String(configuration.catchUpMs),
      configuration.catchUpRate,
    ],
    'the outputs': outputs.map(({ output, options }) => [output.name, output.agreed?.(options)]),
  };
  return Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [
      name,
      createHash('sha256').update(JSON.stringify(part)).digest('hex'),
    ]),
  );
}

/** Real time by the database's clock, which all processes share. */
async function databaseTime(database: Database): Promise<() => number> {
  const [row] = await database.query<{ now_ms: number }>(
    'select 1000 * extract(epoch from clock_timestamp())::float8 as now_ms',
  );
  if (!row) throw new StoreError('rejected', `${database.location} returned no time`);
  const offsetMs = row.now_ms - performance.now();
  return () => performance.now() + offsetMs;
}
