import pg from 'pg';
import { BackOff } from '../sinks/back-off.ts';
import { sleepUnless } from '../sinks/waiting.ts';
import { connectionSettings } from './homes/server.ts';
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
    const client = new pg.Client(connectionSettings(server));
    const lost = new Promise<void>((resolve) => {
      client.on('error', () => resolve());
      client.on('end', () => resolve());
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    try {
      await client.connect();
      client.on('notification', onWake);
      await client.query(`listen ${WAKE_CHANNEL}`);
      backOff.works();
      onWake();
      await lost;
      backOff.works();
    } catch {
      // The server is away, which whoever asks it for something reports.
    }
    await client.end().catch(() => undefined);
    if (!signal.aborted) await sleepUnless(signal, backOff.nextMs());
  }
}
