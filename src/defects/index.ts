import type { Defect } from '../core/defect.ts';

/** Every kind of instrument defect. To add one: write its file, add its line at the end. */
export const defects: readonly Defect[] = [];
