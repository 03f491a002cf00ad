import type { Queries } from './database.ts';

/** What all processes of a cluster have in common. */
export interface ClusterRecord {
  /** Parts that the machines are divided into. */
  readonly shards: number;
  /** The simulated second at which it was begun. */
  readonly begunS: number;
  /** The program that its processes run. */
  readonly version: string;
  /** Of all that its readings follow from beside the registry, by what a person calls it. */
  readonly digests: Readonly<Record<string, string>>;
}

/** The cluster of a store, if it has one. */
export class ClusterTable {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  /** None on a store that has no cluster. */
  async load(): Promise<ClusterRecord | undefined> {
    const [row] = await this.#queries.query<ClusterRecord>(
      'select shards, begun_s as "begunS", version, digests from simulator.cluster',
    );
    return row;
  }

  /** Puts a new cluster on record, which begins where the horizon is. */
  async begin(
    shards: number,
    version: string,
    digests: Readonly<Record<string, string>>,
  ): Promise<ClusterRecord> {
    await this.#queries.query(
      `insert into simulator.cluster (shards, begun_s, version, digests)
       select $1, closed_s, $2, $3::jsonb from simulator.horizon on conflict do nothing`,
      [shards, version, JSON.stringify(digests)],
    );
    return (await this.load()) as ClusterRecord;
  }

  /** Changes what its processes run: there must be none. */
  async change(version: string, digests: Readonly<Record<string, string>>): Promise<void> {
    await this.#queries.query('update simulator.cluster set version = $1, digests = $2::jsonb', [
      version,
      JSON.stringify(digests),
    ]);
  }
}

/**
 * Ends a cluster that nobody is part of any more: a single simulator goes on where the last of its
 * shards was left, and a later cluster may have another number of them.
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
