import type { Queries } from '../database.ts';
import { wakeAll } from './wakes.ts';

/** What all processes of a cluster share. */
export interface ClusterRecord {
  /** The number of parts that the machines are divided into. */
  readonly shards: number;
  /** The simulated second at which the cluster was created. */
  readonly begunS: number;
  /** The version that its processes run. */
  readonly version: string;
  /** Digests of what its readings depend on besides the registry, by setting. */
  readonly digests: Readonly<Record<string, string>>;
}

/** The cluster of a store, if it has one. */
export async function loadCluster(queries: Queries): Promise<ClusterRecord | undefined> {
  const [row] = await queries.query<ClusterRecord>(
    'select shards, begun_s as "begunS", version, digests from simulator.cluster',
  );
  return row;
}

/** Records a new cluster, which begins at the horizon. */
export async function beginCluster(
  queries: Queries,
  { shards, version, digests }: Omit<ClusterRecord, 'begunS'>,
): Promise<ClusterRecord> {
  await queries.query(
    `insert into simulator.cluster (shards, begun_s, version, digests)
     select $1, closed_s, $2, $3::jsonb from simulator.horizon on conflict do nothing`,
    [shards, version, JSON.stringify(digests)],
  );
  return (await loadCluster(queries)) as ClusterRecord;
}

/** Changes what the processes of a cluster run, while it has none. */
export async function changeCluster(
  queries: Queries,
  { version, digests }: Pick<ClusterRecord, 'version' | 'digests'>,
): Promise<void> {
  await queries.query('update simulator.cluster set version = $1, digests = $2::jsonb', [
    version,
    JSON.stringify(digests),
  ]);
}

/**
 * Deletes a cluster without processes. A single simulator then continues from the slowest shard,
 * and a later cluster may have a different number of shards.
 *
 * @returns Whether there was a cluster.
 */
export async function endCluster(queries: Queries): Promise<boolean> {
  const [ended] = await queries.query('delete from simulator.cluster returning is_only');
  if (!ended) return false;
  await queries.query(
    `insert into simulator.watermarks (sink, time_ms, live_from_ms)
     select sink, min(time_ms), min(live_from_ms) from simulator.shards
     where time_ms is not null group by sink
     on conflict (sink) do update set time_ms = excluded.time_ms, updated_at = now()`,
  );
  await queries.script(
    'delete from simulator.shards; delete from simulator.horizon; delete from simulator.members',
  );
  return true;
}

/** A process without a heartbeat for this long is dead [s]. */
const SILENT_MAX_S = 5;
/** How long a dead process stays in the table [s]. */
const FORGOTTEN_AFTER_S = 60;

/** What a process does in a cluster. */
export type Role = 'api' | 'worker';

/** A process of a cluster. */
export interface Member {
  readonly id: string;
  readonly role: Role;
  readonly version: string;
}

/** Records a heartbeat of a process, and removes processes that have been dead for long. */
export async function sendHeartbeat(
  queries: Queries,
  { id, role, version }: Member,
): Promise<void> {
  await queries.query(
    `with gone as (
       delete from simulator.members
       where seen_at < clock_timestamp() - interval '${FORGOTTEN_AFTER_S} s' and id <> $1)
     insert into simulator.members (id, role, version) values ($1, $2, $3)
     on conflict (id) do update set seen_at = clock_timestamp()`,
    [id, role, version],
  );
}

/** The live processes by the database's clock, oldest first. */
export function aliveMembers(queries: Queries): Promise<readonly Member[]> {
  return queries.query<Member>(
    `select id, role, version from simulator.members
     where seen_at > clock_timestamp() - interval '${SILENT_MAX_S} s' order by joined_at, id`,
  );
}

/** Removes a process that stops, so that the others do not wait for its heartbeats. */
export async function leave(queries: Queries, id: string): Promise<void> {
  await queries.query('delete from simulator.members where id = $1', [id]);
  await wakeAll(queries);
}
