import { DELAY_MAX_S, type DeliveryDefect } from '../core/defect.ts';

/** A gateway that keeps its messages while it is offline. */
export const outage: DeliveryDefect = {
  kind: 'outage',
  about: 'Messages are kept, and delivered in a burst at the end, oldest first.',
  class: 'delivery',
  keys: {},
  durationMaxS: DELAY_MAX_S,
  deliver(delivery, { endS }) {
    delivery.receivedMs = Math.max(delivery.receivedMs, 1000 * endS);
  },
};
