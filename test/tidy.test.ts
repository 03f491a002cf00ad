/** Rules of this codebase that no compiler checks. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import test from 'node:test';

/** Layers from the ground up: a file may import from its own folder and from those before it. */
const LAYERS = [
  ['core', 'runtime'],
  ['physics'],
  ['site'],
  ['schema'],
  ['machines', 'defects'],
  ['simulation', 'factory', 'encoding'],
  ['stories'],
  ['broker', 'outputs'],
  ['store'],
  ['delivery', 'validation', 'dataset'],
  ['report', 'config'],
  ['service'],
  ['cluster'],
  ['api', 'cli'],
];
/** Pure layers: no clock, no randomness but `Random`, no input or output. */
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
/** The text without comments, by a line-based approximation. */
const codeOf = (text: string) =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');

/** The imports of a file, `import()` and types included, by its path under `src/`. */
const imports = new Map(
  files.map(({ path, text }) => {
    const targets = [...codeOf(text).matchAll(/(?:from |import\()'(\.[^']+\.ts)'/g)];
    return [path, targets.map(([, target]) => posix.join(posix.dirname(path), target as string))];
  }),
);

test('every file lies in a layer and imports downwards only', () => {
  assert.ok(files.length > 40, 'the source tree was not found');
  for (const [path, targets] of imports) {
    const folder = folderOf(path);
    if (folder === '') continue;
    assert.ok(layerOf(folder) >= 0, `src/${path} is in no layer`);
    for (const target of targets) {
      assert.ok(imports.has(target), `src/${path} imports ${target}, which is not there`);
      const isUpwards = layerOf(folderOf(target)) > layerOf(folder);
      assert.ok(!isUpwards, `src/${path} imports ${target}, a layer above its own`);
    }
  }
});

test('the layers are folders that exist', () => {
  const folders = new Set(files.map(({ path }) => folderOf(path)));
  assert.deepEqual(
    LAYERS.flat().filter((folder) => !folders.has(folder)),
    [],
  );
});

test('neither files nor folders import each other in a circle', () => {
  assert.deepEqual(circles(imports), []);
  const folders = new Map<string, string[]>();
  for (const [path, targets] of imports) {
    const folder = folderOf(path);
    if (folder === '') continue;
    const others = targets.map(folderOf).filter((other) => other !== folder);
    folders.set(folder, [...(folders.get(folder) ?? []), ...others]);
  }
  assert.deepEqual(circles(folders), []);
});

/** The circles in a graph, each as a path from a node back to itself. */
function circles(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (node: string, way: readonly string[]): void => {
    const at = way.indexOf(node);
    if (at >= 0) found.push([...way.slice(at), node].join(' → '));
    if (at >= 0 || done.has(node)) return;
    done.add(node);
    for (const next of graph.get(node) ?? []) visit(next, [...way, node]);
  };
  for (const node of graph.keys()) visit(node, []);
  return found;
}

test('the core imports nothing from other folders', () => {
  for (const { path, text } of files.filter(({ path }) => folderOf(path) === 'core'))
    assert.doesNotMatch(codeOf(text), /from '\.\.\//, `src/${path}`);
});

test('the pure layers use no clock, no randomness, no process, and no power operator', () => {
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

test('files are named for their content', () => {
  for (const { path } of files) {
    const name = path.split('/').at(-1) as string;
    assert.match(name, /^[a-z0-9-]+\.ts$/, `src/${path}`);
    assert.doesNotMatch(name, BANNED_NAMES, `src/${path}`);
  }
});

test('there are no TODOs and no commented-out code', () => {
  for (const { path, text } of files) {
    assert.doesNotMatch(text, /\b(TODO|FIXME|XXX|HACK)\b/, `src/${path}`);
    assert.doesNotMatch(text, /^\s*\/\/.*;\s*$/m, `src/${path} has a line that was code`);
  }
});

test('every export has a docstring', () => {
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
