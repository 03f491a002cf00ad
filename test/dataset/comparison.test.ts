import assert from 'node:assert/strict';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { firstDifference, openDataset } from '../../src/dataset/comparison.ts';
import { copied, made, requestOf } from './request.ts';

const PUMP = 'c0000000-0000-0000-0000-000000000004';
const REQUEST = requestOf({ machineIds: [PUMP] });
const ENERGY = 'energy/factory=demo/2026-01-14.csv';

const whole = await made(REQUEST);

const difference = (a: string, b: string) => firstDifference(openDataset(a), openDataset(b));

test('datasets of one request are equal, even with a different version and command', async () => {
  const [a, b] = [whole, await made({ ...REQUEST, version: '9.9.9', command: 'x' })];
  assert.equal(difference(a.folder, b.folder), undefined);
});

test('the sources of two datasets are compared first', async () => {
  const [a, b] = [whole, await made({ ...REQUEST, seed: 43 })];
  assert.equal(difference(a.folder, b.folder), 'seed: 42 and 43');
});

test('a file that is missing or deviates from the manifest is a difference', async () => {
  const folder = copied(whole);
  appendFileSync(join(folder, ENERGY), 'x');
  assert.match(
    difference(whole.folder, folder) ?? '',
    /: energy\/factory=demo\/2026-01-14.csv has \d+ bytes, but \d+ in its manifest$/,
  );
  rmSync(join(folder, ENERGY));
  assert.match(difference(folder, folder) ?? '', /2026-01-14.csv is missing$/);
});

test('bytes that changed in place are detected by the digest', async () => {
  const folder = copied(whole);
  const { bytes } = whole.manifest.files.find(({ path }) => path === ENERGY) ?? { bytes: 0 };
  writeFileSync(join(folder, ENERGY), 'x'.repeat(bytes));
  assert.match(difference(folder, folder) ?? '', /does not match its manifest \(SHA-256\)$/);
});

test('the first line that differs is shown', async () => {
  const other = await made({ ...REQUEST, hasLabels: false, seed: 43 });
  const sides = [openDataset(whole.folder), openDataset(other.folder)] as const;
  const alike = { ...sides[1], manifest: { ...sides[1].manifest, seed: 42 } };
  const text = firstDifference(sides[0], alike) ?? '';
  assert.match(text, /^README\.md, line 3:\n {2}1 machines.*seed 42.*\n {2}1 machines.*seed 43/);
});

test('manifests are compared without their files', async () => {
  const folder = copied(whole);
  rmSync(join(folder, ENERGY));
  assert.equal(difference(whole.folder, join(folder, 'manifest.json')), undefined);
});

test('a folder without a dataset is refused with a message', () => {
  const folder = copied(whole);
  const bad = (content: string) => {
    writeFileSync(join(folder, 'manifest.json'), content);
    return () => openDataset(folder);
  };
  assert.throws(bad('{'), /manifest\.json is not JSON/);
  assert.throws(bad('null'), /is not a manifest of format_version 1/);
  assert.throws(bad('{"format_version":1,"files":[{}]}'), /is not a manifest of format_version 1/);
  rmSync(join(folder, 'manifest.json'));
  assert.throws(() => openDataset(folder), /manifest\.json does not exist, so there is no dataset/);
  assert.throws(() => openDataset(`${folder}-none`), /cannot read .*-none: it does not exist/);
});
