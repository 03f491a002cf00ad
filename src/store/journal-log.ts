import type { Happening, JournalEvent } from '../core/journal.ts';
import { BackOff } from '../sinks/back-off.ts';
import { sleepUnless } from '../sinks/waiting.ts';
import type { Database, Queries } from './database.ts';
import { readEvent } from './journal-row.ts';
import { StoreError } from './store-error.ts';

/**
 * The factory stands still for so long at most while nobody knows whether an event was kept; most
 * databases are back by then [ms].
 */
const DOUBT_MAX_MS = 10_000;
/** Rows fetched at once: some megabytes. */
const PAGE_ROWS = 10_000;

/** The journal on record: the `DurableLog` of a simulator with a store. */
export class JournalLog {
  readonly #database: Database;
  readonly #doubtMaxMs: number;
  readonly #end = new AbortController();
  /** From this event on, nothing may be on record: it was refused, but may have been kept. */
  #refusedFrom: number | undefined;

  constructor(database: Database, doubtMaxMs = DOUBT_MAX_MS) {
    this.#database = database;
    this.#doubtMaxMs = doubtMaxMs;
  }

  /**
   * Settles when the event would survive the end of the process. Where the answer of the database
   * was lost it asks again until it knows.
   *
   * @throws StoreError where the event is not kept. Should even that be in doubt, it is taken back
   *   as soon as the database answers.
   */
  async keep(event: JournalEvent): Promise<void> {
    await this.#takeBack();
    const untilMs = performance.now() + this.#doubtMaxMs;
    const backOff = new BackOff();
    let isInDoubt = false;
    for (;;) {
      try {
        return await insertEvent(this.#database, event);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        isInDoubt ||= error.isUncertain;
        // Another event in its place says for certain that this one is not kept.
        if (!isInDoubt || error.kind === 'rejected') throw error;
        if (performance.now() > untilMs || this.#end.signal.aborted) {
          this.#refusedFrom = event.sequence;
          void this.#takeBackWhenPossible();
          throw error;
        }
      }
      await sleepUnless(this.#end.signal, backOff.nextMs());
    }
  }

  /** Every event on record, oldest first. @throws StoreError for one that cannot be understood. */
  load(): Promise<JournalEvent[]> {
    return loadEvents(this.#database, this.#database.location);
  }

  /** Ends whatever it still tries. */
  close(): void {
    this.#end.abort();
  }

  async #takeBack(): Promise<void> {
    if (this.#refusedFrom === undefined) return;
    await this.#database.query('delete from simulator.events where sequence >= $1', [
      this.#refusedFrom,
    ]);
    this.#refusedFrom = undefined;
  }

  async #takeBackWhenPossible(): Promise<void> {
    const backOff = new BackOff();
    while (this.#refusedFrom !== undefined && !this.#end.signal.aborted) {
      await sleepUnless(this.#end.signal, backOff.nextMs());
      // It stays on the list until it succeeds.
      await this.#takeBack().catch(() => undefined);
    }
  }
}

/**
 * The events on record after one of them, oldest first; all of them, if none is given.
 *
 * @param location - Names the database in errors.
 * @throws StoreError for one that cannot be understood.
 */
export async function loadEvents(
  queries: Queries,
  location: string,
  last?: JournalEvent,
): Promise<JournalEvent[]> {
  const events: JournalEvent[] = [];
  for (;;) {
    const before = events.at(-1) ?? last;
    const rows = await queries.query(
      `select sequence, time_s, kind, body from simulator.events
       where sequence > $1 order by sequence limit ${PAGE_ROWS}`,
      [before?.sequence ?? Number.MIN_SAFE_INTEGER],
    );
    for (const row of rows) events.push(readEvent(row, events.at(-1) ?? last, location));
    if (rows.length < PAGE_ROWS) return events;
  }
}

/** Puts an event on record; once more changes nothing. */
export async function insertEvent(queries: Queries, event: JournalEvent): Promise<void> {
  const { sequence, timeS, kind, ...body } = event as JournalEvent & Partial<Happening>;
  const kept = await queries.query(
    `insert into simulator.events as kept (sequence, time_s, kind, body)
     values ($1, $2, $3, $4::jsonb)
     on conflict (sequence) do update set kind = excluded.kind
       where (kept.time_s, kept.kind, kept.body) = (excluded.time_s, excluded.kind, excluded.body)
     returning sequence`,
    [sequence, timeS, kind, JSON.stringify(body)],
  );
  if (kept.length > 0) return;
  const message = `event ${sequence} of the journal is another one on record`;
  throw new StoreError('rejected', message);
}
