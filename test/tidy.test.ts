/** Rules of the house that no compiler checks. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

/** Layers from the ground up: a file may import from its own folder and from those before it. */
const LAYERS = [
  ['core', 'runtime'],
  ['physics'],
  ['site'],
  ['schema'],
  ['machines', 'defects'],
  ['simulation', 'factory', 'encoding'],
  ['broker', 'outputs'],
  ['store'],
  ['delivery', 'validation', 'dataset'],
  ['report', 'config'],
  ['service'],
  ['cluster'],
  ['api', 'cli'],
];
/** Layers that are pure: no clock, no chance but `Random`, no input or output. */
const PURE = new Set(['core', 'physics', 'site', 'machines', 'defects', 'simulation', 'encoding']);
/** `**` differs in the last bit between V8 versions, and so between the Nodes we run on. */
const POWER = /(?<![/*])\*\*(?![/*])|Math\.(pow|hypot|cbrt|tan|acos|asin|atan|sinh|cosh|log10)/;
const IMPURE =
  /\b(Date\.now|new Date\(\)|Math\.random|performance\.|process\.|setTimeout|setInterval|console\.|async |await )/;
const BANNED_NAMES = /\b(device|manager|handler|helper|utils?|common)\b/i;

const root = new URL('../../src/', import.meta.url);
const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(new URL(path, root), 'utf8') }));

const folderOf = (path: string) => (path.includes('/') ? (path.split('/')[0] as string) : '');
const layerOf = (folder: string) => LAYERS.findIndex((layer) => layer.includes(folder));
/** The text without comments, as far as a line-based look can tell. */
const codeOf = (text: string) =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');

test('every file lies in a layer and imports downwards only', () => {
  assert.ok(files.length > 40, 'the source tree was not found');
  for (const { path, text } of files) {
    const folder = folderOf(path);
    if (folder === '') continue;
    assert.ok(layerOf(folder) >= 0, `src/${path} is in no layer`);
    for (const [, target] of codeOf(text).matchAll(/from '(?:\.\.\/)+([\w-]+)\//g)) {
      if (target === folder || layerOf(target as string) < 0) continue;
      const isUpwards = layerOf(target as string) > layerOf(folder);
      assert.ok(!isUpwards, `src/${path} imports from ${target}, a layer above its own`);
    }
  }
});

test('the core imports nothing from other folders', () => {
  for (const { path, text } of files.filter(({ path }) => folderOf(path) === 'core'))
    assert.doesNotMatch(codeOf(text), /from '\.\.\//, `src/${path}`);
});

test('the pure layers read no clock, no chance, no process, and raise nothing to a power', () => {
  for (const { path, text } of files.filter(({ path }) => PURE.has(folderOf(path)))) {
    const code = codeOf(text);
    assert.doesNotMatch(code, /from 'node:/, `src/${path} imports from Node`);
    assert.doesNotMatch(code, IMPURE, `src/${path} is not pure`);
    assert.doesNotMatch(code, POWER, `src/${path} uses a function that differs between engines`);
  }
});

test('no line is longer than 100 columns', () => {
  const offences: string[] = [];
  for (const { path, text } of files)
    for (const [i, line] of text.split('\n').entries())
      if (line.length > 100) offences.push(`src/${path}:${i + 1}`);
  assert.deepEqual(offences, []);
});

test('files are named for what they hold', () => {
  for (const { path } of files) {
    const name = path.split('/').at(-1) as string;
    assert.match(name, /^[a-z0-9-]+\.ts$/, `src/${path}`);
    assert.doesNotMatch(name, BANNED_NAMES, `src/${path}`);
  }
});

test('nothing is left to be done later, and nothing is commented out', () => {
  for (const { path, text } of files) {
    assert.doesNotMatch(text, /\b(TODO|FIXME|XXX|HACK)\b/, `src/${path}`);
    assert.doesNotMatch(text, /^\s*\/\/.*;\s*$/m, `src/${path} has a line that was code`);
  }
});

test('every exported thing has a docstring', () => {
  const offences: string[] = [];
  for (const { path, text } of files) {
    const lines = text.split('\n');
    for (const [i, line] of lines.entries()) {
      const name = /^export (?:async )?(?:function|class|interface|type|const) (\w+)/.exec(
        line,
      )?.[1];
      const before = lines[i - 1]?.trim() ?? '';
      const isSibling = /^export const \w+ = \d+;$/.test(line) && before.startsWith('export const');
      if (name !== undefined && !before.endsWith('*/') && !isSibling)
        offences.push(`src/${path}: ${name}`);
    }
  }
  assert.deepEqual(offences, []);
});
