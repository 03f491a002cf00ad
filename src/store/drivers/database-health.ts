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
 * What is wrong with a database, and since when. Any answer proves that it is reachable; only a
 * successful write proves that it accepts writes.
 */
export class DatabaseHealth {
  readonly #log: Log | undefined;
  readonly #loggedMs = new Map<string, number>();
  #away: Problem | undefined;
  #unwritable: Problem | undefined;

  constructor(log: Log | undefined) {
    this.#log = log;
  }

  /** The current problem with its latest reason; empty while all is well. */
  get problems(): readonly Problem[] {
    const problem = this.#away ?? this.#unwritable;
    return problem ? [problem] : [];
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

  /** Records an answer. @param isProven - Whether the journal would accept an event. */
  worked(isProven: boolean): void {
    const before = this.problems.length;
    this.#away = undefined;
    if (isProven) this.#unwritable = undefined;
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
}

/**
 * A script, and so one transaction, that writes to the journal's table and leaves nothing behind:
 * it succeeds when the journal would accept an event. No reader goes back that far.
 */
export const WRITE_PROBE = `
  insert into simulator.events (sequence, time_s, kind, body)
    values (${Number.MIN_SAFE_INTEGER}, 0, 'stop', '{}');
  delete from simulator.events where sequence = ${Number.MIN_SAFE_INTEGER}`;

/** The checks of a {@link HealthCheck}. */
export interface HealthChecks {
  /** Checks whether the database is available. */
  check(): Promise<unknown>;
  /** Runs {@link WRITE_PROBE}. */
  write(): Promise<unknown>;
}

/** Checks a database regularly, and more often while it has a problem. */
export class HealthCheck {
  readonly #end = new AbortController();
  readonly #health: DatabaseHealth;
  #isWriting = false;

  constructor(health: DatabaseHealth, limits: DatabaseLimits, checks: HealthChecks) {
    this.#health = health;
    void this.#run(limits, checks);
  }

  stop(): void {
    this.#end.abort();
  }

  async #run(
    { checkIntervalMs, retryIntervalMs }: DatabaseLimits,
    checks: HealthChecks,
  ): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      // The timer must not keep the process alive.
      const waitMs = this.#isHealthy ? checkIntervalMs : retryIntervalMs;
      await setTimeout(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      // The driver records the result of each statement.
      await checks.check().catch(() => undefined);
      // A write may wait for its turn; the other checks continue.
      if (!this.#isHealthy && !this.#isWriting) void this.#write(checks);
    }
  }

  get #isHealthy(): boolean {
    return this.#health.problems.length === 0;
  }

  async #write(checks: HealthChecks): Promise<void> {
    this.#isWriting = true;
    try {
      await checks.write();
      this.#health.worked(true);
    } catch {
      // The next attempt may succeed.
    } finally {
      this.#isWriting = false;
    }
  }
}
