import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of this package: the nearest above this file, bundled or not, that describes one. */
export const packageFolder: string = above(import.meta.dirname);

function above(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : above(dirname(folder));
}
