import { DELAY_MAX_S, type DeliveryDefect } from '../core/defect.ts';
import { share } from './share.ts';

/** Messages that take long. */
export const late: DeliveryDefect = {
  kind: 'late',
  about: 'Messages are delivered later.',
  class: 'delivery',
  keys: {
    delay: {
      about: 'How much later [s]; a draw is made for each message.',
      type: { is: 'duration', min: 0, max: DELAY_MAX_S },
      isEachReading: true,
    },
    share: share(1, 'Share of the messages that are late.'),
  },
  deliver(delivery, { values }) {
    const delayMs = 1000 * Math.floor(values['delay'] as number);
    delivery.receivedMs = Math.max(delivery.receivedMs, delivery.timeMs + delayMs);
  },
};
