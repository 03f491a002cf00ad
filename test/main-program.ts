import { join } from 'node:path';

/** The program as it is installed: what `npm run build` bundles. */
export const MAIN = join(import.meta.dirname, '../main.js');
