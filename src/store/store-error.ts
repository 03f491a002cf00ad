/** Why the store failed to do what it was asked. */
export type StoreFailure =
  /** The database is unreachable: not started, restarting, disconnected, or too slow. */
  | 'unreachable'
  /** It answers, but denies access: password, database name, permission. */
  | 'refused'
  /** Another simulator uses it. */
  | 'locked'
  /** A newer version of the simulator wrote it. */
  | 'newer'
  /** The stored data cannot be read. */
  | 'corrupt'
  /** It is not writable: a read-only folder or server. */
  | 'unwritable'
  /** The disk is full. */
  | 'full'
  /** It understood the statement and rejected it: a constraint, a missing table. */
  | 'rejected'
  /** We closed it. */
  | 'closed';

/** Details of a failure besides its message. */
export interface StoreErrorOptions {
  readonly cause?: unknown;
  readonly isUncertain?: boolean;
  readonly sqlState?: string | undefined;
  readonly constraint?: string | undefined;
}

/**
 * A database that is unreachable, unusable, or rejects a statement. The message is one line that
 * names the database and never contains a password.
 */
export class StoreError extends Error {
  readonly kind: StoreFailure;
  /** The answer was lost, so the request may have been carried out. */
  readonly isUncertain: boolean;
  /** The SQLSTATE, if the database rejected the statement (PostgreSQL manual, appendix A). */
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
