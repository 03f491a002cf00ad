/** A PostgreSQL server that is away, or that says no. Its message never holds a password. */
export class PostgresError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'PostgresError';
  }
}

/** A machine that has no row in the registry, so that its readings cannot be stored. */
export class UnknownMachineError extends PostgresError {}

/** A row with the same key is there (PostgreSQL manual, appendix A). */
export const UNIQUE_VIOLATION = '23505';
/** The row that a row belongs to is not there. */
export const FOREIGN_KEY_VIOLATION = '23503';
/** A row that a table's own rules reject: `CHECK`, `NOT NULL`, `EXCLUDE`. */
const ROW_REFUSALS = new Set(['23514', '23502', '23P01']);
/** Such as `COPY` into a table whose rows are protected by policies. */
export const FEATURE_NOT_SUPPORTED = '0A000';

/** The SQLSTATE of an error of the server, or the name of one of the system: `ECONNREFUSED`. */
export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/**
 * Whether the server rejects a row for what it says. A partition that is missing has the code of a
 * `CHECK`, but names no constraint: it concerns all rows, until somebody makes one.
 */
export function isRowRefusal(error: unknown): boolean {
  const { constraint, column } = (error ?? {}) as { constraint?: unknown; column?: unknown };
  const isNamed = constraint !== undefined || column !== undefined;
  return isNamed && ROW_REFUSALS.has(codeOf(error) ?? '');
}

/** Whether it is the server that says no, on a connection that goes on. */
export function isStatementError(error: unknown): boolean {
  return (error as { severity?: unknown } | null)?.severity === 'ERROR';
}

/** What an error of the network, the driver or the server says. */
export function causeText(error: unknown): string {
  // Those of several addresses at once have no message of their own.
  if (error instanceof AggregateError && error.errors.length > 0) return causeText(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message || (codeOf(error) ?? error.name);
}
