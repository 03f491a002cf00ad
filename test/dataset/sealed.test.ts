import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { generateDataset } from '../../src/dataset/generation.ts';
import { digestOf } from '../../src/dataset/whole-file.ts';
import { filesIn, freshFolder, generated, made } from './request.ts';
import { PUMP, type Row, rowsOf, storyText, toldRequest } from './told.ts';

const truthFolder = freshFolder();
const OPEN = { hasTrue: true, hasClean: true, without: ['leak'], isReceived: true };
const request = toldRequest({ ...OPEN, hasLabels: false, truthFolder }, 3);
const { folder, manifest } = await made(request);
const readings = filesIn(folder).filter((path) => path.includes('/'));

test('the dataset has readings and what they are of, and nothing of the answer', () => {
  assert.ok(readings.every((path) => /^(energy|production|environmental)\//.test(path)));
  assert.deepEqual(
    filesIn(folder).filter((path) => !path.includes('/')),
    ['README.md', 'factories.csv', 'machines.csv', 'manifest.json'],
  );
  for (const key of ['seed', 'command', 'scenarios', 'journal_digest', 'true', 'without'])
    assert.ok(!(key in manifest), key);
  const sheet = readFileSync(join(folder, 'README.md'), 'utf8');
  assert.doesNotMatch(sheet, /seed 42|leak|clean\/|true\//);
});

test('the readings are the bytes of a run whose truth is not sealed', async () => {
  const open = await made(toldRequest({ hasLabels: false, isReceived: true }, 3));
  for (const path of readings)
    assert.deepEqual(readFileSync(join(folder, path)), readFileSync(join(open.folder, path)));
});

test('the truth has the answer key, the labels, the twins and the scenarios', async () => {
  const files = filesIn(truthFolder);
  for (const name of ['anomalies', 'defects', 'measures', 'expected', 'excess', 'scenarios'])
    assert.ok(files.includes(`${name}.csv`), name);
  for (const part of ['true/energy', 'clean/energy', 'without/leak/energy', 'labels/energy'])
    assert.ok(files.includes(`${part}/factory=demo/2026-01-14.csv`), part);
  assert.equal(readFileSync(join(truthFolder, 'scenarios/tale.yaml'), 'utf8'), storyText().text);
  const labelled = await made(toldRequest({ hasLabels: true }, 3));
  const rows = rowsOf(labelled.folder, 'energy', PUMP);
  const labels = rowsOf(truthFolder, 'labels/energy', PUMP);
  const names = ['time', 'machine_id', 'anomaly', 'anomaly_type', 'defect', 'defect_kind'];
  assert.deepEqual(Object.keys(labels[0] as Row), [...names, 'received_at']);
  assert.deepEqual(
    labels,
    rows.map((row) => Object.fromEntries([...names, 'received_at'].map((n) => [n, row[n]]))),
  );
});

test('both manifests list their files, and one names the other', () => {
  const truth = JSON.parse(readFileSync(join(truthFolder, 'manifest.json'), 'utf8'));
  assert.equal(truth.seed, 42);
  assert.equal(truth.command, request.command);
  assert.equal(truth.scenarios[0].name, 'tale');
  assert.equal(manifest.truth_digest, digestOf(join(truthFolder, 'manifest.json'))?.sha256);
  for (const [where, { files }] of [
    [folder, manifest],
    [truthFolder, truth],
  ] as const) {
    const listed = (files as { path: string; sha256: string }[]).map(({ path }) => path);
    assert.deepEqual([...listed, 'manifest.json'].sort(), filesIn(where));
    for (const { path, sha256 } of files)
      assert.equal(digestOf(join(where, path))?.sha256, sha256, path);
  }
});

test('workers make the same two folders', async () => {
  const other = freshFolder();
  const { folder: own } = await generated({ ...request, truthFolder: other }, 3);
  assert.equal(
    digestOf(join(own, 'manifest.json'))?.sha256,
    digestOf(join(folder, 'manifest.json'))?.sha256,
  );
});

test('a complete dataset is kept, a changed file is made again', async () => {
  const [path = ''] = readings;
  const label = join(truthFolder, 'labels', path);
  const { ino } = statSync(join(folder, path));
  const twin = join(truthFolder, 'true', path);
  appendFileSync(twin, 'x');
  assert.deepEqual(await generateDataset(request, { folder, workers: 1 }), manifest);
  assert.equal(statSync(join(folder, path)).ino, ino);
  assert.doesNotMatch(readFileSync(twin, 'utf8'), /x$/);
  appendFileSync(label, 'x');
  assert.deepEqual(await generateDataset(request, { folder, workers: 1 }), manifest);
  assert.doesNotMatch(readFileSync(label, 'utf8'), /x$/);
});

test('readings of another seed are never taken for those of this one', async () => {
  const other = { ...request, seed: 43 };
  await assert.rejects(
    generateDataset(other, { folder, workers: 1 }),
    /contains another dataset \(seed: 42 and 43\)/,
  );
  const elsewhere = { ...other, truthFolder: freshFolder() };
  const made43 = await generateDataset(elsewhere, { folder, workers: 1 });
  assert.notEqual(made43.truth_digest, manifest.truth_digest);
  assert.notDeepEqual(made43.files, manifest.files);
});

test('an interrupted run goes on with the complete files of both folders', async () => {
  const own = { ...request, truthFolder: freshFolder() };
  const out = freshFolder();
  const ending = new AbortController();
  const onProgress = (rows: number) => {
    if (rows > 8000) ending.abort();
  };
  const { signal } = ending;
  await assert.rejects(
    generateDataset(own, { folder: out, workers: 1, signal, onProgress }),
    /interrupted; run the same command again to resume/,
  );
  const left = filesIn(out).filter((path) => path.includes('/'));
  assert.ok(left.length > 0);
  assert.ok(!readFileSync(join(out, 'manifest.partial.jsonl'), 'utf8').includes('"seed"'));
  const { ino } = statSync(join(out, left[0] as string));
  const resumed = await generateDataset(own, { folder: out, workers: 1 });
  assert.deepEqual(resumed, manifest);
  assert.equal(statSync(join(out, left[0] as string)).ino, ino, 'a whole file was made again');
});
