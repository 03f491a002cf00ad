import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { connectInTurn } from '../../outputs/postgres/url.ts';
import { BackOff } from '../../runtime/back-off.ts';
import type { Log } from '../../runtime/log.ts';
import { sleep } from '../../runtime/sleep.ts';
import { storeError } from '../drivers/failures.ts';
import { connectionSettings, endClient, locationOf } from '../drivers/postgres.ts';
import { StoreError } from '../store-error.ts';
import { ADVISORY_LOCKS } from './advisory-locks.ts';

/** How long a server may take to notice that the previous simulator is gone [ms]. */
const PREDECESSOR_MS = 5000;
const RETRY_MS = 200;
/** How often to test the connection, since a network may break silently [ms]. */
const HEARTBEAT_MS = 10_000;
const ANSWER_MAX_MS = 5000;

/** Options of the lock. */
export interface SessionLockOptions {
  /** Whether other holders may share the lock. */
  readonly isShared?: boolean | undefined;
  /** How long to wait for the lock of a simulator that is gone [ms]; 5 s by default. */
  readonly predecessorMs?: number | undefined;
}

/**
 * The right to be the only simulator of a database or, if shared, a process of its cluster: a
 * PostgreSQL advisory lock on its own connection. If the connection breaks, the lock is taken
 * again. If another simulator has taken it in between, this one has lost it for good.
 */
export class SessionLock {
  /**
   * Whether no other simulator can be at work. None can take over while the server is unreachable.
   */
  isOwner = true;
  readonly #server: pg.ClientConfig;
  readonly #location: string;
  readonly #log: Log;
  readonly #isShared: boolean;
  readonly #predecessorMs: number;
  /** Distinguishes our own connections, even dead ones, from those of other simulators. */
  readonly #name = `enms-simulator ${randomUUID()}`;
  readonly #listeners: (() => void)[] = [];
  readonly #end = new AbortController();
  #client: pg.Client | undefined;
  #heartbeat: NodeJS.Timeout | undefined;

  private constructor(
    server: pg.ClientConfig,
    log: Log,
    { isShared = false, predecessorMs = PREDECESSOR_MS }: SessionLockOptions,
  ) {
    this.#server = server;
    this.#isShared = isShared;
    this.#predecessorMs = predecessorMs;
    this.#location = locationOf(server);
    this.#log = log;
  }

  /** @throws StoreError if another simulator holds the lock, or the server is unreachable. */
  static async acquire(
    server: pg.ClientConfig,
    log: Log,
    options: SessionLockOptions = {},
  ): Promise<SessionLock> {
    const lock = new SessionLock(server, log, options);
    if (!(await lock.#take()))
      throw new StoreError('locked', `another simulator uses ${lock.#location}`);
    return lock;
  }

  /** Calls back when another simulator has taken over, which is final. */
  onLost(listener: () => void): void {
    if (this.isOwner) this.#listeners.push(listener);
    else listener();
  }

  async release(): Promise<void> {
    this.#end.abort();
    clearInterval(this.#heartbeat);
    const client = this.#client;
    this.#client = undefined;
    if (client) await endClient(client);
  }

  /** Connects and takes the lock. False if another simulator keeps it. */
  async #take(): Promise<boolean> {
    try {
      return await connectInTurn(this.#server, (settings) => this.#connectAndTake(settings));
    } catch (error) {
      throw storeError(error, this.#location, false);
    }
  }

  async #connectAndTake(settings: pg.ClientConfig): Promise<boolean> {
    const client = new pg.Client({
      ...connectionSettings(settings),
      application_name: this.#name,
      query_timeout: ANSWER_MAX_MS,
    });
    let isBroken = false;
    client.on('error', () => {
      isBroken = true;
    });
    try {
      await client.connect();
      // If the network breaks silently, the server notices within 25 s instead of two hours.
      await client.query(`select set_config('tcp_keepalives_idle', '10', false),
        set_config('tcp_keepalives_interval', '5', false),
        set_config('tcp_keepalives_count', '3', false)`);
      const isTaken = await this.#acquireOn(client);
      if (isBroken) throw new Error('the connection broke');
      if (isTaken && !this.#end.signal.aborted) {
        this.#watch(client);
        return true;
      }
      await endClient(client);
      return false;
    } catch (error) {
      await endClient(client);
      throw error;
    }
  }

  async #acquireOn(client: pg.Client): Promise<boolean> {
    const untilMs = performance.now() + this.#predecessorMs;
    const take = this.#isShared ? 'pg_try_advisory_lock_shared' : 'pg_try_advisory_lock';
    for (;;) {
      const { rows } = await client.query(`select ${take}($1, $2) as taken`, [
        ...ADVISORY_LOCKS.simulator,
      ]);
      if (rows[0]?.taken === true) return true;
      if (performance.now() > untilMs || this.#end.signal.aborted) return false;
      // A dead connection of ours that the server has not noticed yet.
      await client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = $1 and pid <> pg_backend_pid() and usename = current_user`,
        [this.#name],
      );
      await sleep(RETRY_MS);
    }
  }

  #watch(client: pg.Client): void {
    this.#client = client;
    const broken = () => {
      if (this.#client !== client) return;
      this.#client = undefined;
      clearInterval(this.#heartbeat);
      void endClient(client);
      void this.#regain();
    };
    client.on('error', broken);
    client.on('end', broken);
    this.#heartbeat = setInterval(() => client.query('select 1').catch(broken), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  /** Takes the lock again once the server is back. Never rejects. */
  async #regain(): Promise<void> {
    const { signal } = this.#end;
    const backOff = new BackOff();
    while (!signal.aborted) {
      try {
        if (await this.#take()) return;
        if (signal.aborted) return;
        this.isOwner = false;
        this.#log.warn({}, `another simulator has taken over ${this.#location}`);
        for (const listener of this.#listeners) listener();
        return;
      } catch {
        // The server is unreachable, which its other users report.
        await sleep(backOff.nextMs(), signal);
      }
    }
  }
}
