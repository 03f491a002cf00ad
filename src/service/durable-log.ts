import type { JournalEvent } from '../core/journal.ts';
import type { Log } from '../delivery/log.ts';

/** Where journal events are kept before they take effect, so that a restart finds them again. */
export interface DurableLog {
  /**
   * Settles when an event would be taken at once, for a log that may have to be waited for; rejects
   * if that takes too long [ms].
   */
  ready?(withinMs: number): Promise<void>;
  /**
   * Settles when the event would survive the end of the process; rejects if it is not kept, or if
   * that takes too long [ms].
   */
  keep(event: JournalEvent, withinMs?: number): Promise<void>;
}

/** Keeps events for as long as the process lives: the log of a simulator without a store. */
export class MemoryLog implements DurableLog {
  readonly kept: JournalEvent[] = [];

  async keep(event: JournalEvent): Promise<void> {
    this.kept.push(event);
  }
}

/** A durable log that says when events cannot be kept and when they can again, a line each. */
export class LoggedLog implements DurableLog {
  readonly #kept: DurableLog;
  readonly #log: Log;
  #isFailing = false;

  constructor(kept: DurableLog, log: Log) {
    this.#kept = kept;
    this.#log = log;
  }

  async ready(withinMs: number): Promise<void> {
    try {
      await this.#kept.ready?.(withinMs);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  async keep(event: JournalEvent, withinMs?: number): Promise<void> {
    try {
      await this.#kept.keep(event, withinMs);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
    if (this.#isFailing) this.#log.info({}, 'the journal is written again');
    this.#isFailing = false;
  }

  #fail(error: unknown): void {
    const message = 'the journal cannot be written: commands are refused until it can';
    if (!this.#isFailing) this.#log.warn({ reason: String(error) }, message);
    this.#isFailing = true;
  }
}
