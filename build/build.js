/** Builds the program by `all.ts`, without compiling anything else. */
import { build } from 'esbuild';

const outfile = 'dist/build/bundle.js';
await build({
  entryPoints: ['build/all.ts'],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
});
await import(`../${outfile}`);
