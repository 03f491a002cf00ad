import type { Client } from 'pg';
import type { Batch } from '../core/batch.ts';
import { CopyEncoder, type CopyTarget, copyTargets } from '../encoding/copy-binary.ts';
import { type ChunkPool, CopyStatements, chunkPool } from './copy-statements.ts';
import { createTotals, MachineStatuses } from './machine-statuses.ts';
import { codeOf, FEATURE_NOT_SUPPORTED, UNIQUE_VIOLATION } from './postgres-error.ts';
import { copyIncomingSql, copySql, createIncomingSql, upsertSql } from './postgres-sql.ts';
import { findTables, type StoredTables } from './postgres-tables.ts';

/** How a batch is written, other than its rows. */
export interface WriteOptions {
  /** Statements that are carried out in the same transaction, after the rows. */
  readonly more?: readonly string[];
  /** Called now and then while the server has enough to do. */
  readonly meanwhile?: (() => void) | undefined;
}

/** The rows of statements, and where they go. */
interface CopyData {
  readonly targets: readonly CopyTarget[];
  readonly batches: readonly Batch[];
  readonly meanwhile?: (() => void) | undefined;
}

/** What one connection knows: its own tables, the machines' sums, whether repeats are likely. */
export class PostgresSession {
  readonly client: Client;
  readonly statuses: MachineStatuses;
  /** What the tables have no place for, each a sentence. */
  readonly remarks: readonly string[];
  readonly #pool: ChunkPool = chunkPool();
  readonly #encoder: CopyEncoder;
  readonly #incoming = new Set<CopyTarget>();
  /**
   * After a restart or an outage some readings come again, so rows are compared first. From the
   * first batch on in which everything was new they go straight into the tables, which takes half
   * the time, and is taken back should one of them be there.
   */
  #isDirect = false;
  #canBeDirect = true;

  private constructor(client: Client, tables: StoredTables) {
    this.client = client;
    this.statuses = new MachineStatuses(tables);
    this.remarks = tables.remarks;
    this.#encoder = new CopyEncoder(copyTargets(tables.readings));
  }

  /**
   * Makes a connection ready for batches.
   *
   * @throws PostgresError that says all that is missing of the tables.
   */
  static async open(client: Client): Promise<PostgresSession> {
    const tables = await findTables(client);
    await createTotals(client);
    return new PostgresSession(client, tables);
  }

  /** The targets that batches have rows for. */
  targetsOf(batches: readonly Batch[]): readonly CopyTarget[] {
    const found = new Set(batches.flatMap((batch) => this.#encoder.targetsOf(batch)));
    return this.#encoder.targets.filter((target) => found.has(target));
  }

  /** Stores batches in one transaction. After an error the connection is of no more use. */
  async write(batches: readonly Batch[], options: WriteOptions = {}): Promise<void> {
    const { more = [], meanwhile } = options;
    const targets = this.targetsOf(batches);
    for (const batch of batches) await this.statuses.add(this.client, batch);
    const end = [this.statuses.takeSql(this.client), ...more, 'commit'];
    const data = { targets, batches, meanwhile };
    let isNew = this.#isDirect && (await this.#triesDirect(data, end));
    if (!isNew) isNew = await this.#writeCompared(data, end);
    this.#isDirect = isNew && this.#canBeDirect;
  }

  /**
   * Runs statements, of which the first `COPY`s are those of the data's targets.
   *
   * @returns The rows of each statement.
   */
  async copy(sql: readonly string[], data: CopyData): Promise<readonly number[]> {
    const { targets, batches, meanwhile } = data;
    const encoder = this.#encoder;
    const statements = this.client.query(
      new CopyStatements(sql.join(';\n'), this.#pool, meanwhile),
    );
    try {
      for (const target of targets) {
        if (!statements.hasRoom) await statements.room();
        statements.open();
        statements.at = encoder.begin(statements.view, statements.at);
        for (const batch of batches) await this.#send(statements, target, batch);
        statements.at = encoder.end(statements.view, statements.at);
        statements.close();
      }
      await statements.done();
    } catch (error) {
      if (isRefusal(error)) await statements.givenUp();
      throw error;
    }
    return statements.rowCounts;
  }

  async #send(statements: CopyStatements, target: CopyTarget, batch: Batch): Promise<void> {
    const encoder = this.#encoder;
    for (let row = 0; row < batch.length; row++) {
      if (!statements.hasRoom) await statements.room();
      statements.at = encoder.row(target, batch, row, statements.view, statements.at);
    }
  }

  /** False if a row was there already; nothing has happened then. */
  async #triesDirect(data: CopyData, end: readonly string[]): Promise<boolean> {
    try {
      await this.copy(['begin', ...data.targets.map(copySql), ...end], data);
      return true;
    } catch (error) {
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
    const counts = await this.copy(sql, data);
    const sum = (from: number) =>
      counts.slice(from, from + targets.length).reduce((total, count) => total + count, 0);
    return sum(1) === sum(1 + targets.length);
  }
}

/** Whether rows must be compared first: one is there, or the table takes no `COPY`. */
function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  return code === UNIQUE_VIOLATION || code === FEATURE_NOT_SUPPORTED;
}
