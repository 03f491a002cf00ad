import type { Aedes } from 'aedes';

/** Messages that may wait for one persistent session, some 30 MB; newer ones are left out. */
const WAITING_MAX = 100_000;
/** Messages that may wait for all of them. */
const WAITING_TOTAL_MAX = 500_000;

interface Subscription {
  readonly clientId: string;
}

/** What is needed of aedes' persistence, which its types leave out. */
interface Persistence {
  outgoingEnqueueCombi(subscriptions: Subscription[], packet: unknown): Promise<void>;
  outgoingClearMessageId(client: { readonly id: string }, packet: unknown): Promise<unknown>;
}

/**
 * Bounds what waits for persistent sessions whose client is away or slow: aedes would keep it all,
 * for ever.
 */
export function limitSessionQueues(broker: Aedes): void {
  const { persistence } = broker as unknown as { persistence: Persistence };
  const enqueue = persistence.outgoingEnqueueCombi.bind(persistence);
  const clear = persistence.outgoingClearMessageId.bind(persistence);
  const waiting = new Map<string, number>();
  let total = 0;

  persistence.outgoingEnqueueCombi = (subscriptions, packet) => {
    if (subscriptions.length === 0) return enqueue(subscriptions, packet);
    const taken = subscriptions.filter(({ clientId }) => {
      const count = waiting.get(clientId) ?? 0;
      if (count >= WAITING_MAX || total >= WAITING_TOTAL_MAX) return false;
      waiting.set(clientId, count + 1);
      total++;
      return true;
    });
    return enqueue(taken, packet);
  };

  persistence.outgoingClearMessageId = async (client, packet) => {
    const cleared = await clear(client, packet);
    if (cleared !== undefined) {
      waiting.set(client.id, (waiting.get(client.id) ?? 1) - 1);
      total--;
    }
    return cleared;
  };
}
