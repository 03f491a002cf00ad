import { setTimeout } from 'node:timers/promises';
import type { Problem } from '../../core/problem.ts';
import type { Log } from '../../runtime/log.ts';
import type { DatabaseLimits } from '../database.ts';
import type { StoreError, StoreFailure } from '../store-error.ts';

/** How long a reason is not logged again, even if it comes and goes [ms]. */
const SAME_REASON_MS = 30_000;

/** Failures that affect all statements; the others affect only one. */
const AFFECTS_ALL: ReadonlySet<StoreFailure> = new Set([
  'unreachable',
  'full',
  'unwritable',
  'corrupt',
]);
/**
 * SQLSTATE of a cancelled statement, for example one that took too long. It proves that the server
 * answers.
 */
const CANCELLED = '57014';

/**
 * A script, and so one transaction, that writes to the journal's table and leaves nothing behind:
 * it succeeds when the journal would accept an event. No reader goes back that far.
 */
export const WRITE_PROBE = `
  insert into simulator.events (sequence, time_s, kind, body)
    values (${Number.MIN_SAFE_INTEGER}, 0, 'stop', '{}');
  delete from simulator.events where sequence = ${Number.MIN_SAFE_INTEGER}`;

/** How a database checks itself. */
export interface HealthChecks {
  /** Checks whether the database is available. */
  check(): Promise<unknown>;
  /** Runs {@link WRITE_PROBE}. */
  write(): Promise<unknown>;
}

/**
 * What is wrong with a database, and since when. Any answer proves that it is reachable; only a
 * successful write proves that it accepts writes. The database is checked regularly, and more
 * often while it has a problem.
 */
export class DatabaseHealth {
  readonly #log: Log | undefined;
  readonly #limits: DatabaseLimits;
  readonly #checks: HealthChecks;
  readonly #loggedMs = new Map<string, number>();
  readonly #end = new AbortController();
  #away: Problem | undefined;
  #unwritable: Problem | undefined;
  #isWriting = false;
  /** Called after the next successful write. */
  readonly #waiting: (() => void)[] = [];

  constructor(log: Log | undefined, limits: DatabaseLimits, checks: HealthChecks) {
    this.#log = log;
    this.#limits = limits;
    this.#checks = checks;
    void this.#run();
  }

  /** The current problem with its latest reason; empty while all is well. */
  get problems(): readonly Problem[] {
    const problem = this.#away ?? this.#unwritable;
    return problem ? [problem] : [];
  }

  /** See {@link Database.whenWritable}. */
  whenWritable(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Records the failure of a statement. */
  failed(error: StoreError): void {
    if (!AFFECTS_ALL.has(error.kind) || error.sqlState === CANCELLED) return;
    if (error.kind === 'unreachable') this.#away = this.#problemOf(error);
    else this.#unwritable = this.#problemOf(error);
  }

  /** Records that no connection can be made. */
  connectionFailed(error: StoreError): void {
    this.#away = this.#problemOf(error);
  }

  /** Records an answer, which does not prove that the journal would accept an event. */
  worked(): void {
    this.#recover(this.#unwritable);
  }

  /** Stops checking. */
  stop(): void {
    this.#end.abort();
  }

  #recover(unwritable: Problem | undefined): void {
    const before = this.problems.length;
    this.#away = undefined;
    this.#unwritable = unwritable;
    if (before > 0 && this.problems.length === 0) this.#log?.info({}, 'the store works again');
  }

  #problemOf({ message: reason }: StoreError): Problem {
    const [before] = this.problems;
    if (before?.reason === reason) return before;
    this.#logOnce(reason);
    return { part: 'store', reason, sinceMs: before?.sinceMs ?? Date.now() };
  }

  #logOnce(reason: string): void {
    const nowMs = performance.now();
    for (const [text, atMs] of this.#loggedMs)
      if (nowMs - atMs >= SAME_REASON_MS) this.#loggedMs.delete(text);
    if (this.#loggedMs.has(reason)) return;
    this.#loggedMs.set(reason, nowMs);
    this.#log?.warn({ reason }, 'the store has a problem; trying again until it is solved');
  }

  async #run(): Promise<void> {
    const { checkIntervalMs, retryIntervalMs } = this.#limits;
    const { signal } = this.#end;
    while (!signal.aborted) {
      // The timer must not keep the process alive.
      const waitMs = this.#isInDoubt ? retryIntervalMs : checkIntervalMs;
      await setTimeout(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      // The driver records the result of each statement.
      await this.#checks.check().catch(() => undefined);
      // A write may wait for its turn; the other checks continue.
      if (this.#isInDoubt && !this.#isWriting) void this.#write();
    }
  }

  /** Whether a write must show that the database accepts writes. */
  get #isInDoubt(): boolean {
    return this.problems.length > 0 || this.#waiting.length > 0;
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      await this.#checks.write();
      this.#recover(undefined);
      for (const settle of this.#waiting.splice(0)) settle();
    } catch {
      // The next attempt may succeed.
    } finally {
      this.#isWriting = false;
    }
  }
}
