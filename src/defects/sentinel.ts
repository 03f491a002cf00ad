import type { ValueDefect } from '../core/defect.ts';
import { inUnit, unlessNumber } from './numbers.ts';
import { share } from './share.ts';

/** A value that stands for an error, such as −9999. */
export const sentinel: ValueDefect = {
  kind: 'sentinel',
  about: 'A number that stands for an error, such as −9999, is told as if it were measured.',
  class: 'value',
  keys: {
    value: inUnit('The number that is told.'),
    share: share(1, 'Share of the readings that have it.'),
  },
  fillsGaps: true,
  refuses: unlessNumber,
  tell: (_x, { values }) => values['value'] as number,
};
