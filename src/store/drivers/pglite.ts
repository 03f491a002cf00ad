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
import { DatabaseHealth, HealthCheck, WRITE_PROBE } from './database-health.ts';
import { folderError } from './failures.ts';
import { DAMAGED, embeddedLocation, PgliteThread } from './pglite-thread.ts';

/**
 * A database that failed is opened again no sooner than this, so that a full disk does not keep
 * the processor busy [ms].
 */
const REOPEN_AFTER_MS = 1000;
/** How often the length of the write-ahead log is looked at [statements]. */
const LOG_CHECK_EVERY = 500;
/** PostgreSQL alone in its process makes no checkpoints; we make one after this many bytes. */
const LOG_MAX_BYTES = 16 * 1024 * 1024;
/** A database that had no room is not opened again without this much: its log and more [bytes]. */
const ROOM_BYTES = 2 * 1024 * 1024;

/** What an embedded database may be given beside its folder. */
export interface PgliteOptions {
  readonly log?: Log | undefined;
  readonly limits?: Partial<DatabaseLimits> | undefined;
}

/**
 * PostgreSQL inside the process, in a folder of its own. What it has answered survives a `kill -9`
 * of the process; it does not wait for the disk, so a failure of the power may cost the last of it
 * or, at worst, the database. A server is for those who cannot have that.
 */
export class PgliteDatabase implements Database {
  readonly isEmbedded = true;
  readonly location: string;
  readonly #folder: string;
  readonly #guard: PathGuard;
  readonly #health: DatabaseHealth;
  readonly #healthCheck: HealthCheck;
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
    this.#health = new DatabaseHealth(log);
    this.#healthCheck = new HealthCheck(
      this.#health,
      { ...DATABASE_LIMITS, ...limits },
      {
        check: async () => void this.#lost(),
        write: () => this.script(WRITE_PROBE),
      },
    );
  }

  /**
   * Opens the database below a folder that the caller holds the lock of, or makes it.
   *
   * @throws StoreError where it is damaged, not to be written, or without room.
   */
  static async open(dataDir: string, options: PgliteOptions = {}): Promise<PgliteDatabase> {
    const thread = await openOrMake(databaseFolder(dataDir), options.log);
    return new PgliteDatabase(dataDir, thread, options);
  }

  get problems(): readonly Problem[] {
    return this.#health.problems;
  }

  get isConnected(): boolean {
    return this.#thread.isAlive && !this.#isClosed;
  }

  query<Row>(sql: string, parameters: readonly Parameter[] = []): Promise<readonly Row[]> {
    return this.#exclusively(async () => {
      const rows = await this.#execute(sql, parameters);
      // The statement is done even if this fails; the next statement will fail then.
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
      // A database that is opened again knows nothing of this transaction.
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
        // A thread that has ended has undone everything.
        if (thread.isAlive) await execute('rollback', undefined).catch(() => undefined);
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    this.#healthCheck.stop();
    await this.#exclusively(async () => {
      this.#isClosed = true;
      try {
        // To close it is to write to it.
        if (!this.#lost() && this.#thread.isAlive) await this.#thread.close();
      } finally {
        this.#guard.close();
      }
    }).catch((error: StoreError) => {
      if (error.kind !== 'closed') throw error;
    });
  }

  /** Work waits for the work before it: there is one connection. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(() => {
      if (this.#isClosed) throw new StoreError('closed', `${this.location} was closed`);
      return work();
    });
  }

  /**
   * The failure of a database whose folder is gone or another one. It is ended at once, even in the
   * middle of a statement: it must not write to a folder that may belong to another.
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
      // What was written to a folder that has gone meanwhile is not on record.
      const lostMeanwhile = this.#lost();
      if (lostMeanwhile) throw lostMeanwhile;
      this.#health.worked(false);
      return rows;
    } catch (error) {
      this.#health.failed(error as StoreError);
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

/** Tries for room: to open a database without any costs seconds. @throws StoreError for none. */
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
 * Opens the database in the folder, or makes one. A file beside it marks one that was not
 * finished: where that cannot be opened, it is moved aside and another one is made.
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
    // PGlite would make a new database over whatever is left of an old one.
    if (files.length > 0) {
      const reason = 'it has files, but no PG_VERSION';
      throw new StoreError('corrupt', `${embeddedLocation(folder)} ${DAMAGED} (${reason})`);
    }
    writeFileSync(marker, '');
    isMaking = true;
    const thread = await PgliteThread.open(folder, { isNew: true });
    rmSync(marker);
    return thread;
  } catch (error) {
    // It was empty, and what was being made holds nothing yet.
    if (isMaking) {
      rmSync(folder, { recursive: true, force: true });
      rmSync(marker, { force: true });
    }
    throw folderError(error, embeddedLocation(folder));
  }
}

/** A database beside the file of one that was broken off; none where it cannot be opened. */
async function openIfWhole(folder: string): Promise<PgliteThread | undefined> {
  if (!existsSync(join(folder, 'PG_VERSION'))) return undefined;
  try {
    return await PgliteThread.open(folder);
  } catch (error) {
    if (error instanceof StoreError && error.kind === 'corrupt') return undefined;
    throw error;
  }
}

/** Moves a folder out of the way, since its content may be of value to the user. */
function moveAside(folder: string, log: Log | undefined): void {
  if (readdirSync(folder).length > 0) {
    const to = `${folder}.${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
    renameSync(folder, to);
    mkdirSync(folder);
    log?.warn({ folder: to }, 'a database that was never finished was moved aside');
  }
}
