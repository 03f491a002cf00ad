import type { Defect } from '../core/defect.ts';

/** Every kind of instrument defect. To add one: write its file and append its line here. */
export const defects: readonly Defect[] = [];
