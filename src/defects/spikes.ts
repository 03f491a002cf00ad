import type { ValueDefect } from '../core/defect.ts';
import { unlessNumber } from './numbers.ts';
import { share } from './share.ts';

/** Single values that are far off. */
export const spikes: ValueDefect = {
  kind: 'spikes',
  about: 'Single values are multiplied.',
  class: 'value',
  keys: {
    by: { about: 'The factor.', type: { is: 'number', min: -1e6, max: 1e6 }, default: 10 },
    share: share(0.001, 'Share of the readings with a spike.'),
  },
  refuses: unlessNumber,
  tell: (x, { values }) => x * (values['by'] as number),
};
