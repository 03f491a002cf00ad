import type { Queries } from '../database.ts';
import { wakeAll } from './wakes.ts';

/** What all processes of a cluster have in common. */
export interface ClusterRecord {
  /** Parts that the machines are divided into. */
  readonly shards: number;
  /** The simulated second at which it was begun. */
  readonly begunS: number;
  /** The program that its processes run. */
  readonly version: string;
  /** Digests of what its readings depend on besides the registry, by setting. */
  readonly digests: Readonly<Record<string, string>>;
}

/** The cluster of a store; none where it has none. */
export async function loadCluster(queries: Queries): Promise<ClusterRecord | undefined> {
  const [row] = await queries.query<ClusterRecord>(
    'select shards, begun_s as "begunS", version, digests from simulator.cluster',
  );
  return row;
}

/** Records a new cluster, which begins where the horizon is. */
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

/** Changes what the processes of a cluster run, while there are none. */
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
 * Ends a cluster that has no processes any more: a single simulator continues where its slowest
 * shard was left, and a later cluster may have another number of shards.
 *
 * @returns Whether there was one.
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

/** A process that has given no sign of life for this long is gone [s]. */
const SILENT_MAX_S = 5;
/** A process that is gone is forgotten after this [s]. */
const FORGOTTEN_AFTER_S = 60;

/** What a process does in a cluster. */
export type Role = 'api' | 'worker';

/** A process of a cluster. */
export interface Member {
  readonly id: string;
  readonly role: Role;
  readonly version: string;
}

/** Gives a sign of life of a process, and forgets those that are long gone. */
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

/** The processes that are alive by the database's clock, oldest first. */
export function aliveMembers(queries: Queries): Promise<readonly Member[]> {
  return queries.query<Member>(
    `select id, role, version from simulator.members
     where seen_at > clock_timestamp() - interval '${SILENT_MAX_S} s' order by joined_at, id`,
  );
}

/** Removes a process that ends, so that the others do not wait for its signs of life. */
export async function leave(queries: Queries, id: string): Promise<void> {
  await queries.query('delete from simulator.members where id = $1', [id]);
  await wakeAll(queries);
}
