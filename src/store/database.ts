import type { Problem } from '../core/problem.ts';

/** A parameter of a statement. Pass JSON as text: `$1::jsonb`. */
export type Parameter = string | number | boolean | null | readonly string[];

/**
 * Runs SQL. Numbers are returned as numbers, except `numeric`, which is text; instants as `Date`,
 * JSON parsed, `bigint` as a number: none of ours exceeds 2⁵³.
 */
export interface Queries {
  /** Runs one statement and returns its rows. */
  query<Row = Record<string, unknown>>(
    sql: string,
    parameters?: readonly Parameter[],
  ): Promise<readonly Row[]>;
  /** Runs several statements without parameters, one after the other. */
  script(sql: string): Promise<void>;
}

/**
 * A PostgreSQL database, either embedded in the process or on a server. Both accept the same SQL.
 * Every failure is a {@link StoreError}.
 */
export interface Database extends Queries {
  /** A readable name of the database: a folder, or host, port and name. */
  readonly location: string;
  readonly isEmbedded: boolean;
  /** Whether the last statement got an answer. */
  readonly isConnected: boolean;
  /**
   * What is wrong, and since when: the database is unreachable, its folder is gone or was
   * replaced, or it rejects writes. Empty while all is well. The database checks itself, so
   * problems clear by themselves.
   */
  readonly problems: readonly Problem[];
  /**
   * Settles once the database has proved by a write that the journal would accept an event. It
   * tries regularly until it does, even if it has no other reason to doubt that.
   */
  whenWritable(): Promise<void>;
  /**
   * Runs one statement and returns its rows.
   *
   * @param timeoutMs - How long a server may take; the usual limit by default. The embedded
   *   database always has the usual limit, because it has no other connection to try.
   */
  query<Row = Record<string, unknown>>(
    sql: string,
    parameters?: readonly Parameter[],
    timeoutMs?: number,
  ): Promise<readonly Row[]>;
  /**
   * Runs some work as a transaction. The work must use the queries it is given and no others: the
   * embedded database would wait for itself.
   *
   * @param timeoutMs - Limit for each statement; the usual one by default. Work with its own limit
   *   counts as long: it uses separate connections, so that short work does not wait for it.
   */
  transaction<T>(work: (queries: Queries) => Promise<T>, timeoutMs?: number): Promise<T>;
  close(): Promise<void>;
}

/** When a statement fails for taking too long [ms]; ours take milliseconds. */
export const STATEMENT_MAX_MS = 30_000;

/** How often a database is checked or reopened, and how long a check may take. */
export interface DatabaseLimits {
  /** Time between two checks of a healthy database [ms]. */
  readonly checkIntervalMs: number;
  /** Time between two checks of an unhealthy one [ms]. */
  readonly retryIntervalMs: number;
  /** A check that takes longer has failed [ms]. */
  readonly checkTimeoutMs: number;
  /**
   * How long the embedded database waits before it opens again after a failure [ms], so that a full
   * disk does not keep the processor busy.
   */
  readonly reopenAfterMs: number;
}

/** The default limits. */
export const DATABASE_LIMITS: DatabaseLimits = {
  checkIntervalMs: 5000,
  retryIntervalMs: 2000,
  checkTimeoutMs: 5000,
  reopenAfterMs: 1000,
};
