import type { ValueDefect } from '../core/defect.ts';
import { share } from './share.ts';

/** A field that is null. */
export const missing: ValueDefect = {
  kind: 'missing',
  about: 'The field is null.',
  class: 'value',
  keys: { share: share(1, 'Share of the readings without a value.') },
  refuses: ({ kind, name }) =>
    kind === 'count' || kind === 'mode' || name === 'power_kw' || name === 'energy_kwh'
      ? `does not act on ${name}, which is never null; gap loses whole messages`
      : undefined,
  tell: () => Number.NaN,
};
