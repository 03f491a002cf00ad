import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../core/problem.ts';
import type { Log } from '../../runtime/log.ts';
import { SerialQueue } from '../../runtime/serial-queue.ts';
import {
  DATABASE_LIMITS,
  type Database,
  type DatabaseLimits,
  type Parameter,
  type Queries,
} from '../database.ts';
import { makeFolder, PathGuard } from '../folders.ts';
import { StoreError } from '../store-error.ts';
import { DatabaseHealth, WRITE_PROBE } from './database-health.ts';
import { folderError } from './failures.ts';
import { DAMAGED, embeddedLocation, PgliteThread } from './pglite-thread.ts';

/** How often to check the length of the write-ahead log [statements]. */
const LOG_CHECK_EVERY = 500;
/**
 * Length of the log from which we make a checkpoint [bytes]: single-user PostgreSQL never makes
 * one.
 */
const LOG_MAX_BYTES = 16 * 1024 * 1024;
/** Free space needed to reopen a database that ran out of it: its log and more [bytes]. */
const ROOM_BYTES = 2 * 1024 * 1024;

/** Options of an embedded database. */
export interface PgliteOptions {
  readonly log?: Log | undefined;
  readonly limits?: Partial<DatabaseLimits> | undefined;
}

/**
 * PostgreSQL inside the process, in its own folder. Whatever it has confirmed survives a `kill -9`
 * of the process. It does not wait for the disk, so a power failure may lose the last changes or,
 * at worst, the database. Use a server if you cannot accept that.
 */
export class PgliteDatabase implements Database {
  readonly isEmbedded = true;
  readonly location: string;
  readonly #folder: string;
  readonly #guard: PathGuard;
  readonly #limits: DatabaseLimits;
  readonly #health: DatabaseHealth;
  #thread: PgliteThread;
  #opening = new AbortController();
  readonly #queue = new SerialQueue();
  #failure: StoreError | undefined;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;
  #statements = 0;

  private constructor(dataDir: string, thread: PgliteThread, { log, limits }: PgliteOptions) {
    this.#folder = databaseFolder(dataDir);
    this.location = embeddedLocation(this.#folder);
    this.#thread = thread;
    this.#guard = new PathGuard([dataDir, this.#folder, join(this.#folder, 'PG_VERSION')]);
    this.#limits = { ...DATABASE_LIMITS, ...limits };
    this.#health = new DatabaseHealth(log, this.#limits, {
      check: async () => void this.#lost(),
      write: () => this.script(WRITE_PROBE),
    });
  }

  /**
   * Opens the database below a folder whose lock the caller holds, or creates it.
   *
   * @throws StoreError if it is damaged, not writable, or out of space.
   */
  static async open(dataDir: string, options: PgliteOptions = {}): Promise<PgliteDatabase> {
    const thread = await openOrMake(databaseFolder(dataDir), options.log);
    return new PgliteDatabase(dataDir, thread, options);
  }

  get problems(): readonly Problem[] {
    return this.#health.problems;
  }

  whenWritable(): Promise<void> {
    return this.#health.whenWritable();
  }

  get isConnected(): boolean {
    return this.#thread.isAlive && !this.#isClosed;
  }

  query<Row>(sql: string, parameters: readonly Parameter[] = []): Promise<readonly Row[]> {
    return this.#exclusively(async () => {
      const rows = await this.#execute(sql, parameters);
      // The statement is done even if this fails; then the next statement fails.
      await this.#keepLogShort().catch(() => undefined);
      return rows as readonly Row[];
    });
  }

  async script(sql: string): Promise<void> {
    await this.#exclusively(() => this.#execute(sql, undefined));
  }

  transaction<T>(work: (queries: Queries) => Promise<T>, timeoutMs?: number): Promise<T> {
    return this.#exclusively(async () => {
      await this.#execute('begin', undefined);
      const thread = this.#thread;
      // A reopened database has no record of this transaction.
      const execute = async (sql: string, parameters: readonly Parameter[] | undefined) => {
        if (!thread.isAlive) throw this.#failure;
        return this.#execute(sql, parameters, timeoutMs);
      };
      try {
        const result = await work({
          query: async <Row>(sql: string, parameters: readonly Parameter[] = []) =>
            (await execute(sql, parameters)) as readonly Row[],
          script: async (sql) => {
            await execute(sql, undefined);
          },
        });
        await execute('commit', undefined);
        return result;
      } catch (error) {
        // A thread that has ended has rolled everything back.
        if (thread.isAlive) await execute('rollback', undefined).catch(() => undefined);
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    this.#health.stop();
    await this.#exclusively(async () => {
      this.#isClosed = true;
      try {
        // Closing writes to the folder.
        if (!this.#lost() && this.#thread.isAlive) await this.#thread.close();
      } finally {
        this.#guard.close();
      }
    }).catch((error: StoreError) => {
      if (error.kind !== 'closed') throw error;
    });
  }

  /** Runs work after all earlier work: there is only one connection. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(() => {
      if (this.#isClosed) throw new StoreError('closed', `${this.location} was closed`);
      return work();
    });
  }

  /**
   * The failure of a database whose folder is gone or was replaced. The thread is terminated
   * immediately, even during a statement: it must not write to a folder that may belong to
   * something else.
   */
  #lost(): StoreError | undefined {
    const reason = this.#guard.lost();
    if (reason === undefined) return undefined;
    const message = `${this.location}: ${reason}; nothing is written there until it is back`;
    const error = new StoreError('unwritable', message);
    this.#health.failed(error);
    this.#opening.abort(error);
    if (this.#thread.isAlive) this.#thread.terminate(error);
    return error;
  }

  async #execute(
    sql: string,
    parameters: readonly Parameter[] | undefined,
    timeoutMs?: number,
  ): Promise<readonly unknown[]> {
    const lost = this.#lost();
    if (lost) throw lost;
    if (!this.#thread.isAlive) await this.#reopen();
    const thread = this.#thread;
    this.#statements++;
    try {
      const rows = await thread.execute(sql, parameters, timeoutMs);
      // What was written to a folder that has disappeared since is not stored.
      const lostMeanwhile = this.#lost();
      if (lostMeanwhile) throw lostMeanwhile;
      this.#health.worked();
      return rows;
    } catch (error) {
      this.#health.failed(error as StoreError);
      if (!thread.isAlive) this.#noteFailure(error as StoreError);
      throw error;
    }
  }

  async #reopen(): Promise<void> {
    if (performance.now() - this.#failedAtMs < this.#limits.reopenAfterMs && this.#failure) {
      const { kind, message } = this.#failure;
      throw new StoreError(kind, message, { cause: this.#failure });
    }
    try {
      if (this.#failure?.kind === 'full') checkRoom(this.#folder);
      this.#opening = new AbortController();
      this.#thread = await PgliteThread.open(this.#folder, this.#opening);
    } catch (error) {
      this.#health.failed(error as StoreError);
      this.#noteFailure(error as StoreError);
      throw error;
    }
  }

  #noteFailure(failure: StoreError): void {
    this.#failure = failure;
    this.#failedAtMs = performance.now();
  }

  async #keepLogShort(): Promise<void> {
    if (this.#statements < LOG_CHECK_EVERY) return;
    this.#statements = 0;
    const [row] = (await this.#execute(
      `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(),
         (select redo_lsn from pg_control_checkpoint()))::float8 as bytes`,
      [],
    )) as { bytes: number }[];
    if ((row?.bytes ?? 0) > LOG_MAX_BYTES) await this.#execute('checkpoint', []);
  }
}

function databaseFolder(dataDir: string): string {
  return join(dataDir, 'database');
}

/**
 * Checks for free space, because opening a database without any takes seconds. @throws StoreError
 * if there is none.
 */
function checkRoom(folder: string): void {
  const file = `${folder}.room`;
  try {
    writeFileSync(file, Buffer.alloc(ROOM_BYTES));
  } catch (error) {
    throw folderError(error, embeddedLocation(folder));
  } finally {
    rmSync(file, { force: true });
  }
}

/**
 * Opens the database in the folder, or creates one. A marker file next to it shows that creation
 * was not completed: if such a database cannot be opened, it is moved aside and a new one is
 * created.
 */
async function openOrMake(folder: string, log: Log | undefined): Promise<PgliteThread> {
  const marker = `${folder}.incomplete`;
  let isMaking = false;
  try {
    makeFolder(folder);
    if (existsSync(marker)) {
      const thread = await openIfWhole(folder);
      if (!thread) moveAside(folder, log);
      rmSync(marker);
      if (thread) return thread;
    }
    const files = readdirSync(folder);
    if (files.includes('PG_VERSION')) return await PgliteThread.open(folder);
    // PGlite would create a new database over the remains of an old one.
    if (files.length > 0) {
      const reason = 'it contains files, but no PG_VERSION';
      throw new StoreError('corrupt', `${embeddedLocation(folder)} ${DAMAGED} (${reason})`);
    }
    writeFileSync(marker, '');
    isMaking = true;
    const thread = await PgliteThread.open(folder, { isNew: true });
    rmSync(marker);
    return thread;
  } catch (error) {
    // It was empty, and the unfinished database holds nothing yet.
    if (isMaking) {
      rmSync(folder, { recursive: true, force: true });
      rmSync(marker, { force: true });
    }
    throw folderError(error, embeddedLocation(folder));
  }
}

/** Opens a database whose creation may be incomplete. Undefined if it cannot be opened. */
async function openIfWhole(folder: string): Promise<PgliteThread | undefined> {
  if (!existsSync(join(folder, 'PG_VERSION'))) return undefined;
  try {
    return await PgliteThread.open(folder);
  } catch (error) {
    if (error instanceof StoreError && error.kind === 'corrupt') return undefined;
    throw error;
  }
}

/** Moves a folder out of the way, because its content may be valuable to the user. */
function moveAside(folder: string, log: Log | undefined): void {
  if (readdirSync(folder).length > 0) {
    const to = `${folder}.${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
    renameSync(folder, to);
    mkdirSync(folder);
    log?.warn({ folder: to }, 'moved aside a database whose creation was never completed');
  }
}
