import type { Client } from 'pg';
import { type Batch, PARTIAL, READING, REPEAT } from '../../core/batch.ts';
import type { Machine } from '../../core/factory.ts';
import { CopyEncoder, type CopyTarget, copyTargets } from '../../encoding/copy-binary.ts';
import { type ChunkPool, CopyStatements, chunkPool } from './copy-statements.ts';
import { codeOf, FEATURE_NOT_SUPPORTED, isStatementError, UNIQUE_VIOLATION } from './error.ts';
import { createTotals, MachineStatuses } from './machine-statuses.ts';
import type { RefusedRows } from './refused-rows.ts';
import { copyIncomingSql, copySql, createIncomingSql, upsertSql } from './sql.ts';
import { findTables, type StoredTables } from './tables.ts';

/** Longest wait of a statement for a lock [ms]. */
const LOCK_MAX_MS = 25_000;

/**
 * The backend process of a connection; its start distinguishes it from a later one with its pid.
 */
export interface Backend {
  readonly pid: number;
  readonly startedAt: string;
}

/** Options for a session. */
export interface SessionOptions {
  /**
   * The backend process of an abandoned connection. It may still hold locks, so it is terminated.
   */
  readonly before?: Backend | undefined;
  /** Whether it stores the machines' statuses and sums; by default it does. */
  readonly hasStatuses?: boolean;
}

/** Options for writing a batch. */
export interface WriteOptions {
  /** Statements executed in the same transaction, after the rows. */
  readonly more?: readonly string[];
  /** Called from time to time while the server is busy. */
  readonly meanwhile?: (() => void) | undefined;
  /** Called whenever the server or the connection to it has accepted something. */
  readonly onProgress?: (() => void) | undefined;
  /** Collects rows that violate constraints; without it they are an error. */
  readonly refused?: RefusedRows | undefined;
  /** Whether it also collects rows with a value that does not fit its column. */
  readonly takesUnfit?: boolean;
}

/** The rows of statements and their targets. */
interface CopyData extends Omit<WriteOptions, 'more'> {
  readonly targets: readonly CopyTarget[];
  readonly batches: readonly Batch[];
  /**
   * The channels of each row that a later row replaces, one bit each; undefined where no two rows
   * can tell one time.
   */
  readonly replaced?: ReadonlyMap<Batch, Uint32Array> | undefined;
}

/** The state of one connection: its temporary tables, the machines' sums, expected repeats. */
export class PostgresSession {
  readonly client: Client;
  readonly statuses: MachineStatuses;
  readonly #hasStatuses: boolean;
  readonly #remarks: readonly string[];
  readonly #pool: ChunkPool = chunkPool();
  readonly #encoder: CopyEncoder;
  readonly #incoming = new Set<CopyTarget>();
  /**
   * After a restart or an outage some readings are repeated, so rows are compared first. After the
   * first batch without repeats, rows are copied directly into the tables, which takes half the
   * time and is rolled back if one of them exists.
   */
  #isDirect = false;
  #canBeDirect = true;
  /** The last failed statement, and the target of its rows. */
  #failedAt = 0;
  #failedTarget: CopyTarget | undefined;
  readonly backend: Backend | undefined;

  private constructor(
    client: Client,
    tables: StoredTables,
    { backend, hasStatuses }: { backend: Backend | undefined; hasStatuses: boolean },
  ) {
    this.client = client;
    this.backend = backend;
    this.#hasStatuses = hasStatuses;
    this.statuses = new MachineStatuses(tables);
    this.#remarks = tables.remarks;
    this.#encoder = new CopyEncoder(copyTargets(tables.readings));
  }

  /**
   * Prepares a connection for batches.
   *
   * @throws PostgresError that lists everything missing in the tables.
   */
  static async open(
    client: Client,
    { before, hasStatuses = true }: SessionOptions = {},
  ): Promise<PostgresSession> {
    const { rows } = await client.query<Backend>(
      `select pid, backend_start::text as "startedAt",
         set_config('lock_timeout', $1, false) as lock_timeout
       from pg_stat_activity where pid = pg_backend_pid()`,
      [String(LOCK_MAX_MS)],
    );
    if (before)
      await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where pid = $1 and backend_start = $2::timestamptz`,
        [before.pid, before.startedAt],
      );
    const tables = await findTables(client);
    await createTotals(client);
    return new PostgresSession(client, tables, { backend: rows[0], hasStatuses });
  }

  /** Data that the tables cannot store, as far as it has been seen, one sentence each. */
  get remarks(): readonly string[] {
    return [...this.#remarks, ...this.#encoder.remarks];
  }

  /** The targets that batches have rows for. */
  targetsOf(batches: readonly Batch[]): readonly CopyTarget[] {
    const found = new Set(batches.flatMap((batch) => this.#encoder.targetsOf(batch)));
    return this.#encoder.targets.filter((target) => found.has(target));
  }

  /** Stores batches in one transaction. After an error the connection must not be used again. */
  async write(batches: readonly Batch[], options: WriteOptions = {}): Promise<void> {
    const { more = [], ...others } = options;
    const targets = this.targetsOf(batches);
    const statuses: string[] = [];
    if (this.#hasStatuses) {
      for (const batch of batches) await this.statuses.add(this.client, batch);
      statuses.push(this.statuses.takeSql(this.client));
    }
    const end = [...statuses, ...more, 'commit'];
    const replaced = batches.some(mayCollide) ? replacedRows(batches) : undefined;
    const data = { targets, batches, replaced, ...others };
    let isNew: boolean | undefined;
    while (isNew === undefined) isNew = await this.#tryToWrite(data, end);
    this.#isDirect = isNew && this.#canBeDirect;
  }

  /** @returns Whether every row was new; undefined if one was rejected and is now left out. */
  async #tryToWrite(data: CopyData, end: readonly string[]): Promise<boolean | undefined> {
    this.#failedTarget = undefined;
    try {
      const isDirect = this.#isDirect && !data.replaced;
      const isNew = isDirect && (await this.#triesDirect(data, end));
      return isNew || (await this.#writeCompared(data, end));
    } catch (error) {
      if (!data.refused?.take(error, this.#failedTarget)) throw error;
      await this.client.query('rollback');
      return undefined;
    }
  }

  /**
   * Runs statements, which start with the `COPY`s of the data's targets.
   *
   * @returns The row count of each statement.
   */
  async copy(sql: readonly string[], data: CopyData): Promise<readonly number[]> {
    const { targets, batches } = data;
    const encoder = this.#encoder;
    const statements = this.client.query(new CopyStatements(sql.join(';\n'), this.#pool, data));
    try {
      for (const target of targets) {
        if (!statements.hasRoom) await statements.room();
        statements.open();
        statements.at = encoder.begin(statements.view, statements.at);
        for (const batch of batches) await this.#send(statements, target, batch, data);
        statements.at = encoder.end(statements.view, statements.at);
        statements.close();
      }
      await statements.done();
    } catch (error) {
      this.#failedAt = statements.rowCounts.length;
      if (isStatementError(error)) await statements.givenUp();
      throw error;
    }
    return statements.rowCounts;
  }

  async #send(
    statements: CopyStatements,
    target: CopyTarget,
    batch: Batch,
    { refused, takesUnfit = false, replaced }: CopyData,
  ): Promise<void> {
    const encoder = this.#encoder;
    const replacedBy = replaced?.get(batch);
    for (let row = 0; row < batch.length; row++) {
      if (!statements.hasRoom) await statements.room();
      if (refused?.has(target, row)) continue;
      const { view, at } = statements;
      try {
        statements.at = encoder.row(target, batch, row, view, at, replacedBy?.[row]);
      } catch (error) {
        if (!refused || !takesUnfit || !(error instanceof RangeError)) throw error;
        refused.add(target, row, error.message);
      }
    }
  }

  /** False if a row already exists; nothing is stored then. */
  async #triesDirect(data: CopyData, end: readonly string[]): Promise<boolean> {
    try {
      await this.copy(['begin', ...data.targets.map(copySql), ...end], data);
      return true;
    } catch (error) {
      this.#failedTarget = data.targets[this.#failedAt - 1];
      if (!isRefusal(error)) throw error;
      this.#canBeDirect &&= codeOf(error) === UNIQUE_VIOLATION;
      await this.client.query('rollback');
      return false;
    }
  }

  /** @returns Whether every row was new, or at least different. */
  async #writeCompared(data: CopyData, end: readonly string[]): Promise<boolean> {
    const { targets } = data;
    for (const target of targets) {
      if (this.#incoming.has(target)) continue;
      await this.client.query(createIncomingSql(target));
      this.#incoming.add(target);
    }
    const sql = ['begin', ...targets.map(copyIncomingSql), ...targets.map(upsertSql), ...end];
    const counts = await this.copy(sql, data).catch((error) => {
      this.#failedTarget = targets[this.#failedAt - 1 - targets.length];
      throw error;
    });
    const sum = (from: number) =>
      counts.slice(from, from + targets.length).reduce((total, count) => total + count, 0);
    return sum(1) === sum(1 + targets.length);
  }
}

/** Whether a row of a batch may have the same key as another one, of this batch or an earlier. */
function mayCollide({ length, flags, timesMs, toldMs }: Batch): boolean {
  if (toldMs !== timesMs) return true;
  for (let row = 0; row < length; row++) if ((flags[row] as number) & REPEAT) return true;
  return false;
}

/** A row with the channels that no later one has replaced. */
interface Told {
  readonly replaced: Uint32Array;
  readonly row: number;
  channels: number;
}

/** Of readings of one machine, channel and told time, all but the one that was received last. */
function replacedRows(batches: readonly Batch[]): ReadonlyMap<Batch, Uint32Array> {
  const known = new Map<Machine, Map<number, Told[]>>();
  const all = new Map<Batch, Uint32Array>();
  for (const batch of batches) {
    const replaced = new Uint32Array(batch.length);
    all.set(batch, replaced);
    for (let row = 0; row < batch.length; row++) {
      const flags = batch.flags[row] as number;
      if ((flags & READING) === 0) continue;
      const machine = batch.machines[row] as Machine;
      const channels = flags & PARTIAL ? (batch.channels[row] as number) : -1;
      const own = known.get(machine) ?? new Map<number, Told[]>();
      const toldMs = batch.toldMs[row] as number;
      const before = own.get(toldMs) ?? [];
      for (const each of before) {
        each.replaced[each.row] = (each.replaced[each.row] as number) | (each.channels & channels);
        each.channels &= ~channels;
      }
      known.set(machine, own.set(toldMs, before));
      before.push({ replaced, row, channels });
    }
  }
  return all;
}

/** Whether rows must be compared first: one exists, or the table does not accept `COPY`. */
function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  return code === UNIQUE_VIOLATION || code === FEATURE_NOT_SUPPORTED;
}
