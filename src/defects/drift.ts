import type { ValueDefect } from '../core/defect.ts';
import { inUnit, unlessNumber } from './numbers.ts';

const DAY_S = 86_400;

/** A sensor that slowly departs from the truth. */
export const drift: ValueDefect = {
  kind: 'drift',
  about: 'The value departs from the truth at a constant rate.',
  class: 'value',
  keys: { rate_per_day: inUnit('Change in a day, in the unit of the field.') },
  refuses: unlessNumber,
  tell: (x, { values, ageS }) => x + ((values['rate_per_day'] as number) * ageS) / DAY_S,
};
