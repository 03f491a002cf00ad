import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, Parameter, Queries } from '../database.ts';
import { StoreError } from '../store-error.ts';
import { DAMAGED, EmbeddedThread, embeddedLocation } from './embedded-thread.ts';
import { folderError } from './failures.ts';

/**
 * A database that failed is opened again no sooner than this, so that a full disk does not keep
 * the processor busy [ms].
 */
const REOPEN_AFTER_MS = 1000;
/** How often the length of the write-ahead log is looked at [statements]. */
const LOG_LOOKED_AT_EVERY = 500;
/** PostgreSQL alone in its process makes no checkpoints by itself; we make one each so many. */
const LOG_MAX_BYTES = 16 * 1024 * 1024;

/**
 * PostgreSQL inside the process, in a folder of its own. What it has answered survives a `kill -9`
 * of the process; it does not wait for the disk, so a failure of the power may cost the last of it
 * or, at worst, the database. A server is for those who cannot have that.
 */
export class EmbeddedDatabase implements Database {
  readonly isEmbedded = true;
  readonly location: string;
  readonly #folder: string;
  #thread: EmbeddedThread;
  #tail: Promise<unknown> = Promise.resolve();
  #failure: StoreError | undefined;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;
  #statements = 0;

  private constructor(folder: string, thread: EmbeddedThread) {
    this.#folder = folder;
    this.location = embeddedLocation(folder);
    this.#thread = thread;
  }

  /**
   * Opens the database below a folder that the caller holds the lock of, or makes it.
   *
   * @throws StoreError where it is damaged, not to be written, or without room.
   */
  static async open(dataDir: string): Promise<EmbeddedDatabase> {
    const folder = join(dataDir, 'database');
    return new EmbeddedDatabase(folder, await openOrMake(folder, `${folder}.incomplete`));
  }

  get isConnected(): boolean {
    return this.#thread.isAlive && !this.#isClosed;
  }

  query<Row>(sql: string, parameters: readonly Parameter[] = []): Promise<readonly Row[]> {
    return this.#alone(async () => {
      const rows = await this.#ask(sql, parameters);
      // What was asked for is done, whatever becomes of this; the next statement will tell.
      await this.#keepLogShort().catch(() => undefined);
      return rows as readonly Row[];
    });
  }

  async script(sql: string): Promise<void> {
    await this.#alone(() => this.#ask(sql, undefined));
  }

  transaction<T>(work: (queries: Queries) => Promise<T>, timeoutMs?: number): Promise<T> {
    return this.#alone(async () => {
      await this.#ask('begin', undefined);
      const thread = this.#thread;
      // A database that is opened again knows nothing of this transaction.
      const ask = async (sql: string, parameters: readonly Parameter[] | undefined) => {
        if (!thread.isAlive) throw this.#failure;
        return this.#ask(sql, parameters, timeoutMs);
      };
      try {
        const result = await work({
          query: async <Row>(sql: string, parameters: readonly Parameter[] = []) =>
            (await ask(sql, parameters)) as readonly Row[],
          script: async (sql) => {
            await ask(sql, undefined);
          },
        });
        await ask('commit', undefined);
        return result;
      } catch (error) {
        // A thread that has ended has undone everything.
        if (thread.isAlive) await ask('rollback', undefined).catch(() => undefined);
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    await this.#alone(async () => {
      this.#isClosed = true;
      if (this.#thread.isAlive) await this.#thread.close();
    }).catch((error: StoreError) => {
      if (error.kind !== 'closed') throw error;
    });
  }

  /** Work waits for the work before it: there is one connection. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(() => {
      if (this.#isClosed) throw new StoreError('closed', `${this.location} was closed`);
      return work();
    });
    // The failure belongs to whoever asked; the next has its own turn.
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async #ask(
    sql: string,
    parameters: readonly Parameter[] | undefined,
    timeoutMs?: number,
  ): Promise<readonly unknown[]> {
    if (!this.#thread.isAlive) await this.#reopen();
    const thread = this.#thread;
    this.#statements++;
    try {
      return await thread.ask(sql, parameters, timeoutMs);
    } catch (error) {
      if (!thread.isAlive) this.#noteFailure(error as StoreError);
      throw error;
    }
  }

  async #reopen(): Promise<void> {
    if (performance.now() - this.#failedAtMs < REOPEN_AFTER_MS && this.#failure) {
      const { kind, message } = this.#failure;
      throw new StoreError(kind, message, { cause: this.#failure });
    }
    try {
      this.#thread = await EmbeddedThread.open(this.#folder);
    } catch (error) {
      this.#noteFailure(error as StoreError);
      throw error;
    }
  }

  #noteFailure(failure: StoreError): void {
    this.#failure = failure;
    this.#failedAtMs = performance.now();
  }

  async #keepLogShort(): Promise<void> {
    if (this.#statements < LOG_LOOKED_AT_EVERY) return;
    this.#statements = 0;
    const [row] = (await this.#ask(
      `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(),
         (select redo_lsn from pg_control_checkpoint()))::float8 as bytes`,
      [],
    )) as { bytes: number }[];
    if ((row?.bytes ?? 0) > LOG_MAX_BYTES) await this.#ask('checkpoint', []);
  }
}

/**
 * Opens the database in the folder, or makes one. One whose making was broken off is known by the
 * file beside it, and made again: nothing can be in it yet.
 */
async function openOrMake(folder: string, marker: string): Promise<EmbeddedThread> {
  try {
    if (existsSync(marker)) rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const files = readdirSync(folder);
    if (!files.includes('PG_VERSION')) {
      // PGlite would make a new database over whatever is left of an old one.
      if (files.length > 0) {
        const reason = 'it has files, but no PG_VERSION';
        throw new StoreError('corrupt', `${embeddedLocation(folder)} ${DAMAGED} (${reason})`);
      }
      writeFileSync(marker, '');
      const thread = await EmbeddedThread.open(folder, true);
      rmSync(marker);
      return thread;
    }
    rmSync(marker, { force: true });
  } catch (error) {
    if (existsSync(marker)) rmSync(folder, { recursive: true, force: true });
    throw folderError(error, embeddedLocation(folder));
  }
  return EmbeddedThread.open(folder);
}
