import pg from 'pg';
import { connectInTurn } from '../outputs/postgres/url.ts';
import { BackOff } from '../runtime/back-off.ts';
import { sleep } from '../runtime/sleep.ts';
import { connectionSettings, endClient } from './drivers/postgres.ts';
import { WAKE_CHANNEL } from './horizon-table.ts';

/**
 * Calls back whenever another process of a cluster has something to tell, until it is told to end.
 * It only saves time: while its connection is lost it says nothing, and comes back by itself.
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
      // The server is away, which whoever asks it for something reports.
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
