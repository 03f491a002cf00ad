import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { FormatName } from '../../src/dataset/formats/index.ts';
import { generateDataset } from '../../src/dataset/generation.ts';
import { digestOf } from '../../src/dataset/whole-file.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { csvRows, FROM_MS, filesIn, freshFolder, generated, made, requestOf } from './request.ts';

const PUMP = 'c0000000-0000-0000-0000-000000000004';
/** Two days that begin and end at noon: three partitions. */
const THREE_PARTS = { fromMs: Date.UTC(2026, 0, 14, 12), machineIds: [PUMP] };

/** Numbers of workers per format; more would show nothing new, and each takes time to start. */
const CREWS = { csv: [1, 2, 4], jsonl: [2], parquet: [2] } as const;

for (const format of ['csv', 'jsonl', 'parquet'] as const satisfies readonly FormatName[])
  test(`${CREWS[format].join(', ')} workers make the same files as a single process: ${format}`, async () => {
    const request = requestOf({ ...THREE_PARTS, format, hasLabels: true, hasClean: true }, 48);
    const { manifest } = await made(request);
    assert.equal(manifest.files.length, 2 * 9 + 4);
    for (const workers of CREWS[format])
      assert.deepEqual((await generated(request, workers)).manifest, manifest, `${workers}`);
  });

test('the manifest lists every other file with its size and digest', async () => {
  const { folder, manifest } = await generated(requestOf({ ...THREE_PARTS }, 48), 2);
  const listed = manifest.files.map(({ path }) => path);
  assert.deepEqual([...listed, 'manifest.json'].sort(), filesIn(folder));
  for (const { path, bytes, sha256 } of manifest.files)
    assert.deepEqual(digestOf(join(folder, path)), { bytes, sha256 });
  assert.equal(manifest.rows['energy'], 2 * 2880);
});

test('an interrupted run leaves only complete files, and the next run continues with them', async () => {
  const request = requestOf({ ...THREE_PARTS }, 24 * 10);
  const expected = await made(request);
  const folder = freshFolder();
  const ending = new AbortController();
  const stopped = generateDataset(request, {
    folder,
    workers: 2,
    signal: ending.signal,
    onProgress: (rows) => {
      if (rows > 30_000) ending.abort();
    },
  });
  await assert.rejects(stopped, /^DatasetError: interrupted; run the same command again/);
  const left = filesIn(folder);
  const readings = left.filter((path) => path.endsWith('.csv'));
  assert.ok(readings.length >= 3 && readings.length < expected.manifest.files.length, `${left}`);
  assert.ok(!left.some((path) => path.endsWith('.part') || path === 'manifest.json'), `${left}`);
  const known = readFileSync(join(folder, 'manifest.partial.jsonl'), 'utf8').split('\n');
  const first = JSON.parse(known[1] as string) as { path: string };
  const { ino } = statSync(join(folder, first.path));
  appendFileSync(join(folder, 'manifest.partial.jsonl'), '{"path":"energy/fac');

  const startRows: number[] = [];
  const onProgress = (rows: number) => startRows.push(rows);
  const manifest = await generateDataset(request, { folder, workers: 1, onProgress });
  assert.deepEqual(manifest, expected.manifest);
  assert.deepEqual(filesIn(folder), filesIn(expected.folder));
  assert.equal(statSync(join(folder, first.path)).ino, ino, 'a whole file was made again');
  assert.ok((startRows[0] as number) > 0);
});

test('a changed file is made again, the others are kept', async () => {
  const request = requestOf({ ...THREE_PARTS }, 48);
  const { folder, manifest } = await made(request);
  const [changed, kept] = ['14', '15'].map((day) =>
    join(folder, 'energy', 'factory=demo', `2026-01-${day}.csv`),
  ) as [string, string];
  const { ino } = statSync(kept);
  appendFileSync(changed, 'x');
  assert.deepEqual(await generateDataset(request, { folder, workers: 1 }), manifest);
  assert.doesNotMatch(readFileSync(changed, 'utf8'), /x$/);
  assert.equal(statSync(kept).ino, ino);
});

test('days and months hold the same rows', async () => {
  const fromMs = Date.UTC(2026, 0, 31, 12);
  const days = await made(requestOf({ fromMs, machineIds: [PUMP] }, 24));
  const months = await made(requestOf({ fromMs, machineIds: [PUMP], partition: 'month' }, 24));
  const rows = (folder: string, names: readonly string[]) =>
    names.flatMap((name) => csvRows(folder, 'energy', 'factory=demo', `${name}.csv`));
  assert.deepEqual(
    rows(days.folder, ['2026-01-31', '2026-02-01']),
    rows(months.folder, ['2026-01', '2026-02']),
  );
});

test('gzip files contain the bytes of uncompressed ones', async () => {
  const plain = await made(requestOf());
  const packed = await made(requestOf({ compression: 'gzip' }));
  for (const path of filesIn(plain.folder).filter((name) => name.endsWith('.csv')))
    assert.deepEqual(
      gunzipSync(readFileSync(join(packed.folder, `${path}.gz`))),
      readFileSync(join(plain.folder, path)),
    );
});

test('a window without readings gives tables without rows', async () => {
  for (const format of ['csv', 'jsonl', 'parquet'] as const) {
    const request = requestOf({ fromMs: FROM_MS + 1000, machineIds: [PUMP], format });
    const { manifest } = await made({ ...request, toMs: request.fromMs + 5000 });
    assert.equal(manifest.rows['energy'], 0, format);
  }
});

test('each factory has a folder, named as in its topics', async () => {
  const [first, ...rest] = DEFAULT_FACTORY.machines;
  const moved = { ...(first as NonNullable<typeof first>), topic: 'factory/hall 2/compressor-1' };
  const factory = { ...DEFAULT_FACTORY, machines: [moved, ...rest] };
  const { folder, manifest } = await made(requestOf({}, 1, factory));
  const names = ['factory=demo', 'factory=hall%202'];
  const [demo, hall] = names.map((name) => csvRows(folder, 'energy', name, '2026-01-14.csv'));
  assert.equal(hall?.length, 3600);
  assert.equal((demo?.length ?? 0) + 3600, manifest.rows['energy']);
});

test('a folder with another dataset, or with anything else, is left alone', async () => {
  const { folder } = await made(requestOf({ machineIds: [PUMP] }));
  const other = requestOf({ machineIds: [PUMP], seed: 43 });
  const expected = /contains another dataset \(seed: 42 and 43\); give another --out/;
  await assert.rejects(generateDataset(other, { folder, workers: 1 }), expected);
  const foreign = freshFolder();
  mkdirSync(foreign);
  writeFileSync(join(foreign, 'letter.txt'), '');
  await assert.rejects(
    generateDataset(other, { folder: foreign, workers: 1 }),
    /is not empty and contains no dataset/,
  );
  assert.deepEqual(filesIn(foreign), ['letter.txt']);
});
