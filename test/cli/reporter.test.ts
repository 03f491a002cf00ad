/** `--json` and `--quiet`, which every command with a result has, and the progress of long ones. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { COMMANDS } from '../../src/cli/program.ts';
import { freshDirectory, paper, run } from './program.ts';

const cwd = freshDirectory();
const WINDOW = ['--from', '2026-01-14T10:00Z', '--to', '2026-01-14T10:10Z'];
const GENERATE = ['generate', ...WINDOW, '--format', 'csv', '--workers', '1', '--out', 'a'];

/** Commands with a result, in an order in which each finds what it needs. */
const REPORTS: readonly (readonly string[])[] = [
  ['check'],
  ['machines', 'compressor'],
  ['validate', '--only', 'grid'],
  GENERATE,
  ['compare', 'a', 'a'],
  ['report', 'a', '--out', 'page.html'],
];

for (const words of REPORTS)
  test(`${words[0]} --json prints one document and nothing else`, async () => {
    const { status, stdout, stderr } = await run([...words, '--json'], cwd);
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(typeof JSON.parse(stdout), 'object');
  });

test('the document has the figures of the summary', async () => {
  const result = async (words: readonly string[]) =>
    JSON.parse((await run([...words, '--json'], cwd)).stdout);
  const { seconds, bytes, ...generated } = await result(GENERATE);
  assert.deepEqual(generated, { destination: 'a', rows: 2286, files: 7 });
  assert.ok(seconds > 0 && bytes > 100_000, `${seconds} ${bytes}`);
  assert.deepEqual(await result(['compare', 'a', 'a']), { equal: true, files: 7, rows: 2286 });
  rmSync(join(cwd, 'a', 'energy'), { recursive: true });
  assert.deepEqual(await result(['compare', 'a', 'a']), {
    equal: false,
    difference: 'a: energy/factory=demo/2026-01-14.csv is missing',
  });
});

for (const words of REPORTS)
  test(`${words[0]} --quiet prints no summary, remarks or progress`, async () => {
    rmSync(join(cwd, 'a'), { recursive: true, force: true });
    await run(GENERATE, cwd);
    const env = { MQTT_VERSION: '5' };
    const { status, stdout, stderr } = await run([...words, '--quiet'], cwd, env, paper(true));
    const names = words[0] === 'machines' ? 'compressor\n' : '';
    assert.deepEqual([status, stdout, stderr], [0, names, '']);
  });

test('--quiet does not hide errors or the exit code', async () => {
  const missing = await run(['compare', 'a', 'nowhere', '--quiet'], cwd);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /nowhere/);
  const refused = await run(['generate', '--quiet'], cwd);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /--from: is missing/);
});

test('--json is refused where standard output is for records', async () => {
  const { status, stderr } = await run(['generate', ...WINDOW, '--out', '-', '--json'], cwd);
  assert.equal(status, 2);
  assert.match(stderr, /^--json: applies to a result, and --out - fills standard output/);
});

for (const [words, unit] of [
  [['validate', '--only', 'grid'], 'measurements'],
  [GENERATE, 'rows'],
  [['compare', 'a', 'a'], 'files'],
  [['report', 'a', '--out', 'page.html'], 'rows'],
] as const)
  test(`${words[0]} shows its progress on a terminal, and clears it at the end`, async () => {
    rmSync(join(cwd, 'a'), { recursive: true, force: true });
    await run(GENERATE, cwd);
    const { status, stderr } = await run(words, cwd, {}, paper(true));
    assert.equal(status, 0);
    assert.match(stderr, new RegExp(`[█░]{24} \\d+ %  .* of .* ${unit}`));
    assert.ok(stderr.endsWith('\r\x1b[K'));
  });

test('every command that prints a result has both options', async () => {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  const without = commands.filter(({ hasReport }) => !hasReport).map(({ name }) => name);
  // Services, which log, and commands whose output is a document in itself.
  assert.deepEqual(without, ['run', 'schema', 'worker', 'completion']);
});
