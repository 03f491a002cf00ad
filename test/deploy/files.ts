/** Files of the repository, from the compiled tests in `dist/test/deploy`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of `package.json`. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A path in the repository. */
export function file(path: string): string {
  return join(ROOT, path);
}

/** The text of a file of the repository. */
export function textOf(path: string): string {
  return readFileSync(file(path), 'utf8');
}
