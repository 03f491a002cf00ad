import type pg from 'pg';
import type { Batch } from '../core/batch.ts';
import type { Sink } from '../core/sink.ts';
import { AbsentMachines } from './absent-machines.ts';
import type { Connection } from './connection.ts';
import { bytesWritten, connect, disconnect, explained } from './postgres-connection.ts';
import {
  codeOf,
  FOREIGN_KEY_VIOLATION,
  PostgresError,
  UnknownMachineError,
} from './postgres-error.ts';
import { PostgresSession } from './postgres-session.ts';
import { atMost } from './waiting.ts';

/** Closing waits no longer for the server to say goodbye [ms]. */
const CLOSE_MAX_MS = 1000;

/**
 * Rows of a batch. A transaction costs the server and the way to it some milliseconds, whatever is
 * in it: less than a tenth with so many rows, which take 2 MB here and as much again for the one
 * that is read ahead.
 */
const BATCH_ROWS = 8192;

/** Where the sink writes. */
export interface PostgresSinkOptions {
  /** Where the database is, and who asks. */
  readonly server: pg.ClientConfig;
  /**
   * Where the store is in the same database: the statement that saves that everything up to
   * `timeMs` is in. It is carried out in the transaction that holds the rows.
   */
  readonly watermarkSql?: (timeMs: number) => string;
  /** Is told once of each thing that the tables have no place for. */
  readonly onRemark?: (remark: string) => void;
}

/**
 * Stores readings in the tables of an EnMS, `energy_readings`, `production_data`,
 * `environmental_data`, and the last of each machine in `machine_status`: a batch a transaction,
 * by binary `COPY` on a connection of its own. What is there already stays as it is, so that a
 * batch may be written twice. After a failure the next write connects anew.
 */
export class PostgresSink implements Sink, Connection {
  readonly name = 'postgres';
  readonly batchRows = BATCH_ROWS;
  connectionCount = 0;
  readonly #options: PostgresSinkOptions;
  #session: PostgresSession | undefined;
  readonly #absent = new AbsentMachines();
  /** Whether the server has refused a row because of its machine. */
  #hasStrangers = false;
  #closedBytes = 0;
  #isClosed = false;
  readonly #remarks = new Set<string>();

  constructor(options: PostgresSinkOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#session !== undefined;
  }

  get bytesWritten(): number {
    const session = this.#session;
    return this.#closedBytes + (session ? bytesWritten(session.client) : 0);
  }

  /**
   * Settles when the transaction is durable.
   *
   * @throws PostgresError where the server is away or does not take a row; where that is one of a
   *   machine that it does not know, the next call leaves that machine out. RangeError for a value
   *   that fits no column.
   */
  async write(batch: Batch): Promise<void> {
    const session = this.#session ?? (await this.#connect());
    const { untilMs } = batch;
    const watermarkSql = Number.isFinite(untilMs) && this.#options.watermarkSql?.(untilMs);
    try {
      if (this.#hasStrangers) await this.#absent.find(session.client, batch);
      this.#hasStrangers = false;
      const known = this.#absent.without(batch);
      await session.write([known], watermarkSql ? { more: [watermarkSql] } : {});
    } catch (error) {
      this.#hasStrangers =
        error instanceof UnknownMachineError || codeOf(error) === FOREIGN_KEY_VIOLATION;
      this.#drop(session);
      throw error instanceof RangeError ? error : explained(error, session.client);
    }
  }

  /** What is being written is given up; none of it is stored then. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const session = this.#session;
    if (!session) return;
    await atMost(CLOSE_MAX_MS, session.client.end());
    this.#drop(session);
  }

  async #connect(): Promise<PostgresSession> {
    if (this.#isClosed) throw new PostgresError('the PostgreSQL sink is closed');
    const client = await connect(this.#options.server);
    try {
      const session = await PostgresSession.open(client);
      for (const remark of session.remarks) {
        if (!this.#remarks.has(remark)) this.#options.onRemark?.(remark);
        this.#remarks.add(remark);
      }
      if (this.#isClosed) throw new PostgresError('the sink was closed');
      client.once('end', () => this.#drop(session));
      this.#session = session;
      this.connectionCount++;
      return session;
    } catch (error) {
      disconnect(client);
      throw explained(error, client);
    }
  }

  #drop(session: PostgresSession): void {
    disconnect(session.client);
    if (this.#session !== session) return;
    this.#closedBytes += bytesWritten(session.client);
    this.#session = undefined;
  }
}
