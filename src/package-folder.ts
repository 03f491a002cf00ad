import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of this package: the nearest above this file, bundled or not, that describes one. */
export const packageFolder: string = above(import.meta.dirname);

function above(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  if (dirname(folder) === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
  return above(dirname(folder));
}

/** A file that the build has put into `dist`; `build/program.ts` lists those of other packages. */
export function builtFile(place: string): string {
  return join(packageFolder, 'dist', place);
}
