import type { ValueDefect } from '../core/defect.ts';
import { unlessNumber } from './numbers.ts';

/** An instrument of coarse resolution. */
export const coarse: ValueDefect = {
  kind: 'coarse',
  about: 'The value is rounded to the coarse resolution of the instrument.',
  class: 'value',
  keys: {
    by: {
      about: 'The resolution, in the unit of the field.',
      type: { is: 'number', min: 0, max: 1e9, isAbove: true },
    },
  },
  refuses: unlessNumber,
  tell(x, { values }) {
    const by = values['by'] as number;
    return by * Math.floor(x / by + 0.5);
  },
};
