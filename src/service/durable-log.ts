import type { JournalEvent } from '../core/journal.ts';
import type { Log } from '../delivery/log.ts';

/** Where journal events are kept before they take effect, so that a restart finds them again. */
export interface DurableLog {
  /** Settles when the event would survive the end of the process; rejects if it is not kept. */
  keep(event: JournalEvent): Promise<void>;
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

  async keep(event: JournalEvent): Promise<void> {
    try {
      await this.#kept.keep(event);
    } catch (error) {
      const message = 'the journal cannot be written: commands are refused until it can';
      if (!this.#isFailing) this.#log.warn({ reason: String(error) }, message);
      this.#isFailing = true;
      throw error;
    }
    if (this.#isFailing) this.#log.info({}, 'the journal is written again');
    this.#isFailing = false;
  }
}
