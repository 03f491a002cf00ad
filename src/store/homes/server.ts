import pg from 'pg';
import { connectInTurn, settingsOf } from '../../sinks/postgres-url.ts';
import { type Database, type Parameter, type Queries, STATEMENT_MAX_MS } from '../database.ts';
import { StoreError } from '../store-error.ts';
import { storeError } from './failures.ts';

/** A server that does not answer within this is away [ms]. */
const CONNECT_MAX_MS = 5000;
/** The client gives up this long after the server should have [ms]. */
const ANSWER_MAX_MS = 2000;
/** Journal, watermarks and an API that asks now and then need no more. */
const CONNECTIONS_MAX = 4;
const INT8 = 20;

/** How each connection of the store is made. @param server - Without a URL. */
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

/**
 * Names a server for people: host, port and database.
 *
 * @throws StoreError for a URL that is none.
 */
export function locationOf(server: pg.ClientConfig): string {
  try {
    const { host, port, database } = new pg.Client(settingsOf(server));
    return `the database ${database} at ${host}:${port}`;
  } catch (error) {
    // What is malformed may hold the password: its cause is not told.
    throw new StoreError('refused', (error as Error).message);
  }
}

/** A PostgreSQL server, reached by a few connections that come back by themselves. */
export class ServerDatabase implements Database {
  readonly isEmbedded = false;
  readonly location: string;
  isConnected = false;
  readonly #server: pg.ClientConfig;
  readonly #pool: pg.Pool;

  /** @throws StoreError for a URL that is none. */
  constructor(server: pg.ClientConfig) {
    this.location = locationOf(server);
    this.#server = server;
    const settings = connectionSettings(settingsOf(server));
    this.#pool = new pg.Pool({ ...settings, max: CONNECTIONS_MAX });
    const away = () => {
      this.isConnected = false;
    };
    // Connections die with the server, idle or not; the statement that fails says so.
    this.#pool.on('error', away);
    this.#pool.on('connect', (client) => client.on('error', away));
  }

  query<Row>(sql: string, parameters: readonly Parameter[] = []): Promise<readonly Row[]> {
    return this.#connected((client) => this.#ask<Row>(client, { text: sql, values: parameters }));
  }

  async script(sql: string): Promise<void> {
    await this.#connected((client) => this.#ask(client, { text: sql }));
  }

  transaction<T>(work: (queries: Queries) => Promise<T>, timeoutMs?: number): Promise<T> {
    return this.#connected(async (client) => {
      // Until it commits nothing is done, so a broken connection leaves no doubt.
      const ask = <Row>(text: string, values?: readonly Parameter[]) =>
        this.#ask<Row>(client, { text, values, timeoutMs, isUndoable: true });
      try {
        await ask('begin');
        if (timeoutMs !== undefined)
          await ask(`set local statement_timeout = ${Math.round(timeoutMs)}`);
        const result = await work({
          query: <Row>(text: string, values: readonly Parameter[] = []) => ask<Row>(text, values),
          script: async (text) => {
            await ask(text);
          },
        });
        await this.#ask(client, { text: 'commit' });
        return result;
      } catch (error) {
        // A connection that cannot roll back is thrown away, which rolls back too.
        if (!isBroken(error)) await ask('rollback').catch(() => undefined);
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    this.isConnected = false;
    if (!this.#pool.ending) await this.#pool.end();
  }

  async #connected<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let isUnfit = false;
    try {
      const result = await use(client);
      this.isConnected = true;
      return result;
    } catch (error) {
      isUnfit = isBroken(error);
      this.isConnected = !isUnfit;
      throw error;
    } finally {
      client.release(isUnfit);
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    if (this.#pool.ending) throw new StoreError('closed', `${this.location} was closed`);
    try {
      return await connectInTurn(this.#server, ({ ssl }) => {
        // What a connection that the pool makes from now on is made with.
        if (ssl !== undefined) this.#pool.options.ssl = ssl;
        return this.#pool.connect();
      });
    } catch (error) {
      this.isConnected = false;
      throw storeError(error, this.location, false);
    }
  }

  async #ask<Row>(client: pg.PoolClient, statement: Statement): Promise<readonly Row[]> {
    const { text, values, timeoutMs = STATEMENT_MAX_MS, isUndoable = false } = statement;
    const query_timeout = timeoutMs + ANSWER_MAX_MS;
    const config = { text, query_timeout, ...(values && { values: [...values] }) };
    try {
      return (await client.query(config)).rows as Row[];
    } catch (error) {
      throw storeError(error, this.location, !isUndoable);
    }
  }
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
