import type { ValueDefect } from '../core/defect.ts';
import { inUnit, unlessNumber } from './numbers.ts';

/** A noisy sensor. */
export const noise: ValueDefect = {
  kind: 'noise',
  about: 'The value has additional white noise, bounded by 4.88 standard deviations.',
  class: 'value',
  keys: { by: inUnit('Standard deviation of the noise, in the unit of the field.', 0) },
  isGrowing: true,
  refuses: unlessNumber,
  tell: (x, { values, growth, noise: n }) => x + growth * (values['by'] as number) * n,
};
