import type pg from 'pg';
import type { Watermarks } from '../core/sink.ts';
import { BackOff } from '../runtime/back-off.ts';
import type { Log } from '../runtime/log.ts';
import { sleep } from '../runtime/sleep.ts';
import type { Database, DatabaseLimits } from './database.ts';
import { PgliteDatabase } from './drivers/pglite.ts';
import { PostgresDatabase } from './drivers/postgres.ts';
import { JournalLog } from './journal-log.ts';
import { FolderLock } from './locks/folder-lock.ts';
import { SessionLock, type SessionLockOptions } from './locks/session-lock.ts';
import { migrate } from './migrations/index.ts';
import { StoreError } from './store-error.ts';
import { type Identity, identify, watermarksIn } from './tables.ts';

/** How long to wait for a server that starts together with the simulator [ms]. */
const SERVER_MAX_MS = 60_000;

/** Where the store is, and the initial values of a new one. */
export interface StoreOptions extends SessionLockOptions {
  /** Folder of the embedded database, which is used if no server is given. */
  readonly dataDir: string;
  readonly server?: pg.ClientConfig | undefined;
  readonly seed: number;
  /** The simulator's version. */
  readonly version: string;
  /** How long to wait for an unreachable server [ms]. */
  readonly waitMs?: number;
  /** How often to check the database, if not as usual. */
  readonly limits?: Partial<DatabaseLimits>;
  /** Stops the wait. */
  readonly signal?: AbortSignal;
}

/** Everything that the simulator keeps, in a database that no other simulator or cluster uses. */
export interface Store {
  readonly database: Database;
  readonly identity: Identity;
  readonly journal: JournalLog;
  readonly watermarks: Watermarks;
  /** False once another simulator has taken over: this one must not publish any more. */
  readonly isOwner: boolean;
  /** Rejects with a StoreError when that happens. */
  whenLost(): Promise<never>;
  close(): Promise<void>;
}

interface Opened {
  readonly database: Database;
  readonly lock: FolderLock | SessionLock;
}

/**
 * Opens the store, and creates or updates its tables. Waits for a server that is unreachable.
 *
 * @throws StoreError, with one line for the user, if the database is unreachable, damaged, in use,
 *   or written by a newer version.
 */
export function openStore(options: StoreOptions, log: Log): Promise<Store> {
  return openStoreWith(options, log, async (store) => store);
}

/**
 * Opens the store and runs the first work on it. If the server becomes unreachable before that is
 * done, it waits as for the opening, and starts again.
 *
 * @throws StoreError as {@link openStore}, and whatever the work throws, after closing the store.
 */
export async function openStoreWith<T>(
  options: StoreOptions,
  log: Log,
  begin: (store: Store) => Promise<T>,
): Promise<T> {
  const { waitMs = SERVER_MAX_MS, signal } = options;
  const untilMs = performance.now() + waitMs;
  const backOff = new BackOff();
  for (let isFirst = true; ; isFirst = false) {
    try {
      const store = await open(options, log);
      try {
        return await begin(store);
      } catch (error) {
        await store.close();
        throw error;
      }
    } catch (error) {
      const isAway = error instanceof StoreError && error.kind === 'unreachable';
      if (!isAway || !options.server || signal?.aborted) throw error;
      const restMs = untilMs - performance.now();
      if (restMs <= 0) {
        const message = `${error.message}; gave up after ${Math.round(waitMs / 1000)} s`;
        throw new StoreError('unreachable', message, { cause: error });
      }
      if (isFirst) log.warn({ reason: error.message }, 'waiting for the database');
      await sleep(Math.min(backOff.nextMs(), restMs), signal);
    }
  }
}

async function open(options: StoreOptions, log: Log): Promise<Store> {
  const { database, lock } = options.server
    ? await openServer(options, options.server, log)
    : await openEmbedded(options, log);
  try {
    const applied = await migrate(database);
    const isNew = applied[0] === 1;
    if (applied.length > 0)
      log.info(
        { version: applied.at(-1) },
        `${database.location}: ${isNew ? 'created' : 'updated'}`,
      );
    const identity = await identify(database, options.seed, options.version);
    if (identity.seed !== options.seed)
      log.warn(
        { seed: options.seed, begunWith: identity.seed },
        'SIMULATION_SEED differs from the seed of the store: readings of the past will differ',
      );
    return storeOf(database, lock, identity);
  } catch (error) {
    await Promise.allSettled([database.close(), lock.release()]);
    throw error;
  }
}

async function openServer(
  { limits = {}, ...options }: StoreOptions,
  server: pg.ClientConfig,
  log: Log,
): Promise<Opened> {
  const lock = await SessionLock.acquire(server, log, options);
  return { database: new PostgresDatabase(server, { log, limits }), lock };
}

async function openEmbedded({ dataDir, limits }: StoreOptions, log: Log): Promise<Opened> {
  const lock = await FolderLock.acquire(dataDir);
  try {
    return { database: await PgliteDatabase.open(dataDir, { log, limits }), lock };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function storeOf(database: Database, lock: Opened['lock'], identity: Identity): Store {
  const journal = new JournalLog(database);
  const session = lock instanceof SessionLock ? lock : undefined;
  return {
    database,
    identity,
    journal,
    watermarks: watermarksIn(database),
    get isOwner() {
      // No other process can take the folder while this one lives.
      return session?.isOwner ?? true;
    },
    whenLost: () =>
      new Promise((_, reject) => {
        const message = `another simulator uses ${database.location}`;
        session?.onLost(() => reject(new StoreError('locked', message)));
      }),
    async close() {
      journal.close();
      try {
        await database.close();
      } finally {
        await lock.release();
      }
    },
  };
}
