import type { ValueDefect } from '../core/defect.ts';
import { inUnit, unlessNumber } from './numbers.ts';

/** A sensor that is off by a constant. */
export const offset: ValueDefect = {
  kind: 'offset',
  about: 'The value is off by a constant.',
  class: 'value',
  keys: { by: inUnit('What is added, in the unit of the field.') },
  isGrowing: true,
  refuses: unlessNumber,
  tell: (x, { values, growth }) => x + growth * (values['by'] as number),
};
