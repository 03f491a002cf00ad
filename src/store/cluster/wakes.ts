import pg from 'pg';
import { connectInTurn } from '../../outputs/postgres/url.ts';
import { BackOff } from '../../runtime/back-off.ts';
import { sleep } from '../../runtime/sleep.ts';
import type { Queries } from '../database.ts';
import { connectionSettings, endClient } from '../drivers/postgres.ts';

/**
 * The channel on which the processes of a cluster wake each other. They also poll, but less often.
 */
const WAKE_CHANNEL = 'simulator';

/** Wakes every process of a cluster once the transaction is committed. */
export async function wakeAll(queries: Queries): Promise<void> {
  await queries.query('select pg_notify($1, $2)', [WAKE_CHANNEL, '']);
}

/**
 * Calls back whenever a process of the cluster calls {@link wakeAll}, until the signal. It only
 * saves time: calls are missed while its connection is lost, and it reconnects by itself.
 */
export async function listenToWakes(
  server: pg.ClientConfig,
  onWake: () => void,
  signal: AbortSignal,
): Promise<void> {
  const backOff = new BackOff();
  while (!signal.aborted) {
    let client: pg.Client | undefined;
    try {
      client = await connectInTurn(server, connected);
      const made = client;
      const lost = new Promise<void>((resolve) => {
        made.on('error', () => resolve());
        made.on('end', () => resolve());
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      client.on('notification', onWake);
      await client.query(`listen ${WAKE_CHANNEL}`);
      backOff.works();
      onWake();
      await lost;
      backOff.works();
    } catch {
      // The server is unreachable, which its other users report.
    }
    if (client) await endClient(client);
    if (!signal.aborted) await sleep(backOff.nextMs(), signal);
  }
}

async function connected(settings: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(connectionSettings(settings));
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    await endClient(client);
    throw error;
  }
}
