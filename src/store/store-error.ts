/** Why the store did not do what was asked of it. */
export type StoreFailure =
  /** The database is away: not started, restarting, cut off, or too slow. */
  | 'unreachable'
  /** It answers, but does not let us in: password, database name, permission. */
  | 'refused'
  /** Another simulator uses it. */
  | 'locked'
  /** A newer version of the simulator wrote it. */
  | 'newer'
  /** What is stored cannot be read. */
  | 'corrupt'
  /** It may not be written: a read-only folder or server. */
  | 'unwritable'
  /** There is no room left. */
  | 'full'
  /** It understood the statement and said no: a constraint, a missing table. */
  | 'rejected'
  /** It was closed by us. */
  | 'closed';

/** What is known of a failure beside its message. */
export interface StoreErrorOptions {
  readonly cause?: unknown;
  readonly isUncertain?: boolean;
  readonly sqlState?: string | undefined;
  readonly constraint?: string | undefined;
}

/**
 * A database that is away, that cannot be used or that says no. Its message is one line that names
 * the database and never holds a password.
 */
export class StoreError extends Error {
  readonly kind: StoreFailure;
  /** The answer was lost: what was asked for may have been done all the same. */
  readonly isUncertain: boolean;
  /** The SQLSTATE, where it was the database that said no (PostgreSQL manual, appendix A). */
  readonly sqlState: string | undefined;
  /** Name of the constraint that was violated. */
  readonly constraint: string | undefined;

  constructor(kind: StoreFailure, message: string, options: StoreErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StoreError';
    this.kind = kind;
    this.isUncertain = options.isUncertain ?? false;
    this.sqlState = options.sqlState;
    this.constraint = options.constraint;
  }
}
