import type { ValueDefect } from '../core/defect.ts';

/** A value that no longer changes while its messages go on. */
export const stuck: ValueDefect = {
  kind: 'stuck',
  about: 'The value stays as it was when the defect began; the time runs on.',
  class: 'value',
  keys: {},
  fillsGaps: true,
  isHolding: true,
  refuses: ({ name }) =>
    /^production_count_/.test(name)
      ? 'acts on production_count, which takes good and bad units along'
      : undefined,
  tell: (_x, { heldValue }) => heldValue,
};
