import type { WiringDefect } from '../core/defect.ts';
import { PHASES, PHASES_KEY, phasesOf } from './phases.ts';

/** A meter that is set to another transformer ratio than the one that is mounted. */
export const ctRatio: WiringDefect = {
  kind: 'ct_ratio',
  about:
    'The meter is set to another ratio than its transformers have: 100/5 with 200/5 tells half.',
  class: 'wiring',
  keys: {
    by: {
      about: 'The told current, relative to the true one.',
      type: { is: 'number', min: 0, max: 1000, isAbove: true },
    },
    phases: { ...PHASES_KEY, default: PHASES },
  },
  wire({ gains }, values) {
    for (const phase of phasesOf(values))
      gains[phase] = (values['by'] as number) * (gains[phase] as number);
  },
};
