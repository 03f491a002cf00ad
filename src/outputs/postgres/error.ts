/** A PostgreSQL server is unreachable or reports an error; the message never has a password. */
export class PostgresError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'PostgresError';
  }
}

/** A machine has no row in the registry, so its readings cannot be stored. */
export class UnknownMachineError extends PostgresError {}

/** A row with the same key exists (PostgreSQL manual, appendix A). */
export const UNIQUE_VIOLATION = '23505';
/** A referenced row does not exist. */
export const FOREIGN_KEY_VIOLATION = '23503';
/** A row violates a constraint of the table: `CHECK`, `NOT NULL`, `EXCLUDE`. */
const ROW_REFUSALS = new Set(['23514', '23502', '23P01']);
/** For example `COPY` into a table with row-level security. */
export const FEATURE_NOT_SUPPORTED = '0A000';

/** The SQLSTATE of a server error, or the code of a system error: `ECONNREFUSED`. */
export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/**
 * Whether the server rejects a row because of its content. A missing partition has the code of a
 * `CHECK`, but no constraint name: it affects all rows until the partition is created.
 */
export function isRowRefusal(error: unknown): boolean {
  const { constraint, column } = (error ?? {}) as { constraint?: unknown; column?: unknown };
  const isNamed = constraint !== undefined || column !== undefined;
  return isNamed && ROW_REFUSALS.has(codeOf(error) ?? '');
}

/** Whether the server reports the error, on a connection that stays usable. */
export function isStatementError(error: unknown): boolean {
  return (error as { severity?: unknown } | null)?.severity === 'ERROR';
}
