import type { Problem } from '../core/problem.ts';

/** A value of a statement. JSON is given as text: `$1::jsonb`. */
export type Parameter = string | number | boolean | null | readonly string[];

/**
 * Where statements go. Numbers come as numbers but for `numeric`, which comes as text; instants as
 * `Date`, JSON as what it says, `bigint` as a number: none of ours is beyond 2⁵³.
 */
export interface Queries {
  /** Carries out one statement and gives back its rows. */
  query<Row = Record<string, unknown>>(
    sql: string,
    parameters?: readonly Parameter[],
  ): Promise<readonly Row[]>;
  /** Carries out statements without parameters, one after the other. */
  script(sql: string): Promise<void>;
}

/**
 * A PostgreSQL database: embedded in the process, or a server. Both take the same SQL. Every
 * failure is a {@link StoreError}.
 */
export interface Database extends Queries {
  /** Names the database for people: a folder, or host, port and name. */
  readonly location: string;
  readonly isEmbedded: boolean;
  /** Whether it answered when it was last asked. */
  readonly isConnected: boolean;
  /**
   * What keeps it from its work, and since when: it is away, its folder is gone or another one, or
   * it takes no writes. Nothing while it works. It looks by itself, so problems end by themselves.
   */
  readonly problems: readonly Problem[];
  /**
   * Carries out one statement and gives back its rows.
   *
   * @param timeoutMs - A server has to answer within this; as always, if not given. The embedded
   *   database has the usual time: there is no other connection to try.
   */
  query<Row = Record<string, unknown>>(
    sql: string,
    parameters?: readonly Parameter[],
    timeoutMs?: number,
  ): Promise<readonly Row[]>;
  /**
   * Carries out all of some work or nothing of it. The work uses the queries that it is given, and
   * no others: the embedded database would wait for itself.
   *
   * @param timeoutMs - Limit for each statement; the usual one, if not given. Work with a limit of
   *   its own is long: it has other connections, so that nothing short waits for it.
   */
  transaction<T>(work: (queries: Queries) => Promise<T>, timeoutMs?: number): Promise<T>;
  close(): Promise<void>;
}

/** A statement that takes longer has failed [ms]; ours take milliseconds. */
export const STATEMENT_MAX_MS = 30_000;

/** How often a database is checked, and how long a check may take. */
export interface DatabaseLimits {
  /** Time between two checks of a database that works [ms]. */
  readonly checkIntervalMs: number;
  /** Time between two attempts at one that does not [ms]. */
  readonly retryIntervalMs: number;
  /** A check that takes longer has failed [ms]. */
  readonly checkTimeoutMs: number;
}

/** What holds if nothing else is asked for. */
export const DATABASE_LIMITS: DatabaseLimits = {
  checkIntervalMs: 5000,
  retryIntervalMs: 2000,
  checkTimeoutMs: 5000,
};
