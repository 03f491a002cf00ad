/** `npm start`: builds the program unless it is newer than its sources, and runs it. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const STAMP = 'dist/built';
const SOURCES = ['build', 'package.json', 'package-lock.json', 'src', 'web'];

/** When a file, or anything in a folder, last changed; a removed file changes its folder. */
function changedMs(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  const parts = readdirSync(path).map((name) => changedMs(join(path, name)));
  return Math.max(stat.mtimeMs, ...parts);
}

process.chdir(join(import.meta.dirname, '..'));
const isBuilt = existsSync(STAMP);
if (!isBuilt || SOURCES.some((path) => changedMs(path) > statSync(STAMP).mtimeMs)) {
  const why = isBuilt ? 'its sources have changed' : 'it has not been built yet';
  console.error(`Building the simulator: ${why} ...`);
  await import('./build.js');
}
await import('../dist/main.js');
