import { DELAY_MAX_S, type DeliveryDefect } from '../core/defect.ts';
import { share } from './share.ts';

/** Messages that come twice. */
export const duplicate: DeliveryDefect = {
  kind: 'duplicate',
  about: 'Messages are delivered, and once more later.',
  class: 'delivery',
  keys: {
    share: share(1, 'Share of the messages that come twice.'),
    delay: {
      about: 'How much later the second comes [s]; a draw is made for each message.',
      type: { is: 'duration', min: 0, max: DELAY_MAX_S },
      default: 0,
      isEachReading: true,
    },
  },
  deliver(delivery, { values }) {
    const afterMs = 1000 * Math.floor(values['delay'] as number);
    const { repeatedAfterMs: beforeMs } = delivery;
    delivery.repeatedAfterMs = Number.isNaN(beforeMs) ? afterMs : Math.max(beforeMs, afterMs);
  },
};
