/** What the site's build checks too, without the site: links, anchors, and that no page is lost. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import test from 'node:test';
import { parts } from '../../docs/.vitepress/sidebar.ts';
import { slug } from '../../docs/.vitepress/slug.ts';
import { pages, root } from './pages.ts';

/** Addresses on the reader's computer, which nothing has to exist at. */
const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1)(:\d+)?(\/|$)/;
const listed = parts.flatMap((part) => part.pages.map(([, path]) => path));

/** The anchors of a page; equal headings are numbered. */
function anchorsOf(path: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const { headings = [] } = pages.find((page) => page.path === path) ?? {};
  return new Set(
    headings.map((heading) => {
      const name = slug(heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
      const count = seen.get(name) ?? 0;
      seen.set(name, count + 1);
      return count === 0 ? name : `${name}-${count}`;
    }),
  );
}

test('every link leads to a file and, where it names one, to a heading in it', () => {
  const dead: string[] = [];
  let checked = 0;
  for (const { path, links } of pages)
    for (const link of links.filter((each) => !LOCAL.test(each))) {
      const [target = '', anchor] = link.split('#');
      const file = target === '' ? path : posix.join(posix.dirname(path), target);
      const isThere = !/^[a-z]+:/.test(link) && existsSync(new URL(file, root));
      const isRight = anchor === undefined || anchorsOf(file).has(anchor);
      if (!isThere || !isRight) dead.push(`${path}: ${link}`);
      checked += 1;
    }
  assert.deepEqual(dead, []);
  assert.ok(checked > 100, `only ${checked} links were found`);
});

test('the sidebar lists every page once, and only pages that exist', () => {
  const isRecord = (path: string) => /^docs\/adr\/\d/.test(path);
  const wanted = pages.map(({ path }) => path).filter((path) => /^(docs\/|[A-Z])/.test(path));
  assert.deepEqual(listed.toSorted(), wanted.filter((path) => !isRecord(path)).toSorted());
});

test('the list of decision records links to each of them', () => {
  const records = pages.map(({ path }) => path).filter((path) => /^docs\/adr\/\d/.test(path));
  const { links = [] } = pages.find(({ path }) => path === 'docs/adr/README.md') ?? {};
  assert.deepEqual(links.toSorted(), records.map((path) => posix.basename(path)).toSorted());
});

test('every page of the sidebar begins with its only title', () => {
  for (const { path, prose } of pages.filter((page) => listed.includes(page.path))) {
    assert.match(prose, /^# /, path);
    assert.equal(prose.match(/^# /gm)?.length, 1, path);
  }
});

/** A host that a reader replaces, or this computer. */
const PLACEHOLDER =
  /^\w+:\/\/(\w+@)?(localhost|127\.0\.0\.1|redis|queue|broker|host|postgres|REDIS|HOST|PORT|URL|example\.com)\b/;

test('no page names the address of another computer', () => {
  const address = /\b(?:https?|mqtts?|wss?|postgres|rediss?):\/\/[^\s`'")>|,]+/g;
  for (const { path, text } of pages)
    for (const [found] of text.matchAll(address))
      assert.match(found, PLACEHOLDER, `${path}: ${found}`);
});
