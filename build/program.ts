/**
 * Bundles the program, its worker programs and the packages they import into a few files: Node
 * takes longer to find and link a thousand modules than to run them.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** The folder `dist`; this file runs as `dist/build/program.js`. */
const target = join(import.meta.dirname, '..');
/**
 * Modules look for their workers in their own folder, so everything but the entry is in one folder.
 */
const PARTS = 'program';
/** Packages that read their own files, and large ones that few commands need. */
const APART = [
  '@electric-sql/pglite',
  '@resvg/resvg-wasm',
  'date-holidays',
  'echarts',
  'parquet-wasm',
  'pino',
  'pino-pretty',
];

rmSync(join(target, PARTS), { recursive: true, force: true });
await build({
  entryPoints: {
    main: 'src/main.ts',
    [`${PARTS}/pglite-worker`]: 'src/store/drivers/pglite-worker.ts',
    [`${PARTS}/reader-process`]: 'src/service/reader-process.ts',
    [`${PARTS}/worker`]: 'src/dataset/worker.ts',
  },
  outdir: target,
  chunkNames: `${PARTS}/[name]-[hash]`,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: APART,
  legalComments: 'eof',
  logLevel: 'warning',
  // CommonJS packages load Node's own modules with `require`.
  banner: {
    js: "import { createRequire as createRequireOf } from 'node:module';\nconst require = createRequireOf(import.meta.url);",
  },
});
