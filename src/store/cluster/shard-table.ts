import type { Watermark } from '../../core/sink.ts';
import type { Database, Queries } from '../database.ts';

/** The right to deliver a shard to a sink. It ends when another process takes the shard. */
export interface ShardToken {
  readonly shard: number;
  readonly sink: string;
  readonly token: number;
}

/** A shard's sink when it was taken. */
export interface TakenShard extends ShardToken {
  /** Where the previous owner stopped; undefined if nothing was delivered yet. */
  readonly watermark: Watermark | undefined;
}

/** What has been delivered of a shard to a sink, and the state of its delivery. */
interface ShardFigures extends ShardToken {
  readonly readings: number;
  readonly messages: number;
  readonly bytes: number;
  readonly failures: number;
  readonly reconnects: number;
  readonly readingsPerS: number;
  readonly isConnected: boolean;
}

/** What an owner has done since its last report, and its current state. */
export interface ShardReport extends ShardFigures {
  readonly watermark: Watermark | undefined;
  readonly lastError: string | undefined;
}

/** A shard's sink as other processes see it. */
export interface ShardRow extends ShardFigures {
  readonly owner: string | null;
  /** How far the sink has everything [ms]; null before it has anything. */
  readonly timeMs: number | null;
  readonly lastError: string | null;
}

/**
 * The owner and the progress of each shard. A token is a fencing token: it grows with every owner,
 * and a process with an older token can change nothing.
 */
export class ShardTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Creates the rows of the shards, which continue where a single simulator stopped. */
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
   * Takes a shard from its owner. It is one statement, because a process that is suspended within
   * a transaction would lock out all others.
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
   * Saves the progress of an owner's shards, except those whose token is outdated.
   *
   * @returns The shards that have another owner now.
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

  /** Releases shards, so that other processes see them without an owner. */
  async release(tokens: readonly ShardToken[]): Promise<void> {
    await this.#database.query(
      `update simulator.shards set owner = null, is_connected = false, readings_per_s = 0
       from json_to_recordset($1::json) as mine (shard int, sink text, token bigint)
       where (shards.shard, shards.sink, shards.token) = (mine.shard, mine.sink, mine.token)`,
      [JSON.stringify(tokens.map(({ shard, sink, token }) => ({ shard, sink, token })))],
    );
  }

  /** The rows of all shards, in order. */
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
 * The statement that saves the progress of a shard, for the transaction that stores the delivered
 * rows. If the shard has another owner, it fails (SQLSTATE EN001) and the transaction with it.
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

/** A transaction with rows may be further than the report, so the time never decreases. */
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
