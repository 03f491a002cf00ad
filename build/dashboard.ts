/** Bundles the dashboard and the API's documentation into `public/`, for the API to serve. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';

const target = join(import.meta.dirname, '../web/public');
/** The only thing that ReDoc would load from another host: its logo. */
const REDOC_LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const EMPTY_IMAGE = 'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E';

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

const { metafile, outputFiles } = await build({
  entryPoints: ['web/main.ts', 'web/docs.ts', 'web/style.css'],
  outdir: target,
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'eof',
  // Its own comment is not in a form that bundlers keep.
  banner: { js: `/*! uPlot\n${readFileSync('node_modules/uplot/LICENSE', 'utf8')}*/` },
});
/** The modules in the bundle. */
export const dashboard: Metafile = metafile;

const redoc = textOf(import.meta.resolve('redoc/bundles/redoc.standalone.js'));
const assets = new Map<string, string | Uint8Array>([
  ...outputFiles.map(({ path, contents }) => [basename(path), contents] as const),
  ['icon.svg', readFileSync('web/icon.svg')],
  ['swagger-ui.css', textOf(import.meta.resolve('@fastify/swagger-ui/static/swagger-ui.css'))],
  ['swagger-ui.js', textOf(import.meta.resolve('@fastify/swagger-ui/static/swagger-ui-bundle.js'))],
  ['redoc.js', redoc.replaceAll(REDOC_LOGO, EMPTY_IMAGE)],
]);
const pages = new Map(
  ['index.html', 'docs.html', 'redoc.html'].map((name) => [
    name,
    readFileSync(join('web', name), 'utf8'),
  ]),
);
for (const [name, content] of assets) {
  // A name that changes with the content lets browsers cache the file forever.
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const hashed = name.replace('.', `-${hash}.`);
  writeFileSync(join(target, hashed), content);
  for (const [page, text] of pages)
    pages.set(page, text.replaceAll(`"dashboard/${name}"`, `"dashboard/${hashed}"`));
}
for (const [name, text] of pages) writeFileSync(join(target, name), text);

/** The text of a file of a package. */
function textOf(url: string): string {
  return readFileSync(fileURLToPath(url), 'utf8');
}
