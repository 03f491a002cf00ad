import type { TimeDefect } from '../core/defect.ts';

/** A clock that runs too fast or too slowly, until somebody sets it. */
export const clockDrift: TimeDefect = {
  kind: 'clock_drift',
  about: 'The clock runs too fast or too slowly, and is set right at the end.',
  class: 'time',
  keys: {
    by: {
      about: 'How much too fast, in millionths (ppm); negative if too slow.',
      type: { is: 'number', min: -1000, max: 1000 },
    },
  },
  aheadS: (tS, { values, ageS }) =>
    Math.floor(tS + 1e-6 * (values['by'] as number) * ageS + 0.5) - tS,
};
