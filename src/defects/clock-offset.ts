import { DELAY_MAX_S, type TimeDefect } from '../core/defect.ts';

/** A clock that is wrong by a constant. */
export const clockOffset: TimeDefect = {
  kind: 'clock_offset',
  about: 'The clock is wrong by a constant.',
  class: 'time',
  keys: {
    by: {
      about: 'How far the clock is ahead [s]; negative if it is behind.',
      type: { is: 'number', min: -DELAY_MAX_S, max: DELAY_MAX_S, isWhole: true },
    },
  },
  aheadS: (_tS, { values }) => values['by'] as number,
};
