import type { WiringDefect } from '../core/defect.ts';
import { phasesOf } from './phases.ts';

/** Current transformers on the wrong phases. */
export const ctSwapped: WiringDefect = {
  kind: 'ct_swapped',
  about: 'Current transformers are on the phases of others.',
  class: 'wiring',
  keys: {
    phases: {
      about:
        'Two phases that are exchanged, or the phases that L1, L2 and L3 measure: ' +
        '[L2, L3, L1] or [L3, L1, L2].',
      type: { is: 'phases', min: 2, max: 3 },
    },
  },
  conflict(values) {
    const phases = phasesOf(values);
    if (phases.length < 3 || phases.every((phase, i) => phase !== i)) return undefined;
    return { key: 'phases', message: 'must be two phases, [L2, L3, L1] or [L3, L1, L2]' };
  },
  wire(wiring, values) {
    const phases = phasesOf(values);
    const [a, b, c] = phases as [number, number, number | undefined];
    const swapped: [number, number, number] = [0, 1, 2];
    if (c === undefined) [swapped[a], swapped[b]] = [b, a];
    wiring.phases = c === undefined ? swapped : [a, b, c];
  },
};
