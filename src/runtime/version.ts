import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../package-folder.ts';

const description = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));

/** The version of the simulator. */
export const version: string = (description as { version: string }).version;
