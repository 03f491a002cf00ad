import type { WiringDefect } from '../core/defect.ts';
import { PHASES_KEY, phasesOf } from './phases.ts';

/** Phases that the meter does not see. */
export const phaseLost: WiringDefect = {
  kind: 'phase_lost',
  about: 'The meter does not see some phases: an open transformer, a loose wire.',
  class: 'wiring',
  keys: { phases: PHASES_KEY },
  wire({ gains }, values) {
    for (const phase of phasesOf(values)) gains[phase] = 0;
  },
};
