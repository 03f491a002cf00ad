import { errorText } from '../../core/errors.ts';
import { StoreError, type StoreFailure } from '../store-error.ts';

/** SQLSTATEs, or classes of them (the first two characters), by what they mean for the store. */
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

/** The fields of a PostgreSQL error that are used here. */
export interface DatabaseFailure {
  readonly message: string;
  readonly code?: string | undefined;
  readonly severity?: string | undefined;
  readonly detail?: string | undefined;
  readonly constraint?: string | undefined;
}

/**
 * Converts an error of a driver.
 *
 * @param wasSent - Whether the statement may have reached the database.
 */
export function storeError(error: unknown, location: string, wasSent: boolean): StoreError {
  if (error instanceof StoreError) return error;
  const { code, detail, constraint } = (error ?? {}) as Partial<DatabaseFailure>;
  const sqlState = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
  const text = detail ? `${errorText(error)}: ${detail}` : errorText(error);
  const kind = failureOf(text, sqlState);
  // A cancelled statement is rolled back; when a connection breaks, the outcome is unknown.
  const isUncertain = wasSent && kind === 'unreachable' && sqlState !== '57014';
  const message = `${location}: ${text.replaceAll(/\s*\n\s*/g, ' ')}`;
  return new StoreError(kind, message, { cause: error, isUncertain, sqlState, constraint });
}

function failureOf(text: string, sqlState: string | undefined): StoreFailure {
  if (sqlState) return BY_STATE[sqlState] ?? BY_STATE[sqlState.slice(0, 2)] ?? 'rejected';
  // The driver reports it this way if the server wants a password and none is configured.
  return text.startsWith('SASL') ? 'refused' : 'unreachable';
}

/** Converts a file system error of a store in a folder. */
export function folderError(error: unknown, location: string): StoreError {
  if (error instanceof StoreError) return error;
  const isFull = /^(ENOSPC|EDQUOT)$/.test(String((error as NodeJS.ErrnoException)?.code));
  const message = isFull ? 'has no room left on its disk' : 'is not writable';
  return new StoreError(
    isFull ? 'full' : 'unwritable',
    `${location} ${message} (${errorText(error)})`,
    { cause: error },
  );
}
