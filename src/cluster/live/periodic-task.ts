import type { Log } from '../../runtime/log.ts';
import { sleep } from '../../runtime/sleep.ts';
import { StoreError } from '../../store/store-error.ts';

/** What to log when the database becomes unreachable, and when it is back. */
export interface TaskMessages {
  readonly failing: string;
  readonly recovered: string;
}

/** Work that a process repeats while it is part of a cluster. */
export class PeriodicTask {
  readonly #work: () => Promise<void>;
  readonly #everyMs: number;
  readonly #log: Log;
  readonly #messages: TaskMessages;
  #wake = new AbortController();
  #isFailing = false;

  constructor(work: () => Promise<void>, everyMs: number, log: Log, messages: TaskMessages) {
    this.#work = work;
    this.#everyMs = everyMs;
    this.#log = log;
    this.#messages = messages;
  }

  /** Whether the last run succeeded. */
  get isHealthy(): boolean {
    return !this.#isFailing;
  }

  /** Runs the work now instead of at its next turn. */
  wake(): void {
    this.#wake.abort();
  }

  /** Repeats the work until the signal. Rejects on any failure other than that of the database. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.wake());
    while (!signal.aborted) {
      this.#wake = new AbortController();
      try {
        await this.#work();
        if (this.#isFailing) this.#log.info({}, this.#messages.recovered);
        this.#isFailing = false;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (signal.aborted) return;
        if (!this.#isFailing) this.#log.warn({ reason: error.message }, this.#messages.failing);
        this.#isFailing = true;
      }
      await sleep(this.#everyMs, this.#wake.signal);
    }
  }
}
