/** Builds everything that the program needs when it runs, and notes when, for `start.js`. */
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const target = join(import.meta.dirname, '..');
const begunAt = new Date();
const { dashboard } = await import('./dashboard.ts');
await import('./database.ts');
const { bundled, copied } = await import('./program.ts');
const { foldersOf, noticesOf, treeOf } = await import('./notices.ts');

const modules = [...bundled, dashboard].flatMap(({ inputs }) => Object.keys(inputs));
// Their pages are copied; ReDoc's only file has what it depends on inside.
const folders = [
  ...foldersOf([...modules, ...copied]),
  ...treeOf('redoc'),
  'node_modules/@fastify/swagger-ui',
];
writeFileSync(join(target, 'THIRD-PARTY-NOTICES.txt'), noticesOf(folders));

const stamp = join(target, 'built');
writeFileSync(stamp, '');
// Files that were changed meanwhile are newer.
utimesSync(stamp, begunAt, begunAt);
