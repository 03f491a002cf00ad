import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { makeFolder, WholeFile } from '../../src/dataset/whole-file.ts';

const MODULE = new URL('../../src/dataset/whole-file.js', import.meta.url).href;
/** Processes that all create the same nested folders, starting at the same instant. */
const MAKER = `
  import { makeFolder, WholeFile } from ${JSON.stringify(MODULE)};
  const [root, startMs] = process.argv.slice(1);
  while (Date.now() < Number(startMs)) ;
  for (let i = 0; i < 2000; i++) makeFolder(root + '/' + i + '/energy/factory=demo');
`;

test('processes may create the same folders at the same time', async () => {
  const root = mkdtempSync(join(tmpdir(), 'enms-folders-'));
  const make = () =>
    promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      MAKER,
      root,
      String(Date.now() + 500),
    ]);
  const outputs = await Promise.all([1, 2, 3, 4].map(make));
  for (const { stderr } of outputs) assert.equal(stderr, '');
});

test('a folder below a file, or where none can be created, is refused', () => {
  const isFile = new URL(MODULE).pathname;
  assert.throws(() => makeFolder(join(isFile, 'a', 'b')), { code: 'ENOTDIR' });
  assert.throws(() => makeFolder(isFile), { code: 'EEXIST' });
  assert.throws(() => makeFolder('/proc/dataset/energy'), { code: 'ENOENT' });
  assert.throws(() => makeFolder('/proc/x'), {
    message: 'cannot create /proc/x: the file system at /proc allows no new folders',
  });
  const link = join(mkdtempSync(join(tmpdir(), 'enms-folders-')), 'link');
  symlinkSync('nowhere', link);
  assert.throws(() => makeFolder(link), { code: 'EEXIST' });
});

test('two writers of the same file both leave it complete', () => {
  const folder = mkdtempSync(join(tmpdir(), 'enms-twice-'));
  const path = join(folder, 'table.csv');
  const [early, late] = [new WholeFile(path), new WholeFile(path)];
  const bytes = Buffer.alloc(1000, 'x');
  for (let i = 0; i < 10; i++) early.write(bytes);
  late.write(bytes);
  early.finish();
  assert.equal(readFileSync(path).length, 10_000);
  for (let i = 1; i < 10; i++) late.write(bytes);
  late.finish();
  assert.deepEqual(readFileSync(path), Buffer.alloc(10_000, 'x'));
  assert.deepEqual(readdirSync(folder), ['table.csv']);
});
