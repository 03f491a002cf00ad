/** Bundles the dashboard into `public/`, from where the API serves it. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';

const target = join(import.meta.dirname, '../web/public');
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

const { metafile, outputFiles } = await build({
  entryPoints: ['web/main.ts', 'web/style.css'],
  outdir: target,
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none',
});
/** The modules in the bundle. */
export const dashboard: Metafile = metafile;

const icon = readFileSync('web/icon.svg');
let page = readFileSync('web/index.html', 'utf8');
for (const { path, contents } of [...outputFiles, { path: 'icon.svg', contents: icon }]) {
  const name = path.slice(path.lastIndexOf('/') + 1);
  // A name that changes with the content lets browsers cache the file forever.
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 12);
  const hashed = name.replace('.', `-${hash}.`);
  writeFileSync(join(target, hashed), contents);
  page = page.replaceAll(`/dashboard/${name}`, `/dashboard/${hashed}`);
}
writeFileSync(join(target, 'index.html'), page);
