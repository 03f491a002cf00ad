import type { DeliveryDefect } from '../core/defect.ts';
import { share } from './share.ts';

/** Pairs of messages that overtake each other. */
export const disorder: DeliveryDefect = {
  kind: 'disorder',
  about: 'Of every two messages, the first is delivered right after the second.',
  class: 'delivery',
  keys: { share: share(1, 'Share of the pairs that are exchanged.') },
  deliver(delivery) {
    const { timeMs, intervalMs } = delivery;
    if (Math.round(timeMs / intervalMs) % 2 !== 0) return;
    delivery.receivedMs = Math.max(delivery.receivedMs, timeMs + intervalMs);
  },
};
