import type { JournalEvent } from '../core/journal.ts';
import type { Problem } from '../core/problem.ts';
import type { Log } from '../runtime/log.ts';
import { sleep } from '../runtime/sleep.ts';

/** Time between two attempts at a store that refused an event [ms]. */
const PROBE_EVERY_MS = 10_000;

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

/** How a {@link MonitoredLog} finds out that events can be kept again where no command comes. */
export interface ProbeOptions {
  /** Writes something that changes nothing, where the journal is; rejects as the journal would. */
  readonly probe: () => Promise<void>;
  readonly everyMs?: number;
}

/**
 * A durable log that says when events cannot be kept and when they can again, a line each. While
 * they cannot it tries a write of its own now and then, so that no command is needed only
 * to see whether the disk has room again.
 */
export class MonitoredLog implements DurableLog {
  readonly #kept: DurableLog;
  readonly #log: Log;
  readonly #probe: ProbeOptions | undefined;
  readonly #end = new AbortController();
  #problem: Problem | undefined;
  #isProbing = false;

  constructor(kept: DurableLog, log: Log, probe?: ProbeOptions) {
    this.#kept = kept;
    this.#log = log;
    this.#probe = probe;
  }

  /** Why events are refused, from the first one that was until one can be kept again. */
  get problem(): Problem | undefined {
    return this.#problem;
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
    this.#recover();
  }

  /** Ends whatever it still tries. */
  close(): void {
    this.#end.abort();
  }

  #fail(error: unknown): void {
    const isNew = this.#problem === undefined;
    const cause = error instanceof Error ? error.message : String(error);
    const reason = `commands are refused: ${cause}`;
    this.#problem = { part: 'journal', reason, sinceMs: this.#problem?.sinceMs ?? Date.now() };
    if (!isNew) return;
    const message = 'the journal cannot be written: commands are refused until it can';
    this.#log.warn({ reason: String(error) }, message);
    void this.#tryAgain();
  }

  #recover(): void {
    if (this.#problem) this.#log.info({}, 'the journal is written again');
    this.#problem = undefined;
  }

  async #tryAgain(): Promise<void> {
    if (!this.#probe || this.#isProbing) return;
    const { probe, everyMs = PROBE_EVERY_MS } = this.#probe;
    const { signal } = this.#end;
    this.#isProbing = true;
    while (this.#problem && !signal.aborted) {
      await sleep(everyMs, signal);
      if (signal.aborted || !this.#problem) break;
      const isWritten = await probe().then(
        () => true,
        () => false,
      );
      if (isWritten && !signal.aborted) this.#recover();
    }
    this.#isProbing = false;
  }
}
