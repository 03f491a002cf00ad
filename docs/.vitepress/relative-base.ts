import { relative } from 'node:path';
import type { SiteConfig, UserConfig } from 'vitepress';

/**
 * Makes the site work from any folder of a server. VitePress writes addresses that begin at the
 * root; here they are relative in HTML, and the code takes the root from the address of the page.
 */
export const relativeBase = {
  vite: {
    plugins: [
      {
        name: 'base-at-run-time',
        enforce: 'pre',
        transform(code, id) {
          if (/vitepress\/dist\/client\/app\/utils\.js/.test(id))
            return code.replaceAll('import.meta.env.BASE_URL', 'siteDataRef.value.base');
          const index = id.includes('@localSearchIndex') && /^export default (".*")/s.exec(code);
          return index ? searchIndex(index[1] as string) : undefined;
        },
      },
    ],
    experimental: {
      renderBuiltUrl: (_file, { ssr }) => (ssr ? undefined : { relative: true }),
    },
  },
  transformHtml(html: string, file: string, { siteConfig }: { siteConfig: SiteConfig }) {
    const path = relative(siteConfig.outDir, file);
    if (path === '404.html') return html;
    const root = '../'.repeat(path.split('/').length - 1) || './';
    const setBase = `__VP_SITE_DATA__.base=new URL('${root}',location).pathname;`;
    // Links that the page shares with others are absolute before the page changes its address.
    const resolveLinks = "document.querySelectorAll('a[href]').forEach(a=>a.href=a.href);";
    return html
      .replaceAll(/(href|src|srcset)="\/(?!\/)/g, `$1="${root}`)
      .replace('</body>', `<script>${setBase}${resolveLinks}</script></body>`);
  },
} satisfies UserConfig;

/** The module of the search index, whose ids are addresses of pages. */
function searchIndex(text: string): string {
  return `
    const index = JSON.parse(${text});
    for (const [key, id] of Object.entries(index.documentIds))
      index.documentIds[key] = window.__VP_SITE_DATA__.base + id.slice(1);
    export default JSON.stringify(index);`;
}
