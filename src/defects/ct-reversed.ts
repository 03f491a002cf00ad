import type { WiringDefect } from '../core/defect.ts';
import { PHASES_KEY, phasesOf } from './phases.ts';

/** Current transformers that are mounted the wrong way round. */
export const ctReversed: WiringDefect = {
  kind: 'ct_reversed',
  about: 'Current transformers are mounted the wrong way round: their phases count backwards.',
  class: 'wiring',
  keys: { phases: PHASES_KEY },
  wire({ gains }, values) {
    for (const phase of phasesOf(values)) gains[phase] = -(gains[phase] as number);
  },
};
