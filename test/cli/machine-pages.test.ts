import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { machinePages } from '../../src/cli/machine-pages.ts';
import { plotSvg } from '../../src/cli/plot.ts';
import { wireName } from '../../src/core/field.ts';
import { machineTypes } from '../../src/machines/index.ts';

const docs = new URL('../../../docs/reference/', import.meta.url);
const { markdown, images } = machinePages(machineTypes, 'images/machines');

test('the reference names every parameter, field, fault and alert of every type', () => {
  for (const type of machineTypes) {
    const [, page = ''] = markdown.split(`## ${type.type}\n`);
    for (const key of Object.keys(type.parameters))
      assert.ok(page.includes(`\`${wireName(key)}\``));
    for (const { name } of type.fields) assert.ok(page.includes(`\`${name}\``), name);
    for (const name of [...type.faultTypes, ...type.alertCodes])
      assert.ok(page.includes(`| \`${name}\` |`), name);
    assert.equal(images.has(`${type.type}.svg`), type.profile !== undefined);
  }
});

test('the reference in docs and its plots match the machine files', (t) => {
  if (!existsSync(docs)) return t.skip('the tests are compiled away from the documents');
  const advice = 'run: npm run documents';
  assert.ok(readFileSync(new URL('machines.md', docs), 'utf8') === markdown, advice);
  for (const [name, svg] of images)
    assert.ok(readFileSync(new URL(`images/machines/${name}`, docs), 'utf8') === svg, advice);
});

test('a plot has a line per curve, gaps for missing values, and round limits', () => {
  const svg = plotSvg('A test', [{ label: 'x [kW]', values: [1, Number.NaN, 3.9] }], ['0', '1']);
  assert.equal(svg.match(/<polyline/g)?.length, 1);
  assert.match(svg, /points="64\.0,[\d.]+ 744\.0,[\d.]+"/);
  assert.match(svg, />4<\/text>/);
});
