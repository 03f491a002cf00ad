import type { JournalEvent } from '../core/journal.ts';
import type { Problem } from '../core/problem.ts';
import type { Log } from '../runtime/log.ts';
import type { Database } from '../store/database.ts';

/** Storage for journal events before they take effect, so that a restart finds them. */
export interface DurableLog {
  /**
   * Settles when an event would be accepted at once; rejects if that takes longer than `withinMs`.
   * Only logs that may be temporarily unavailable have it.
   */
  ready?(withinMs: number): Promise<void>;
  /**
   * Settles when the event is durable; rejects if it is not stored, or if that takes longer than
   * `withinMs`.
   */
  keep(event: JournalEvent, withinMs?: number): Promise<void>;
}

/** Keeps events in memory only: the log of a simulator without a store. */
export class MemoryLog implements DurableLog {
  readonly kept: JournalEvent[] = [];

  async keep(event: JournalEvent): Promise<void> {
    this.kept.push(event);
  }
}

/** A durable log that logs one line when events cannot be stored, and one when they can again. */
export class MonitoredLog implements DurableLog {
  readonly #kept: DurableLog;
  readonly #log: Log;
  readonly #database: Pick<Database, 'whenWritable'> | undefined;
  #problem: Problem | undefined;

  /** @param database - Where events are stored; it shows when it accepts them again. */
  constructor(kept: DurableLog, log: Log, database?: Pick<Database, 'whenWritable'>) {
    this.#kept = kept;
    this.#log = log;
    this.#database = database;
  }

  /** Why events are refused, from the first refusal until an event can be stored again. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  async ready(withinMs: number): Promise<void> {
    await this.#watch(this.#kept.ready?.(withinMs));
  }

  async keep(event: JournalEvent, withinMs?: number): Promise<void> {
    await this.#watch(this.#kept.keep(event, withinMs));
    this.#recover();
  }

  async #watch(work: Promise<void> | undefined): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  #fail(error: unknown): void {
    const isNew = this.#problem === undefined;
    const cause = error instanceof Error ? error.message : String(error);
    const reason = `commands are refused: ${cause}`;
    this.#problem = { part: 'journal', reason, sinceMs: this.#problem?.sinceMs ?? Date.now() };
    if (!isNew) return;
    const message = 'the journal cannot be written; commands are refused until it can';
    this.#log.warn({ reason: String(error) }, message);
    // No command is needed to find out whether the disk has space again.
    void this.#database?.whenWritable().then(() => this.#recover());
  }

  #recover(): void {
    if (this.#problem) this.#log.info({}, 'the journal can be written again');
    this.#problem = undefined;
  }
}
