import type { Socket } from 'node:net';
import pg from 'pg';
import { errorText } from '../../core/errors.ts';
import { PostgresError } from './error.ts';
import { connectInTurn, settingsOf } from './url.ts';

/** A server that does not respond within this time is considered away [ms]. */
const CONNECT_MAX_MS = 10_000;

/**
 * Connects to a server.
 *
 * @param end - Closes the connection at once when aborted, even while it is being opened.
 * @throws PostgresError that says which server it is, and never a password.
 */
export async function connect(server: pg.ClientConfig, end?: AbortSignal): Promise<pg.Client> {
  let client: pg.Client | undefined;
  try {
    return await connectInTurn(server, async (settings) => {
      client = newClient(settings);
      await connected(client, end);
      return client;
    });
  } catch (error) {
    // A malformed URL may contain the password, so its cause is not reported.
    if (!client) throw new PostgresError((error as Error).message);
    throw new PostgresError(`${addressOf(client)}: no connection (${errorText(error)})`, error);
  }
}

async function connected(client: pg.Client, end: AbortSignal | undefined): Promise<void> {
  // The failing query reports the error of a connection, and an idle connection emits `end` after
  // it.
  client.on('error', () => {});
  end?.addEventListener('abort', () => disconnect(client), { once: true });
  try {
    await client.connect();
  } catch (error) {
    disconnect(client);
    throw error;
  }
}

/** Closes a connection at once; everything uncommitted is rolled back. */
export function disconnect(client: pg.Client): void {
  socketOf(client).destroy();
}

/** Bytes written to a connection. */
export function bytesWritten(client: pg.Client): number {
  return socketOf(client).bytesWritten;
}

/** An error for the user, with the address of its server. */
export function explained(error: unknown, client: pg.Client): PostgresError {
  const { detail } = error as { detail?: string };
  const text = detail === undefined ? errorText(error) : `${errorText(error)}: ${detail}`;
  return new PostgresError(`${addressOf(client)}: ${text}`, error);
}

/** The address of a server, without secrets. @throws Error for an unusable URL. */
export function serverAddress(server: pg.ClientConfig): string {
  return addressOf(new pg.Client(settingsOf(server)));
}

function newClient(settings: pg.ClientConfig): pg.Client {
  return new pg.Client({
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: CONNECT_MAX_MS,
    application_name: 'enms-simulator',
    ...settings,
  });
}

/** The driver's own connection, which its types leave out. */
function socketOf(client: pg.Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}

function addressOf({ host, port, database }: pg.Client): string {
  return `${host}:${port}/${database ?? ''}`;
}
