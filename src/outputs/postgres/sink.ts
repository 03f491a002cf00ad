import type pg from 'pg';
import type { Batch } from '../../core/batch.ts';
import type { DeliveredSink, SinkObserver } from '../../core/sink.ts';
import { COPY_TARGETS } from '../../encoding/copy-binary.ts';
import { settledWithin } from '../../runtime/deadline.ts';
import { EVERY_ANOMALY } from '../../simulation/incidents.ts';
import { AbsentMachines } from './absent-machines.ts';
import { bytesWritten, connect, disconnect, explained, serverAddress } from './connection.ts';
import {
  codeOf,
  FOREIGN_KEY_VIOLATION,
  isStatementError,
  PostgresError,
  UnknownMachineError,
} from './error.ts';
import { useExpectedTables } from './expected.ts';
import { RefusedRows } from './refused-rows.ts';
import { type Backend, PostgresSession } from './session.ts';

/** Longest wait for the server to close the connection [ms]. */
const CLOSE_MAX_MS = 1000;

/**
 * Rows per batch. A transaction has a fixed cost of some milliseconds on the server and the
 * network: less than a tenth of the time with this many rows, which take 2 MB here and as much
 * again for the batch that is read ahead.
 */
const BATCH_ROWS = 8192;

/** Options of the sink. */
export interface PostgresSinkOptions {
  /** The connection to the database. */
  readonly server: pg.ClientConfig;
  /**
   * If the store is in the same database: the statement that saves the watermark `timeMs`. It runs
   * in the transaction that stores the rows.
   */
  readonly watermarkSql?: (timeMs: number) => string;
  /** Called once for each kind of data that the tables cannot store. */
  readonly onRemark?: (remark: string) => void;
  /** Whether it stores what machines would report without any anomaly, in tables of its own. */
  readonly isExpected?: boolean;
}

/** The names of the sinks of actual and of expected readings. */
export const [ACTUAL, EXPECTED] = ['postgres', 'postgres-expected'] as const;

/**
 * Stores readings in the tables of an EnMS, `energy_readings`, `production_data`,
 * `environmental_data`, and the latest status of each machine in `machine_status`: one transaction
 * per batch, by binary `COPY` on its own connection. Existing rows stay unchanged, so a batch may
 * be written twice. After a failure the next write reconnects.
 */
export class PostgresSink implements DeliveredSink {
  readonly name: string;
  readonly batchRows = BATCH_ROWS;
  readonly without?: string;
  connectionCount = 0;
  readonly #options: PostgresSinkOptions;
  #observer: SinkObserver | undefined;
  #session: PostgresSession | undefined;
  /** Closes the connection, even while it is being opened. */
  #end = new AbortController();
  /** The backend process of an abandoned connection. */
  #before: Backend | undefined;
  readonly #absent = new AbsentMachines();
  /** Whether the server has rejected a row because of its machine. */
  #hasStrangers = false;
  /** Whether a value that does not fit its column has caused an error before. */
  #takesUnfit = false;
  /** The session in use by a write. */
  #writing: PostgresSession | undefined;
  #closedBytes = 0;
  #isClosed = false;
  readonly #remarks = new Set<string>();

  constructor(options: PostgresSinkOptions) {
    this.#options = options;
    this.name = options.isExpected ? EXPECTED : ACTUAL;
    if (options.isExpected) this.without = EVERY_ANOMALY;
  }

  get address(): string {
    return serverAddress(this.#options.server);
  }

  get isConnected(): boolean {
    return this.#session !== undefined;
  }

  get bytesWritten(): number {
    const session = this.#session;
    return this.#closedBytes + (session ? bytesWritten(session.client) : 0);
  }

  observe(observer: SinkObserver): void {
    this.#observer = observer;
  }

  reset(): void {
    this.#end.abort();
    if (this.#session) this.#drop(this.#session);
  }

  /**
   * Settles when the transaction is durable. A row that violates a constraint is left out of its
   * table.
   *
   * @throws PostgresError if the server is away or rejects the batch; if that is because of an
   *   unknown machine, the next call leaves that machine out. RangeError for the first value that
   *   does not fit its column; from then on such rows are left out.
   */
  async write(batch: Batch): Promise<void> {
    const session = this.#session ?? (await this.#connect());
    const { signal } = this.#end;
    this.#writing = session;
    try {
      if (this.#hasStrangers) await this.#absent.find(session.client, batch);
      this.#hasStrangers = false;
      await this.#writeTo(session, batch);
      this.#remark(session);
      this.#observer?.progress();
    } catch (error) {
      const isUnfit = error instanceof RangeError;
      this.#takesUnfit ||= isUnfit;
      this.#hasStrangers =
        error instanceof UnknownMachineError || codeOf(error) === FOREIGN_KEY_VIOLATION;
      const reported = isUnfit ? error : explained(error, session.client);
      this.#drop(session);
      const isOurs = isUnfit || error instanceof PostgresError || isStatementError(error);
      if (!isOurs && !signal.aborted && !this.#isClosed) this.#observer?.lost(reported);
      throw reported;
    } finally {
      if (this.#writing === session) this.#writing = undefined;
    }
  }

  get keepsWatermark(): boolean {
    return this.#options.watermarkSql !== undefined;
  }

  /** Abandons the current write; none of it is stored then. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const session = this.#session;
    if (!session) {
      this.#end.abort();
      return;
    }
    await settledWithin(session.client.end(), CLOSE_MAX_MS);
    this.#drop(session);
  }

  async #writeTo(session: PostgresSession, batch: Batch): Promise<void> {
    const { untilMs } = batch;
    const watermarkSql = Number.isFinite(untilMs) && this.#options.watermarkSql?.(untilMs);
    const known = this.#absent.without(batch);
    const refused = new RefusedRows(known, (topic, why) => this.#observer?.refused(topic, why));
    await session.write([known], {
      ...(watermarkSql && { more: [watermarkSql] }),
      onProgress: () => this.#observer?.progress(),
      refused,
      takesUnfit: this.#takesUnfit,
    });
    const refusedTopics = this.#observer?.refusedTopics;
    if (known !== batch) this.#reportAbsent(batch);
    if (!refusedTopics || refusedTopics.size === 0) return;
    for (const topic of refused.accepted(refusedTopics, COPY_TARGETS))
      this.#observer?.accepted(topic);
  }

  /** Says once what the tables cannot store. */
  #remark({ remarks }: PostgresSession): void {
    for (const remark of remarks) {
      if (!this.#remarks.has(remark)) this.#options.onRemark?.(remark);
      this.#remarks.add(remark);
    }
  }

  /** Counts the rows that were left out with their machine. */
  #reportAbsent({ machines, length }: Batch): void {
    for (const machine of machines.slice(0, length))
      if (this.#absent.has(machine))
        this.#observer?.refused(`${machine.topic}/#`, 'it has no row in the table machines');
  }

  async #connect(): Promise<PostgresSession> {
    if (this.#isClosed) throw new PostgresError('the PostgreSQL sink is closed');
    const end = new AbortController();
    this.#end = end;
    const client = await connect(this.#options.server, end.signal);
    let reason: unknown;
    let session: PostgresSession | undefined;
    client.on('error', (error) => {
      reason ??= error;
      // A write before `end` would fail with a meaningless reason.
      if (session && this.#writing !== session) this.#onEnd(session, reason);
    });
    try {
      const { isExpected = false } = this.#options;
      if (isExpected) await useExpectedTables(client);
      session = await PostgresSession.open(client, {
        before: this.#before,
        hasStatuses: !isExpected,
      });
      this.#remark(session);
      if (this.#isClosed || end.signal.aborted) throw new PostgresError('the sink was closed');
      const opened = session;
      client.once('end', () => this.#onEnd(opened, reason));
      this.#session = opened;
      this.#before = opened.backend;
      this.connectionCount++;
      return opened;
    } catch (error) {
      disconnect(client);
      throw explained(error, client);
    }
  }

  /** Reports a connection lost while idle, which no write would notice. */
  #onEnd(session: PostgresSession, reason: unknown): void {
    const isUnsaid = this.#session === session && this.#writing !== session && !this.#isClosed;
    this.#drop(session);
    const cause = reason ?? new Error('the connection was lost');
    if (isUnsaid) this.#observer?.lost(explained(cause, session.client));
  }

  #drop(session: PostgresSession): void {
    disconnect(session.client);
    if (this.#session !== session) return;
    this.#closedBytes += bytesWritten(session.client);
    this.#session = undefined;
  }
}
