import type { Watermark } from '../../core/sink.ts';
import type { Database, Queries } from '../database.ts';

/** The right to deliver a shard to a sink, which ends when another process takes it. */
export interface ShardToken {
  readonly shard: number;
  readonly sink: string;
  readonly token: number;
}

/** A shard's sink as it was taken. */
export interface TakenShard extends ShardToken {
  /** Where the owner before has left it; none: it has nothing yet. */
  readonly watermark: Watermark | undefined;
}

/** What an owner has done since it last said so, and how it stands. */
export interface ShardReport extends ShardToken {
  readonly watermark: Watermark | undefined;
  readonly readings: number;
  readonly messages: number;
  readonly bytes: number;
  readonly failures: number;
  readonly reconnects: number;
  readonly readingsPerS: number;
  readonly isConnected: boolean;
  readonly lastError: string | undefined;
}

/** A shard's sink as other processes see it. */
export interface ShardRow {
  readonly shard: number;
  readonly sink: string;
  readonly token: number;
  readonly owner: string | null;
  /** Up to where the sink has everything [ms]; null before it has anything. */
  readonly timeMs: number | null;
  readonly readings: number;
  readonly messages: number;
  readonly bytes: number;
  readonly failures: number;
  readonly reconnects: number;
  readonly readingsPerS: number;
  readonly isConnected: boolean;
  readonly lastError: string | null;
}

/**
 * Who delivers which shard, and how far each is. A token fences: it grows with every owner, and
 * the holder of an older one can change nothing.
 */
export class ShardTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Makes the rows of shards, which go on where a simulator without a cluster was left. */
  async begin(shards: number, sinks: readonly string[]): Promise<void> {
    await this.#database.query(
      `insert into simulator.shards (shard, sink, time_ms, live_from_ms)
       select shard, sink, time_ms, live_from_ms
       from generate_series(0, $1 - 1) as shard cross join unnest($2::text[]) as sink
         left join simulator.watermarks using (sink)
       on conflict do nothing`,
      [shards, [...sinks]],
    );
  }

  /**
   * Takes a shard from its owner. One statement, since a process that is suspended in the middle of
   * a transaction would keep the shard from all others.
   */
  async take(shard: number, owner: string): Promise<readonly TakenShard[]> {
    const rows = await this.#database.query<TakenRow>(
      `update simulator.shards set token = token + 1, owner = $2, is_connected = false,
         readings_per_s = 0, updated_at = clock_timestamp()
       where shard = $1 returning sink, token, time_ms, live_from_ms`,
      [shard, owner],
    );
    return rows.map(({ sink, token, time_ms, live_from_ms }) => ({
      shard,
      sink,
      token,
      watermark:
        time_ms === null || live_from_ms === null
          ? undefined
          : { timeMs: time_ms, liveFromMs: live_from_ms },
    }));
  }

  /**
   * Saves how far an owner's shards are: those whose token is the latest.
   *
   * @returns The shards that have another owner by now.
   */
  async save(reports: readonly ShardReport[]): Promise<ReadonlySet<number>> {
    if (reports.length === 0) return new Set();
    const saved = await this.#database.query<{ shard: number; sink: string }>(SAVE, [
      JSON.stringify(reports.map(recordOf)),
    ]);
    const kept = new Set(saved.map(({ shard, sink }) => `${shard} ${sink}`));
    return new Set(
      reports.filter(({ shard, sink }) => !kept.has(`${shard} ${sink}`)).map(({ shard }) => shard),
    );
  }

  /** Gives shards back, so that other processes see that they have no owner. */
  async release(tokens: readonly ShardToken[]): Promise<void> {
    await this.#database.query(
      `update simulator.shards set owner = null, is_connected = false, readings_per_s = 0
       from json_to_recordset($1::json) as mine (shard int, sink text, token bigint)
       where (shards.shard, shards.sink, shards.token) = (mine.shard, mine.sink, mine.token)`,
      [JSON.stringify(tokens.map(({ shard, sink, token }) => ({ shard, sink, token })))],
    );
  }

  /** All of them, in order. */
  all(queries: Queries = this.#database): Promise<readonly ShardRow[]> {
    return queries.query<ShardRow>(
      `select shard, sink, token, owner, time_ms as "timeMs", readings, messages, bytes, failures,
         reconnects, readings_per_s as "readingsPerS", is_connected as "isConnected",
         last_error as "lastError"
       from simulator.shards order by shard, sink`,
    );
  }
}

/**
 * The statement that saves how far a shard is, for a transaction that holds what was delivered. It
 * fails (SQLSTATE EN001), and the transaction with it, where the shard has another owner.
 */
export function saveShardSql({ shard, sink, token }: ShardToken, timeMs: number): string {
  const name = sink.replaceAll("'", "''");
  return `call simulator.save_shard(${shard}, '${name}', ${token}, ${timeMs})`;
}

interface TakenRow {
  readonly sink: string;
  readonly token: number;
  readonly time_ms: number | null;
  readonly live_from_ms: number | null;
}

/** A transaction with rows may have gone farther than was noted: the time never goes back. */
const SAVE = `
  update simulator.shards set
    time_ms = greatest(said.time_ms, shards.time_ms),
    live_from_ms = coalesce(shards.live_from_ms, said.live_from_ms),
    readings = shards.readings + said.readings, messages = shards.messages + said.messages,
    bytes = shards.bytes + said.bytes, failures = shards.failures + said.failures,
    reconnects = shards.reconnects + said.reconnects, readings_per_s = said.readings_per_s,
    is_connected = said.is_connected, last_error = said.last_error,
    updated_at = clock_timestamp()
  from json_to_recordset($1::json) as said (shard int, sink text, token bigint, time_ms float8,
    live_from_ms float8, readings bigint, messages bigint, bytes bigint, failures bigint,
    reconnects bigint, readings_per_s float8, is_connected boolean, last_error text)
  where (shards.shard, shards.sink, shards.token) = (said.shard, said.sink, said.token)
  returning shards.shard, shards.sink`;

function recordOf({ watermark, readingsPerS, isConnected, lastError, ...rest }: ShardReport) {
  return {
    ...rest,
    time_ms: watermark?.timeMs ?? null,
    live_from_ms: watermark?.liveFromMs ?? null,
    readings_per_s: readingsPerS,
    is_connected: isConnected,
    last_error: lastError ?? null,
  };
}
