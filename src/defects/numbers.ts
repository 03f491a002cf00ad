import type { DefectKey } from '../core/defect.ts';
import type { Field } from '../core/field.ts';

/** Larger numbers have no meaning in any unit of a field. */
const LARGEST = 1e9;

/** The key of a number in the unit of the field. */
export function inUnit(about: string, min = -LARGEST): DefectKey {
  return { about, type: { is: 'number', min, max: LARGEST } };
}

/** Why a defect of numbers cannot act on a field. */
export function unlessNumber({ kind, name }: Field): string | undefined {
  if (kind === 'number') return undefined;
  if (kind === 'count') return `does not act on counts such as ${name}`;
  return `does not act on ${name}, which is a name`;
}
