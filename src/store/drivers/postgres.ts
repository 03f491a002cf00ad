import pg from 'pg';
import type { Problem } from '../../core/problem.ts';
import { connectInTurn, settingsOf } from '../../outputs/postgres/url.ts';
import { settledWithin } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import {
  DATABASE_LIMITS,
  type Database,
  type DatabaseLimits,
  type Parameter,
  type Queries,
  STATEMENT_MAX_MS,
} from '../database.ts';
import { StoreError } from '../store-error.ts';
import { DatabaseHealth, WRITE_PROBE } from './database-health.ts';
import { storeError } from './failures.ts';

/** How long to wait for a connection [ms]. */
const CONNECT_MAX_MS = 5000;
/** How much longer than the server the client waits [ms]. */
const ANSWER_MAX_MS = 2000;
/**
 * Number of connections: enough for the journal, watermarks and occasional API requests. Work that
 * takes minutes, such as a purge, has its own, so that nothing else waits for it.
 */
const SIZES = { short: 4, long: 2 } as const;
const INT8 = 20;

/** The settings of the store's connections. @param server - Without a URL. */
export function connectionSettings(server: pg.ClientConfig): pg.ClientConfig {
  return {
    application_name: 'enms-simulator',
    connectionTimeoutMillis: CONNECT_MAX_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    statement_timeout: STATEMENT_MAX_MS,
    query_timeout: STATEMENT_MAX_MS + ANSWER_MAX_MS,
    types: {
      getTypeParser: ((oid: number, format: 'text') =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as never,
    },
    ...server,
  };
}

/** A readable name of a server: host, port and database. @throws StoreError for an invalid URL. */
export function locationOf(server: pg.ClientConfig): string {
  try {
    const { host, port, database } = new pg.Client(settingsOf(server));
    return `the database ${database} at ${host}:${port}`;
  } catch (error) {
    // A malformed URL may contain the password, so the cause is not attached.
    throw new StoreError('refused', (error as Error).message);
  }
}

/** Options of a server database besides its address. */
export interface PostgresOptions {
  readonly log?: Log;
  readonly limits?: Partial<DatabaseLimits>;
}

/** A PostgreSQL server, used through a few connections that reconnect by themselves. */
export class PostgresDatabase implements Database {
  readonly isEmbedded = false;
  readonly location: string;
  isConnected = false;
  readonly #server: pg.ClientConfig;
  readonly #limits: DatabaseLimits;
  readonly #health: DatabaseHealth;
  #pools: Pools;
  #isClosed = false;

  /** @throws StoreError for an invalid URL. */
  constructor(server: pg.ClientConfig, { log, limits }: PostgresOptions = {}) {
    this.location = locationOf(server);
    this.#server = server;
    this.#limits = { ...DATABASE_LIMITS, ...limits };
    this.#pools = this.#newPools();
    this.#health = new DatabaseHealth(log, this.#limits, {
      check: async () => this.problems.length > 0 || this.#check('select 1'),
      write: () => this.#check(WRITE_PROBE),
    });
  }

  get problems(): readonly Problem[] {
    return this.#health.problems;
  }

  whenWritable(): Promise<void> {
    return this.#health.whenWritable();
  }

  query<Row>(
    sql: string,
    parameters: readonly Parameter[] = [],
    timeoutMs?: number,
  ): Promise<readonly Row[]> {
    return this.#withClient('short', (client) =>
      this.#execute<Row>(client, { text: sql, values: parameters, timeoutMs }),
    );
  }

  async script(sql: string): Promise<void> {
    await this.#withClient('short', (client) => this.#execute(client, { text: sql }));
  }

  transaction<T>(work: (queries: Queries) => Promise<T>, timeoutMs?: number): Promise<T> {
    const kind = timeoutMs === undefined ? 'short' : 'long';
    const answerMs = timeoutMs === undefined ? undefined : timeoutMs + ANSWER_MAX_MS;
    return this.#withClient(kind, async (client) => {
      // Nothing is done until the commit, so a broken connection leaves no doubt.
      const execute = <Row>(text: string, values?: readonly Parameter[]) =>
        this.#execute<Row>(client, { text, values, timeoutMs: answerMs, isUndoable: true });
      try {
        await this.#execute(client, { text: 'begin', timeoutMs: CONNECT_MAX_MS, isUndoable: true });
        if (timeoutMs !== undefined)
          await execute(`set local statement_timeout = ${Math.round(timeoutMs)}`);
        const result = await work({
          query: <Row>(text: string, values: readonly Parameter[] = []) =>
            execute<Row>(text, values),
          script: async (text) => {
            await execute(text);
          },
        });
        await this.#execute(client, { text: 'commit' });
        return result;
      } catch (error) {
        // A connection that cannot roll back is discarded, which also rolls back.
        if (!isBroken(error)) await execute('rollback').catch(() => undefined);
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.isConnected = false;
    this.#health.stop();
    await endPools(this.#pools);
  }

  /** Runs a statement that must be answered quickly. */
  #check(text: string): Promise<unknown> {
    const { checkTimeoutMs: timeoutMs } = this.#limits;
    return this.#withClient('short', (client) => this.#execute(client, { text, timeoutMs }));
  }

  #newPools(): Pools {
    return { short: this.#newPool(SIZES.short), long: this.#newPool(SIZES.long) };
  }

  #newPool(max: number): pg.Pool {
    const pool = new pg.Pool({ ...connectionSettings(settingsOf(this.#server)), max });
    const away = () => {
      this.isConnected = false;
    };
    // Connections die with the server, idle or not; the failing statement reports it.
    pool.on('error', away);
    pool.on('connect', (client) => client.on('error', away));
    return pool;
  }

  async #withClient<T>(kind: keyof Pools, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#connect(kind);
    let isUnfit = false;
    try {
      const result = await use(client);
      this.isConnected = true;
      this.#health.worked();
      return result;
    } catch (error) {
      isUnfit = isBroken(error);
      this.isConnected = !isUnfit;
      if (error instanceof StoreError) this.#health.failed(error);
      throw error;
    } finally {
      client.release(isUnfit);
    }
  }

  async #connect(kind: keyof Pools): Promise<pg.PoolClient> {
    if (this.#isClosed) throw new StoreError('closed', `${this.location} was closed`);
    const pool = this.#pools[kind];
    try {
      return await connectInTurn(this.#server, ({ ssl }) => {
        // Applies to all connections that the pool makes from now on.
        if (ssl !== undefined) pool.options.ssl = ssl;
        return pool.connect();
      });
    } catch (error) {
      const isLate = (error as Error).message === TOO_SLOW;
      const cause = isLate ? new Error(`no answer within ${CONNECT_MAX_MS / 1000} s`) : error;
      const failure = storeError(cause, this.location, false);
      if (pool !== this.#pools[kind]) return this.#connect(kind);
      // If a new connection gets no answer, the idle ones will not get any either.
      if (isLate) this.#renew();
      if (failure.sqlState === TOO_MANY) {
        // A role may have fewer connections than we want: use those that exist.
        if (pool.totalCount > 0) {
          limit(pool, SIZES[kind]);
          return this.#connect(kind);
        }
        if (kind === 'long') return this.#connect('short');
      }
      if (failure.message.endsWith(ALL_BUSY)) throw this.#busy(kind, failure);
      this.isConnected = false;
      this.#health.connectionFailed(failure);
      throw failure;
    }
  }

  #busy(kind: keyof Pools, cause: StoreError): StoreError {
    const message = `${this.location}: all ${SIZES[kind]} connections for ${kind} work are busy`;
    const failure = new StoreError('unreachable', message, { cause });
    if (kind === 'short') this.#health.failed(failure);
    return failure;
  }

  async #execute<Row>(client: pg.PoolClient, statement: Statement): Promise<readonly Row[]> {
    const { text, values, timeoutMs, isUndoable = false } = statement;
    const query_timeout = timeoutMs ?? STATEMENT_MAX_MS + ANSWER_MAX_MS;
    const config = { text, query_timeout, ...(values && { values: [...values] }) };
    try {
      return (await client.query(config)).rows as Row[];
    } catch (error) {
      if ((error as Error).message !== NO_ANSWER)
        throw storeError(error, this.location, !isUndoable);
      // A router or proxy may have dropped the idle connections, too.
      this.#renew();
      const message = `${this.location}: no answer within ${query_timeout / 1000} s`;
      throw new StoreError('unreachable', message, { cause: error, isUncertain: !isUndoable });
    }
  }

  #renew(): void {
    if (this.#isClosed) return;
    const before = this.#pools;
    this.#pools = this.#newPools();
    void endPools(before);
  }
}

/** Closes a connection, and cuts it if the other end does not respond. Never rejects. */
export async function endClient(client: pg.Client): Promise<void> {
  await settledWithin(
    client.end().catch(() => undefined),
    ANSWER_MAX_MS,
  );
  client.connection.stream.destroy();
}

/** The driver's message for a statement that was not answered in time. */
const NO_ANSWER = 'Query read timeout';
/** Its message for a pool whose connections have all been busy for too long. */
const ALL_BUSY = 'timeout exceeded when trying to connect';
/** Its message for a connection that was not made in time. */
const TOO_SLOW = 'Connection terminated due to connection timeout';
/** SQLSTATE of a server that has no more connections for us. */
const TOO_MANY = '53300';
/** How long not to ask a server for more connections than it granted [ms]. */
const TOO_MANY_MS = 60_000;

interface Pools {
  readonly short: pg.Pool;
  readonly long: pg.Pool;
}

/** Limits a pool to its current connections, and allows more again later. */
function limit(pool: pg.Pool, size: number): void {
  pool.options.max = pool.totalCount;
  setTimeout(() => {
    pool.options.max = size;
  }, TOO_MANY_MS).unref();
}

/** Closes pools once all their connections are released. */
async function endPools({ short, long }: Pools): Promise<void> {
  await Promise.all([short.end(), long.end()]);
}

interface Statement {
  readonly text: string;
  readonly values?: readonly Parameter[] | undefined;
  readonly timeoutMs?: number | undefined;
  readonly isUndoable?: boolean;
}

function isBroken(error: unknown): boolean {
  return error instanceof StoreError && error.kind === 'unreachable';
}
