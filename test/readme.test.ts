/** Runs what the README shows, so that it stays true. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import * as library from '../src/index.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

test('the library’s ten lines run and print readings', () => {
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  assert.ok(code, 'the README has no TypeScript');
  const printed: unknown[] = [];
  const names =
    /import \{([^}]*)\}/
      .exec(code)?.[1]
      ?.split(',')
      .map((name) => name.trim()) ?? [];
  const body = code.replace(/^import .*$/m, '');
  const values = names.map((name) => (library as Record<string, unknown>)[name]);
  assert.ok(values.every((value) => value !== undefined));
  new Function(...names, 'console', body)(...values, { log: (row: unknown) => printed.push(row) });
  assert.equal(printed.length, 60 + 6 + 6 + 2 + 2);
});

test('every file that the README links to exists', () => {
  const links = [...readme.matchAll(/\]\((?!http)([^)#]+)\)/g)].map(([, path]) => path as string);
  assert.ok(links.length > 5);
  for (const path of links)
    assert.ok(existsSync(new URL(`../../${path}`, import.meta.url)), `${path} is missing`);
});
