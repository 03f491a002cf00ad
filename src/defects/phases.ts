import type { DefectKey, DefectValues } from '../core/defect.ts';

/** The names of the three phases; a wiring defect names those that it concerns. */
export const PHASES = ['L1', 'L2', 'L3'] as const;

/** The key of wiring defects that concern some phases. */
export const PHASES_KEY: DefectKey = {
  about: 'The phases that are concerned.',
  type: { is: 'phases', min: 1, max: 3 },
};

/** The phases that a defect names, as indexes. */
export function phasesOf(values: DefectValues): number[] {
  const names = values['phases'] as readonly (typeof PHASES)[number][];
  return names.map((name) => PHASES.indexOf(name));
}
