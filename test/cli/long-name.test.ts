/** A name that `check` accepts can be generated, compared and reported, in every script. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { freshDirectory, run } from './program.ts';

const NAME = '压'.repeat(100);

test('a factory whose name takes 900 bytes as a file name is generated, compared and reported', async () => {
  const cwd = freshDirectory();
  const machine = `{ name: ${'缩'.repeat(100)}, type: motor, rated_power_kw: 7.5 }`;
  const plant = `factories:\n  - name: ${NAME}\n    machines: [${machine}]\n`;
  writeFileSync(join(cwd, 'plant.yaml'), plant);
  const said = async (...words: readonly string[]) => {
    const { status, stdout, stderr } = await run(words, cwd);
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const window = ['--from', '2026-01-14', '--to', '2026-01-14 01:00:00+00', '--format', 'csv'];
  const factory = ['--factory', 'plant.yaml', '--workers', '1', '--out', 'data'];
  await said('generate', ...window, ...factory);
  assert.match(await said('compare', 'data', 'data'), /^equal: 7 files/);
  assert.match(await said('report', 'data', '--out', 'page.html'), /page\.html/);
  assert.ok(readFileSync(join(cwd, 'page.html'), 'utf8').includes(NAME));
  const { files } = JSON.parse(readFileSync(join(cwd, 'data', 'manifest.json'), 'utf8'));
  const named = files.filter((file: { factory?: string }) => file.factory === NAME);
  assert.equal(named.length, 3);
});
