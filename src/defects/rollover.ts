import type { RegisterDefect } from '../core/defect.ts';

const MWH_PER_KWH = 1e6;

/** A register that starts again from zero. */
export const rollover: RegisterDefect = {
  kind: 'rollover',
  about: 'The register has so few digits that it starts again from zero.',
  class: 'register',
  keys: {
    modulus: {
      about: 'The energy at which it starts again [kWh].',
      type: { is: 'number', min: 0, max: 9e9, isAbove: true },
    },
  },
  show: (mwh, _begin, values) => mwh % Math.round(MWH_PER_KWH * (values['modulus'] as number)),
};
