import type { DeliveryDefect } from '../core/defect.ts';
import { share } from './share.ts';

/** Messages that are lost. */
export const gap: DeliveryDefect = {
  kind: 'gap',
  about: 'Messages are lost.',
  class: 'delivery',
  keys: { share: share(1, 'Share of the messages that are lost.') },
  deliver(delivery) {
    delivery.receivedMs = Number.POSITIVE_INFINITY;
  },
};
