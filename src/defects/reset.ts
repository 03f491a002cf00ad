import type { RegisterDefect } from '../core/defect.ts';

/** A register that was set to zero. */
export const reset: RegisterDefect = {
  kind: 'reset',
  about: 'The register is set to zero and counts on from there.',
  class: 'register',
  keys: {},
  isInstant: true,
  show: (mwh, atBeginMwh) => mwh - atBeginMwh,
};
