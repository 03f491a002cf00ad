/** Builds the template of new embedded databases. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../src/package-folder.ts';
import { buildTemplate } from '../src/store/drivers/pglite-template.ts';

const description = join(packageFolder, 'node_modules/@electric-sql/pglite/package.json');
mkdirSync(join(packageFolder, 'dist'), { recursive: true });
await buildTemplate(JSON.parse(readFileSync(description, 'utf8')).version);
