import { join } from 'node:path';

/** Only what is not bundled is known to coverage by its files. */
const program = process.env['NODE_V8_COVERAGE'] ? '../src/main.js' : '../main.js';

/** The program as it is installed: what `npm run build` bundles. */
export const MAIN = join(import.meta.dirname, program);
