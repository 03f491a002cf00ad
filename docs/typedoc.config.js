import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** The library's pages of the site: a page for each export of each entry of the package. */
export default {
  name: 'Library',
  tsconfig: './tsconfig.library.json',
  entryPoints: Object.values(manifest.exports).flatMap(({ types = '' }) => {
    const [, path] = /^\.\/dist\/\w+\/(.*)\.d\.ts$/.exec(types) ?? [];
    return path === undefined ? [] : [`../src/${path}.ts`];
  }),
  plugin: ['typedoc-plugin-markdown'],
  out: 'reference/library',
  readme: 'none',
  disableSources: true,
  excludeInternal: true,
  hideBreadcrumbs: true,
  entryFileName: 'index',
  sort: ['source-order'],
  validation: { notExported: false, invalidLink: false },
};
