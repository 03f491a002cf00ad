import type { JournalEvent } from '../core/journal.ts';
import { BackOff } from '../runtime/back-off.ts';
import { deadlineSignal } from '../runtime/deadline.ts';
import { sleep } from '../runtime/sleep.ts';
import type { Database } from './database.ts';
import { deleteEvent, insertEvent, loadEvents } from './journal-rows.ts';
import { persist } from './persist.ts';
import { StoreError } from './store-error.ts';

/** How long to try to store an event, and to wait for a database [ms]. */
const KEEP_MAX_MS = 5000;

/** The journal in the store: the `DurableLog` of a simulator. */
export class JournalLog {
  readonly #database: Database;
  readonly #keepMaxMs: number;
  readonly #end = new AbortController();
  /** An event that was rejected but may still be stored. */
  #doubtful: JournalEvent | undefined;
  /** Settles once it is certainly not stored. Until then, nothing else is stored. */
  #undoing: Promise<void> | undefined;

  constructor(database: Database, keepMaxMs = KEEP_MAX_MS) {
    this.#database = database;
    this.#keepMaxMs = keepMaxMs;
  }

  /**
   * Settles when the database answers and no event is in doubt.
   *
   * @throws StoreError if that takes too long, or the database is full.
   */
  async ready(withinMs = this.#keepMaxMs): Promise<void> {
    const deadline = this.#deadline(withinMs);
    if (!(await unlessAborted(deadline, this.#answered(deadline, withinMs))))
      throw this.#timeoutError(withinMs);
  }

  /**
   * Settles when the event would survive the end of the process. If the database's answer is lost,
   * it retries until the outcome is known or the time is up.
   *
   * @throws StoreError if the event is not stored. If that is still in doubt, the event is undone
   *   as soon as the database answers, and other events wait for that.
   */
  async keep(event: JournalEvent, withinMs = this.#keepMaxMs): Promise<void> {
    const deadline = this.#deadline(withinMs);
    const isClear = (this.#undoing ?? Promise.resolve()).then(() => true);
    if (!(await unlessAborted(deadline, isClear))) throw this.#timeoutError(withinMs);
    const attempt = new Attempt(this.#database, event, this.#doubtful);
    const storing = attempt.run(deadline);
    if (await unlessAborted(deadline, storing)) return;
    this.#doubtful = event;
    this.#undoing = this.#undo(event, storing).finally(() => {
      this.#undoing = undefined;
    });
    throw attempt.failure ?? this.#timeoutError(withinMs);
  }

  /** Every stored event, oldest first. @throws StoreError for an invalid one. */
  load(): Promise<JournalEvent[]> {
    return loadEvents(this.#database, this.#database.location);
  }

  /** Stops all attempts. */
  close(): void {
    this.#end.abort();
  }

  /** @returns An answer of the database; undefined if none has come before the deadline. */
  async #answered(deadline: AbortSignal, timeoutMs: number): Promise<unknown> {
    await this.#undoing;
    const ask = () => this.#database.query('select 1', [], timeoutMs);
    // A connection that was lost while idle is restored immediately.
    return persist(ask, deadline, ({ kind }) => kind === 'unreachable');
  }

  #deadline(withinMs: number): AbortSignal {
    return deadlineSignal(withinMs, this.#end.signal);
  }

  #timeoutError(withinMs: number): StoreError {
    const message = `${this.#database.location} has accepted no event for ${withinMs / 1000} s`;
    return new StoreError('unreachable', message, { isUncertain: true });
  }

  /**
   * Deletes an event once no pending statement can store it any more: the database gives up a
   * statement before the client does.
   */
  async #undo(event: JournalEvent, storing: Promise<unknown>): Promise<void> {
    await storing.catch(() => undefined);
    // Until this succeeds, no other event is stored.
    await persist(() => deleteEvent(this.#database, event), this.#end.signal);
  }
}

/** An attempt to store one event. */
class Attempt {
  /** Why the latest try failed. */
  failure: unknown;
  readonly #database: Database;
  readonly #event: JournalEvent;
  #doubtful: JournalEvent | undefined;

  /** @param doubtful - An earlier event that was rejected and undone, and might still arrive. */
  constructor(database: Database, event: JournalEvent, doubtful: JournalEvent | undefined) {
    this.#database = database;
    this.#event = event;
    this.#doubtful = doubtful;
  }

  /**
   * True once the event is stored; false if that is unknown. @throws StoreError if it is not
   * stored.
   */
  async run(deadline: AbortSignal): Promise<boolean> {
    const backOff = new BackOff();
    let isInDoubt = false;
    while (!deadline.aborted) {
      try {
        await insertEvent(this.#database, this.#event);
        return true;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.failure = error;
        if (await this.#clear(error)) continue;
        isInDoubt ||= error.isUncertain;
        // A different event with this number proves that this one is not stored.
        if (!isInDoubt || error.kind === 'rejected') throw error;
      }
      await sleep(backOff.nextMs(), deadline);
    }
    return false;
  }

  /** Removes the undone event if it has arrived only now. */
  async #clear({ kind }: StoreError): Promise<boolean> {
    const late = this.#doubtful;
    if (kind !== 'rejected' || late?.sequence !== this.#event.sequence) return false;
    this.#doubtful = undefined;
    await deleteEvent(this.#database, late);
    return true;
  }
}

/** The result of some work, or undefined if the signal is aborted first. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const end = () => resolve(undefined);
    if (signal.aborted) end();
    signal.addEventListener('abort', end);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}
