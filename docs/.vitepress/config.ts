import { copyFileSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitepress';
import { relativeBase } from './relative-base.ts';
import { parts } from './sidebar.ts';
import { slug } from './slug.ts';

const SITE = resolve(import.meta.dirname, '..');
/** The site has the repository's layout, so that a relative link is right in both. */
const REPOSITORY = dirname(SITE);

/** Linked files that are not pages, such as examples; they are copied to the site. */
const linkedFiles = new Set<string>();

/** Resolves Vue for the pages outside `docs/`, which have no `node_modules` with it. */
const packagesOfSite: Plugin = {
  name: 'packages-of-the-site',
  enforce: 'pre',
  resolveId(name, importer) {
    if (!/^vue($|\/)/.test(name) || importer?.startsWith(SITE)) return null;
    return this.resolve(name, join(SITE, 'package.json'), { skipSelf: true });
  },
};

/** A folder's README is its index on the site. */
const onSite = (path: string) => path.replace(/(^|\/)README\.md$/, '$1index.md');

const LIBRARY = 'docs/reference/library/index.md';

const address = (path: string) => `/${onSite(path).replace(/(index)?\.md$/, '')}`;

export default defineConfig({
  ...relativeBase,
  vite: {
    ...relativeBase.vite,
    plugins: [...relativeBase.vite.plugins, packagesOfSite],
    // The index of the search is one file, which is only loaded for a search.
    build: { chunkSizeWarningLimit: 2000 },
  },
  title: 'enms-simulator',
  description: 'A factory simulator in which every anomaly comes with its truth.',
  srcDir: '..',
  srcExclude: ['**/node_modules/**', '{bench,build,dist,src,test,web}/**'],
  rewrites: onSite,
  ignoreDeadLinks: 'localhostLinks',
  themeConfig: {
    sidebar: parts.map(({ title, pages }) => ({
      text: title,
      items: [
        ...pages.map(([text, path]) => ({ text, link: address(path) })),
        ...(title === 'Reference' ? [{ text: 'Library: exports', link: address(LIBRARY) }] : []),
      ],
    })),
    nav: [
      { text: 'Start', link: '/docs/start' },
      { text: 'Guides', link: '/docs/guides/enms-developer' },
      { text: 'Reference', link: '/docs/reference/command-line' },
      { text: 'Why it is right', link: '/docs/why/physics' },
    ],
    outline: [2, 3],
    search: { provider: 'local' },
  },
  markdown: {
    anchor: { slugify: slug },
    config(md) {
      md.core.ruler.push('links-of-the-repository', ({ tokens, env }) => {
        const folder = dirname(env.realPath ?? env.path);
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const href = token.type === 'link_open' ? token.attrGet('href') : null;
          if (href === null || /^([a-z]+:|#)/.test(href)) continue;
          const [path = '', anchor] = href.split('#');
          const file = resolve(folder, path);
          if (path.endsWith('.md'))
            token.attrSet('href', onSite(path) + (anchor === undefined ? '' : `#${anchor}`));
          else if (existsSync(file) && statSync(file).isFile()) {
            linkedFiles.add(relative(REPOSITORY, file));
            // VitePress leaves links with a target as they are.
            token.attrSet('target', '_self');
          }
        }
      });
    },
  },
  buildEnd({ outDir }) {
    for (const file of linkedFiles) {
      const to = join(outDir, file);
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(join(REPOSITORY, file), to);
    }
  },
});
