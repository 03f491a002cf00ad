import type { Log } from '../../runtime/log.ts';
import { sleep } from '../../runtime/sleep.ts';
import { StoreError } from '../../store/store-error.ts';

/** What the log says where the database is away, and when it is back. */
export interface TaskMessages {
  readonly failing: string;
  readonly recovered: string;
}

/** What is done again and again for as long as a process is part of a cluster. */
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

  /** Whether it was done the last time. */
  get isHealthy(): boolean {
    return !this.#isFailing;
  }

  /** Has it done now rather than when it is due. */
  wake(): void {
    this.#wake.abort();
  }

  /** Does it until it is told to end; rejects where it fails otherwise than for the database. */
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
