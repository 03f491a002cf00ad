/** Builds everything that the program needs when it runs, and notes when, for `start.js`. */
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const target = join(import.meta.dirname, '..');
const begunAt = new Date();
const { dashboard, pagesOf } = await import('./dashboard.ts');
await import('./database.ts');
const { bundled, copied } = await import('./program.ts');
const { foldersOf, noticesOf, treeOf } = await import('./notices.ts');

const modules = [...bundled, dashboard].flatMap(({ inputs }) => Object.keys(inputs));
// The files of these pages have inside what they depend on.
const folders = [...foldersOf([...modules, ...copied]), ...pagesOf.flatMap(treeOf)];
writeFileSync(join(target, 'THIRD-PARTY-NOTICES.txt'), noticesOf(folders));

const stamp = join(target, 'built');
writeFileSync(stamp, '');
// Files that were changed meanwhile are newer.
utimesSync(stamp, begunAt, begunAt);
