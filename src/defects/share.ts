import type { DefectKey } from '../core/defect.ts';

/** The key of defects that act on some readings only. */
export function share(value: number, about: string): DefectKey {
  return { about, type: { is: 'number', min: 0, max: 1 }, default: value };
}
