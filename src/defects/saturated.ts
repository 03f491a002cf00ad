import type { ValueDefect } from '../core/defect.ts';
import { inUnit, unlessNumber } from './numbers.ts';

/** A sensor at the end of its range. */
export const saturated: ValueDefect = {
  kind: 'saturated',
  about: 'The value ends at the upper end of the range of the instrument.',
  class: 'value',
  keys: { value: inUnit('End of the range, in the unit of the field.') },
  refuses: unlessNumber,
  tell: (x, { values }) => Math.min(x, values['value'] as number),
};
