import { setTimeout } from 'node:timers/promises';
import type { Problem } from '../../core/problem.ts';
import type { Log } from '../../runtime/log.ts';
import type { DatabaseLimits } from '../database.ts';
import type { StoreError, StoreFailure } from '../store-error.ts';

/** The same reason is logged once in this time, however often it comes and goes [ms]. */
const SAME_REASON_MS = 30_000;

/** Failures that concern all statements; the others concern one alone. */
const AFFECTS_ALL: ReadonlySet<StoreFailure> = new Set([
  'unreachable',
  'full',
  'unwritable',
  'corrupt',
]);
/** SQLSTATE of a statement that was cancelled, as one is that takes too long: that is an answer. */
const CANCELLED = '57014';

/**
 * What keeps a database from its work, and since when. That it is away is disproved by any answer,
 * that it takes no writes by a write alone.
 */
export class DatabaseHealth {
  readonly #log: Log | undefined;
  readonly #loggedMs = new Map<string, number>();
  #away: Problem | undefined;
  #unwritable: Problem | undefined;

  constructor(log: Log | undefined) {
    this.#log = log;
  }

  /** What is wrong now, the latest reason; nothing while it works. */
  get problems(): readonly Problem[] {
    const problem = this.#away ?? this.#unwritable;
    return problem ? [problem] : [];
  }

  /** Takes the failure of a statement into account. */
  failed(error: StoreError): void {
    if (!AFFECTS_ALL.has(error.kind) || error.sqlState === CANCELLED) return;
    if (error.kind === 'unreachable') this.#away = this.#problemOf(error);
    else this.#unwritable = this.#problemOf(error);
  }

  /** Takes into account that no connection can be made. */
  connectionFailed(error: StoreError): void {
    this.#away = this.#problemOf(error);
  }

  /** Takes an answer into account, or that the journal would take an event. */
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
    this.#log?.warn({ reason }, 'the store does not work; trying again until it does');
  }
}

/**
 * A script, and so one transaction, that writes to the table of the journal and leaves nothing
 * there: it works where the journal would take an event. No journal is read from so far back.
 */
export const WRITE_PROBE = `
  insert into simulator.events (sequence, time_s, kind, body)
    values (${Number.MIN_SAFE_INTEGER}, 0, 'stop', '{}');
  delete from simulator.events where sequence = ${Number.MIN_SAFE_INTEGER}`;

/** What a {@link HealthCheck} does. */
export interface HealthChecks {
  /** Takes note of what it finds. */
  check(): Promise<unknown>;
  /** Carries out {@link WRITE_PROBE}. */
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
      // It does not keep the process alive.
      const waitMs = this.#isHealthy ? checkIntervalMs : retryIntervalMs;
      await setTimeout(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      // The driver records the result of each statement.
      await checks.check().catch(() => undefined);
      // A write may have to wait for its turn; checks go on meanwhile.
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
      // The next one may work.
    } finally {
      this.#isWriting = false;
    }
  }
}
