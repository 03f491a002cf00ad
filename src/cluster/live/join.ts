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
import { SharedTimeline } from './shared-timeline.ts';

/** A large registry takes a minute to read [ms]. */
const JOIN_MAX_MS = 600_000;
/** A process that was killed counts as gone after some seconds; others wait for that [ms]. */
const PREDECESSORS_MAX_MS = 8000;
const PREDECESSORS_POLL_MS = 500;

/** A process that has become part of a live cluster. */
export interface Membership extends Omit<RestoredState, 'clock' | 'journal'> {
  readonly me: Member;
  readonly cluster: ClusterRecord;
  readonly server: pg.ClientConfig;
  readonly timeline: SharedTimeline;
  readonly shards: ShardTable;
}

/** The sinks of a shard, by the names of their watermarks. */
function sinkNames({ outputs }: Configuration): readonly string[] {
  return [...outputs.map(({ output }) => output.name), GROUND_TRUTH];
}

/**
 * Becomes part of the live cluster of a store, the first or one of many.
 *
 * @throws ConfigError where the store was begun otherwise or the others run something else,
 *   StoreError where there is no database to be had.
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
        // One process joins after the other.
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
  // Before the registry is read: should it change meanwhile, it is read again.
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
  const timeline = new SharedTimeline(journal, table, { ...horizon, registryVersion }, log);
  return { ...state, me, cluster, server, timeline, shards };
}

function checkShards({ cluster }: Configuration, found: ClusterRecord, database: Database): void {
  if (cluster.shards === found.shards) return;
  throw new ConfigError([
    {
      path: 'CLUSTER_SHARDS',
      message:
        `${cluster.shards} is not the number of the cluster of ${database.location}, which was ` +
        `begun with ${found.shards}; to change it, end the cluster and run one simulator once`,
    },
  ]);
}

/** Waits until whoever runs something else is gone. @throws ConfigError where somebody is not. */
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

/** What a process has otherwise than the cluster. */
function differences(
  found: ClusterRecord,
  digests: Readonly<Record<string, string>>,
): Diagnostic[] {
  const faults: Diagnostic[] = [];
  const end = 'end all of its processes before another one starts';
  if (found.version !== version)
    faults.push({
      path: 'version',
      message: `this is ${version}, and the cluster runs ${found.version}; ${end}`,
    });
  for (const [path, digest] of Object.entries(digests))
    if (found.digests[path] !== digest)
      faults.push({ path, message: `is not what the running cluster has; ${end}` });
  return faults;
}

/** All that readings follow from beside the registry, by the variables that say it. */
function digestsOf(configuration: Configuration): Record<string, string> {
  const { simulation, outputs } = configuration;
  const { factoryFile, factories, calendar, intervalsS, statusIntervalS } = configuration;
  const parts: Record<string, unknown> = {
    FACTORY_FILE: factoryFile === undefined ? null : factories,
    'SHIFT_1_START to SHIFT_3_FACTOR': calendar,
    'the intervals': [intervalsS, statusIntervalS],
    'SIMULATOR_AUTO_START, SIMULATOR_ENABLE_ANOMALIES, ANOMALY_PROBABILITY': [
      configuration.isAutoStart,
      configuration.settings,
    ],
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
  if (!row) throw new StoreError('rejected', `${database.location} does not tell the time`);
  const offsetMs = row.now_ms - performance.now();
  return () => performance.now() + offsetMs;
}
