import type { RegisterDefect } from '../core/defect.ts';

const MWH_PER_KWH = 1e6;

/** A meter that was replaced. */
export const exchange: RegisterDefect = {
  kind: 'exchange',
  about: 'The meter is replaced by another one, whose register counts on from its own value.',
  class: 'register',
  keys: {
    value: {
      about: 'What the new meter shows at first [kWh].',
      type: { is: 'number', min: 0, max: 9e9 },
      default: 0,
    },
  },
  isInstant: true,
  show: (mwh, atBeginMwh, values) =>
    Math.round(MWH_PER_KWH * (values['value'] as number)) + mwh - atBeginMwh,
};
