import type { JournalEvent } from '../core/journal.ts';
import { BackOff } from '../runtime/back-off.ts';
import { deadlineSignal } from '../runtime/deadline.ts';
import { sleep } from '../runtime/sleep.ts';
import type { Database } from './database.ts';
import { deleteEvent, insertEvent, loadEvents } from './journal-rows.ts';
import { persist } from './persist.ts';
import { StoreError } from './store-error.ts';

/** How long to try to record an event, and to wait for a database [ms]. */
const KEEP_MAX_MS = 5000;

/** The journal on record: the `DurableLog` of a simulator with a store. */
export class JournalLog {
  readonly #database: Database;
  readonly #keepMaxMs: number;
  readonly #end = new AbortController();
  /** An event that was refused, but may be on record. */
  #doubtful: JournalEvent | undefined;
  /** Settles when it is not on record any more; nothing is put on record before. */
  #undoing: Promise<void> | undefined;

  constructor(database: Database, keepMaxMs = KEEP_MAX_MS) {
    this.#database = database;
    this.#keepMaxMs = keepMaxMs;
  }

  /**
   * Settles when the database answers and no event is in doubt.
   *
   * @throws StoreError where that takes too long, or it has no room.
   */
  async ready(withinMs = this.#keepMaxMs): Promise<void> {
    const deadline = this.#deadline(withinMs);
    if (!(await unlessAborted(deadline, this.#answered(deadline, withinMs))))
      throw this.#timeoutError(withinMs);
  }

  /**
   * Settles when the event would survive the end of the process. Where the answer of the database
   * was lost it asks again until it knows, or for as long as it may.
   *
   * @throws StoreError where the event is not kept. Should even that be in doubt, it is taken back
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

  /** Every event on record, oldest first. @throws StoreError for one that cannot be understood. */
  load(): Promise<JournalEvent[]> {
    return loadEvents(this.#database, this.#database.location);
  }

  /** Ends whatever it still tries. */
  close(): void {
    this.#end.abort();
  }

  async #answered(deadline: AbortSignal, timeoutMs: number): Promise<boolean> {
    await this.#undoing;
    const backOff = new BackOff();
    while (!deadline.aborted) {
      try {
        await this.#database.query('select 1', [], timeoutMs);
        return true;
      } catch (error) {
        // A connection that was lost while it was idle comes back at once.
        if (!(error instanceof StoreError && error.kind === 'unreachable')) throw error;
      }
      await sleep(backOff.nextMs(), deadline);
    }
    return false;
  }

  #deadline(withinMs: number): AbortSignal {
    return deadlineSignal(withinMs, this.#end.signal);
  }

  #timeoutError(withinMs: number): StoreError {
    const message = `${this.#database.location} has taken no event for ${withinMs / 1000} s`;
    return new StoreError('unreachable', message, { isUncertain: true });
  }

  /**
   * Deletes an event once nothing is under way any more that could put it on record: the database
   * gives a statement up before the client does.
   */
  async #undo(event: JournalEvent, storing: Promise<unknown>): Promise<void> {
    await storing.catch(() => undefined);
    // Until it succeeds, no other event is put on record.
    await persist(() => deleteEvent(this.#database, event), this.#end.signal);
  }
}

/** One event on its way to its record. */
class Attempt {
  /** Why it was not put on record when that was last tried. */
  failure: unknown;
  readonly #database: Database;
  readonly #event: JournalEvent;
  #doubtful: JournalEvent | undefined;

  /** @param doubtful - One before it that was refused, taken back, and might still arrive. */
  constructor(database: Database, event: JournalEvent, doubtful: JournalEvent | undefined) {
    this.#database = database;
    this.#event = event;
    this.#doubtful = doubtful;
  }

  /** True when it is on record; false where that is unknown. @throws StoreError where it is not. */
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
        // Another event in its place says for certain that this one is not kept.
        if (!isInDoubt || error.kind === 'rejected') throw error;
      }
      await sleep(backOff.nextMs(), deadline);
    }
    return false;
  }

  /** Removes the one that was taken back before, where it has arrived only now. */
  async #clear({ kind }: StoreError): Promise<boolean> {
    const late = this.#doubtful;
    if (kind !== 'rejected' || late?.sequence !== this.#event.sequence) return false;
    this.#doubtful = undefined;
    await deleteEvent(this.#database, late);
    return true;
  }
}

/** What some work gives, or nothing where the signal is aborted before. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const end = () => resolve(undefined);
    if (signal.aborted) end();
    signal.addEventListener('abort', end);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}
