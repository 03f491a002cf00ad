import type { Socket } from 'node:net';
import pg from 'pg';
import { causeText, PostgresError } from './error.ts';
import { connectInTurn } from './url.ts';

/** A server that does not answer within this is away [ms]. */
const CONNECT_MAX_MS = 10_000;

/**
 * Connects to a server.
 *
 * @param end - Ends the connection at once when it is aborted, one that is being made, too.
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
    // What is malformed may hold the password: its cause is not told.
    if (!client) throw new PostgresError((error as Error).message);
    throw new PostgresError(`${addressOf(client)}: no connection (${causeText(error)})`, error);
  }
}

async function connected(client: pg.Client, end: AbortSignal | undefined): Promise<void> {
  // Whoever uses the connection learns of its errors from the query that fails, and an idle one
  // ends after them.
  client.on('error', () => {});
  end?.addEventListener('abort', () => disconnect(client), { once: true });
  try {
    await client.connect();
  } catch (error) {
    disconnect(client);
    throw error;
  }
}

/** Ends a connection at once; what it has not committed is as if it had never been. */
export function disconnect(client: pg.Client): void {
  socketOf(client).destroy();
}

/** Bytes handed over on a connection. */
export function bytesWritten(client: pg.Client): number {
  return socketOf(client).bytesWritten;
}

/** An error as the user is to see it: with the server that it is about. */
export function explained(error: unknown, client: pg.Client): PostgresError {
  const { detail } = error as { detail?: string };
  const text = detail === undefined ? causeText(error) : `${causeText(error)}: ${detail}`;
  return new PostgresError(`${addressOf(client)}: ${text}`, error);
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
