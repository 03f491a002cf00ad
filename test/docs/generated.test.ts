import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { generatedFiles } from '../../build/reference/index.ts';
import { leakRun } from '../../build/reference/leak.ts';
import { root } from './pages.ts';

test('every generated file matches the code that it is made from', async () => {
  const files = await generatedFiles();
  assert.ok(files.size > 10);
  for (const [path, text] of files)
    assert.ok(readFileSync(new URL(path, root), 'utf8') === text, `${path}: npm run documents`);
});

test('the picture of the leak shows two equal lines, which part when the leak starts', () => {
  const { actual, expected, excess } = leakRun();
  assert.equal(actual.length, 1800);
  assert.deepEqual(actual.slice(0, 300), expected.slice(0, 300));
  assert.notDeepEqual(actual.slice(300, 900), expected.slice(300, 900));
  assert.ok((excess[299] as number) === 0 && (excess[899] as number) > 1000);
  for (const page of ['light', 'dark']) {
    const svg = readFileSync(new URL(`docs/images/leak-${page}.svg`, root), 'utf8');
    assert.ok(svg.includes(`>${(excess.at(-1) as number).toFixed(0).replace('1', '1,')} Wh<`));
  }
});
