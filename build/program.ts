/**
 * Bundles the program, its worker programs, the library and the packages that they import into a
 * few files: Node takes longer to find and link a thousand modules than to run them, and what is
 * bundled need not be installed.
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, type Metafile } from 'esbuild';

/** The folder `dist`; this file runs as `dist/build/program.js`. */
const target = join(import.meta.dirname, '..');
/**
 * Modules look for their workers in their own folder, so everything but the entry is in one folder.
 */
const PARTS = 'program';
/** What packages read besides their code: the place in `dist`, and the file of the package. */
const FILES: Readonly<Record<string, string>> = {
  // Beside the code of the package, where it looks for them.
  [`${PARTS}/initdb.wasm`]: '@electric-sql/pglite/dist/initdb.wasm',
  [`${PARTS}/pglite.data`]: '@electric-sql/pglite/dist/pglite.data',
  [`${PARTS}/pglite.wasm`]: '@electric-sql/pglite/dist/pglite.wasm',
  [`${PARTS}/parquet_wasm_bg.wasm`]: 'parquet-wasm/node/parquet_wasm_bg.wasm',
  // Where `builtFile` is asked for them.
  'files/DejaVuSans.ttf': 'dejavu-fonts-ttf/ttf/DejaVuSans.ttf',
  'files/DejaVuSans-Bold.ttf': 'dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf',
  'files/resvg.wasm': '@resvg/resvg-wasm/index_bg.wasm',
};

for (const folder of [PARTS, 'files'])
  rmSync(join(target, folder), { recursive: true, force: true });
for (const [place, file] of Object.entries(FILES)) {
  mkdirSync(dirname(join(target, place)), { recursive: true });
  cpSync(`node_modules/${file}`, join(target, place));
}

const options = {
  outdir: target,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  legalComments: 'linked',
  logLevel: 'warning',
  metafile: true,
} as const;
const program = await build({
  ...options,
  entryPoints: {
    main: 'src/main.ts',
    [`${PARTS}/index`]: 'src/index.ts',
    [`${PARTS}/formats`]: 'src/dataset/formats/index.ts',
    [`${PARTS}/outputs`]: 'src/outputs/library.ts',
    [`${PARTS}/pglite-worker`]: 'src/store/drivers/pglite-worker.ts',
    [`${PARTS}/reader-process`]: 'src/service/reader-process.ts',
    [`${PARTS}/worker`]: 'src/dataset/worker.ts',
  },
  chunkNames: `${PARTS}/[name]-[hash]`,
  splitting: true,
  format: 'esm',
  // The package has the sources.
  sourcemap: 'linked',
  sourcesContent: false,
  // CommonJS packages load Node's own modules with `require`, and their files from `__dirname`.
  banner: {
    js: [
      "import { createRequire as createRequireOf } from 'node:module';",
      'const require = createRequireOf(import.meta.url);',
      'const __dirname = import.meta.dirname;',
    ].join('\n'),
  },
});
// Loaded in the middle of a synchronous function, so it is CommonJS.
const holidays = await build({
  ...options,
  entryPoints: { 'files/date-holidays': 'node_modules/date-holidays/lib/index.cjs' },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  minify: true,
});

/** The modules in the bundles. */
export const bundled: readonly Metafile[] = [program.metafile, holidays.metafile];
/** The files of packages that were copied. */
export const copied: readonly string[] = Object.values(FILES).map((file) => `node_modules/${file}`);
