import { StoreError, type StoreFailure } from '../store-error.ts';

/** SQLSTATEs, and the classes that their first two characters name, by what they mean to us. */
const BY_STATE: Readonly<Record<string, StoreFailure>> = {
  '08': 'unreachable',
  '57P01': 'unreachable',
  '57P02': 'unreachable',
  '57P03': 'unreachable',
  '57P05': 'unreachable',
  '53300': 'unreachable',
  '57014': 'unreachable',
  '28': 'refused',
  '3D000': 'refused',
  '42501': 'refused',
  '25006': 'unwritable',
  '53100': 'full',
  '58030': 'unwritable',
  XX001: 'corrupt',
  XX002: 'corrupt',
};

/** The fields of an error of PostgreSQL that are of use here. */
export interface DatabaseFailure {
  readonly message: string;
  readonly code?: string | undefined;
  readonly severity?: string | undefined;
  readonly detail?: string | undefined;
  readonly constraint?: string | undefined;
}

/**
 * What an error of a driver means to the store.
 *
 * @param wasSent - Whether the statement may have reached the database.
 */
export function storeError(error: unknown, location: string, wasSent: boolean): StoreError {
  if (error instanceof StoreError) return error;
  const { code, detail, constraint } = (error ?? {}) as Partial<DatabaseFailure>;
  const sqlState = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
  const text = detail ? `${causeText(error)}: ${detail}` : causeText(error);
  const kind = failureOf(text, sqlState);
  // A cancelled statement is undone; when a connection breaks, the outcome is unknown.
  const isUncertain = wasSent && kind === 'unreachable' && sqlState !== '57014';
  const message = `${location}: ${text.replaceAll(/\s*\n\s*/g, ' ')}`;
  return new StoreError(kind, message, { cause: error, isUncertain, sqlState, constraint });
}

function failureOf(text: string, sqlState: string | undefined): StoreFailure {
  if (sqlState) return BY_STATE[sqlState] ?? BY_STATE[sqlState.slice(0, 2)] ?? 'rejected';
  // The driver's own words where the server asks for a password and none was given.
  return text.startsWith('SASL') ? 'refused' : 'unreachable';
}

/** What an error says, in a line. */
function causeText(error: unknown): string {
  // Those of several addresses at once have no message of their own.
  if (error instanceof AggregateError && error.errors.length > 0) return causeText(error.errors[0]);
  const { message, code, name } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return message || code || name || String(error);
}

/** What an error of the file system means to a store in a folder. */
export function folderError(error: unknown, location: string): StoreError {
  if (error instanceof StoreError) return error;
  const isFull = /^(ENOSPC|EDQUOT)$/.test(String((error as NodeJS.ErrnoException)?.code));
  const message = isFull ? 'has no room left on its disk' : 'may not be written';
  return new StoreError(
    isFull ? 'full' : 'unwritable',
    `${location} ${message} (${causeText(error)})`,
    { cause: error },
  );
}
