import type { JournalEvent } from '../core/journal.ts';
import type { Problem } from '../core/problem.ts';
import type { Log } from '../runtime/log.ts';
import { sleep } from '../runtime/sleep.ts';

/** Interval between two attempts at a store that has refused an event [ms]. */
const PROBE_EVERY_MS = 10_000;

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

/** How a {@link MonitoredLog} detects that events can be stored again without a command. */
export interface ProbeOptions {
  /** Writes to the journal's storage without changing anything; rejects as the journal would. */
  readonly probe: () => Promise<void>;
  readonly everyMs?: number;
}

/**
 * A durable log that logs one line when events cannot be stored, and one when they can again.
 * While they cannot, it tries a write from time to time, so that no command is needed to find out
 * whether the disk has space again.
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

  /** Why events are refused, from the first refusal until an event can be stored again. */
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

  /** Stops all pending attempts. */
  close(): void {
    this.#end.abort();
  }

  #fail(error: unknown): void {
    const isNew = this.#problem === undefined;
    const cause = error instanceof Error ? error.message : String(error);
    const reason = `commands are refused: ${cause}`;
    this.#problem = { part: 'journal', reason, sinceMs: this.#problem?.sinceMs ?? Date.now() };
    if (!isNew) return;
    const message = 'the journal cannot be written; commands are refused until it can';
    this.#log.warn({ reason: String(error) }, message);
    void this.#tryAgain();
  }

  #recover(): void {
    if (this.#problem) this.#log.info({}, 'the journal can be written again');
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
