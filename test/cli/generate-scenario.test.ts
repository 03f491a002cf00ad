/** Scenarios on the command line of `generate`, `replay` and `report`. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Manifest } from '../../src/dataset/manifest.ts';
import { filesIn } from '../dataset/request.ts';
import { freshDirectory, run } from './program.ts';

const cwd = freshDirectory();
const WINDOW = ['--from', '2026-01-14T10:00Z', '--to', '2026-01-14T11:00Z'];
const FEW = ['--machines', 'Compressor-1,HVAC-Main', '--workers', '1', '--format', 'csv'];
const START = ['--scenario-start', '2026-01-14T10:00Z'];
writeFileSync(
  join(cwd, 'tale.yaml'),
  `name: tale
events:
  - { id: leak, at: 10m, duration: 20m, fault: { machine: Compressor-1, type: air_leak, severity: 3 } }
  - { id: gap, at: 20m, duration: 10m, defect: { machines: Compressor-1, kind: gap } }
`.replace('air_leak', 'leak'),
);
writeFileSync(
  join(cwd, 'other.yaml'),
  `name: other
start: 2026-01-14T10:00Z
events:
  - { id: gap, at: 40m, duration: 10m, defect: { machines: HVAC-Main, kind: gap } }
`,
);
const TALE = ['--scenario', 'tale.yaml', ...START];

const manifestOf = (folder: string) =>
  JSON.parse(readFileSync(join(cwd, folder, 'manifest.json'), 'utf8')) as Manifest;
const generate = (...words: string[]) => run(['generate', ...WINDOW, ...FEW, ...words], cwd);

/** Runs a command line that is refused; returns what it says. */
async function refusal(...words: string[]): Promise<string[]> {
  const { status, stderr } = await generate(...words);
  assert.equal(status, 2, stderr);
  return stderr.trimEnd().split('\n');
}

test('scenarios are told, and the command in the manifest makes the same dataset again', async () => {
  const words = [...TALE, '--scenario', 'other.yaml', '--labels', '--received', '--true'];
  const twins = ['--without', 'leak', '--without', 'other/gap', '--clean'];
  const first = await generate(...words, ...twins, '--out', 'first');
  assert.equal(first.status, 0, first.stderr);
  const { command = '', ...manifest } = manifestOf('first');
  assert.equal(
    command,
    'enms-simulator generate --from 2026-01-14T10:00:00Z --to 2026-01-14T11:00:00Z --seed 42 ' +
      '--machines Compressor-1,HVAC-Main --scenario tale.yaml --scenario other.yaml ' +
      '--scenario-start 2026-01-14T10:00:00Z --format csv --compress none --partition day ' +
      '--labels --received --true --clean --without leak --without other/gap',
  );
  const again = await run([...command.split(' ').slice(1), '--out', 'again'], cwd);
  assert.equal(again.status, 0, again.stderr);
  const { command: _, ...repeated } = manifestOf('again');
  assert.deepEqual(repeated, manifest);
  assert.deepEqual(
    manifest.scenarios?.map(({ name }) => name),
    ['tale', 'other'],
  );
  const folders = new Set(filesIn(join(cwd, 'first')).map((path) => path.split('/energy')[0]));
  for (const twin of ['true', 'clean', 'without/leak', 'without/other/gap'])
    assert.ok(folders.has(twin), twin);
});

test('the truth is sealed in a folder of its own, with a warning if its seed can be guessed', async () => {
  const seal = [...TALE, '--truth-out', 'truth', '--out', 'sealed'];
  const first = await generate(...seal);
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stderr, /its seed can be guessed: --seed is not given/);
  assert.ok(existsSync(join(cwd, 'truth', 'anomalies.csv')));
  assert.ok(!existsSync(join(cwd, 'sealed', 'anomalies.csv')));
  const second = await generate(...TALE, '--truth-out', 't2', '--out', 's2', '--seed', '7');
  assert.match(second.stderr, /its seed can be guessed: 7 is below 4294967296/);
  const secret = ['--seed', '9007199254740991'];
  const third = await generate(...TALE, '--truth-out', 't3', '--out', 's3', ...secret);
  assert.equal(third.status, 0);
  assert.doesNotMatch(third.stderr, /guessed/);
  assert.match(String(manifestOf('t3').command), / --truth-out \S+t3$/);
  assert.equal(manifestOf('s3').command, undefined);
});

test('the folder of the truth and that of the dataset do not contain each other', async () => {
  const message = '--truth-out: x/y and the folder of the dataset contain each other';
  assert.deepEqual(await refusal(...TALE, '--out', 'x', '--truth-out', 'x/y'), [message]);
  for (const [out, truth] of [
    ['x/y', 'x'],
    ['x', 'x'],
  ] as const)
    assert.deepEqual(await refusal(...TALE, '--out', out, '--truth-out', truth), [
      message.replace('x/y', truth),
    ]);
  mkdirSync(join(cwd, 'full'));
  writeFileSync(join(cwd, 'full', 'mine.txt'), 'mine');
  const { status, stderr } = await generate(...TALE, '--out', 'free', '--truth-out', 'full');
  assert.notEqual(status, 0);
  assert.match(stderr, /full is not empty and contains no dataset; give another --truth-out/);
});

test('options that need a scenario say so', async () => {
  const words = ['--received', '--true', '--without', 'leak', '--scenario-start', '2026-01-14'];
  assert.deepEqual(
    (await refusal(...words)).sort(),
    ['received', 'scenario-start', 'true', 'without'].map(
      (each) => `--${each}: requires --scenario`,
    ),
  );
  assert.deepEqual(await refusal('--truth-out', 'truth', '--wide'), [
    '--truth-out: does not apply to --wide, whose tables have labels',
  ]);
});

test('errors in scenarios and events are told with their places', async () => {
  writeFileSync(join(cwd, 'wrong.yaml'), 'name: wrong\nevents:\n  - { at: 1h, stop: {} }\n');
  const lines = await refusal(
    '--scenario',
    'wrong.yaml',
    '--scenario',
    'none.yaml',
    '--without',
    'x',
  );
  assert.ok(
    lines.some((line) => /^--scenario: "none.yaml" cannot be read/.test(line)),
    `${lines}`,
  );
  assert.ok(
    lines.some((line) => /wrong.yaml:3:/.test(line)),
    `${lines}`,
  );
  assert.deepEqual(await refusal(...TALE, '--without', 'leek'), [
    '--without: leek is not an event of a scenario; did you mean leak?',
  ]);
  assert.deepEqual(await refusal(...TALE, '--scenario', 'other.yaml', '--without', 'gap'), [
    '--without: gap is an event of several scenarios; write scenario/id',
  ]);
  const twice = await refusal(...TALE, '--scenario', 'tale.yaml');
  assert.match(twice.join('\n'), /is the name of another scenario, too/);
});

test('other destinations take scenarios, and refuse what only files have', async () => {
  const words = ['generate', ...WINDOW, '--machines', 'Compressor-1', '--format', 'csv'];
  const { status, stdout, stderr } = await run([...words, ...TALE, '--out', '-'], cwd);
  assert.equal(status, 0, stderr);
  const times = stdout
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.slice(11, 19));
  assert.equal(times.length, 3000);
  assert.deepEqual(times.slice(1199, 1201), ['10:20:00', '10:30:01']);
  const options = ['--labels', '--received', '--without', 'gap', '--truth-out', 't'];
  const lines = await refusal(...TALE, ...options, '--out', '-');
  for (const name of ['labels', 'received', 'without', 'truth-out'])
    assert.ok(lines.includes(`--${name}: applies to files, not to standard output`), `${lines}`);
});

test('a machine that a scenario adds can be chosen by its name', async () => {
  writeFileSync(
    join(cwd, 'lathe.yaml'),
    `name: lathe
start: 2026-01-14T10:00Z
events:
  - { at: 30m, change: { as: measure, add: [{ name: Lathe, type: motor, interval: 60 }] } }
`,
  );
  const words = [
    'generate',
    ...WINDOW,
    '--scenario',
    'lathe.yaml',
    '--format',
    'csv',
    '--workers',
    '1',
  ];
  const { status, stderr } = await run([...words, '--machines', 'Lathe', '--out', 'lathe'], cwd);
  assert.equal(status, 0, stderr);
  assert.equal(manifestOf('lathe').rows['energy'], 30);
});

test('a report of a window, and of a sealed dataset, tells what is told', async () => {
  const words = ['report', ...WINDOW, '--machines', 'Compressor-1,HVAC-Main', ...TALE];
  const window = await run([...words, '--out', 'window.html'], cwd);
  assert.equal(window.status, 0, window.stderr);
  assert.match(readFileSync(join(cwd, 'window.html'), 'utf8'), /Scenarios are told in the window/);
  const sealed = await run(['report', 'sealed', '--out', 'sealed.html'], cwd);
  assert.equal(sealed.status, 0, sealed.stderr);
  const page = readFileSync(join(cwd, 'sealed.html'), 'utf8');
  assert.match(page, /The truth of the dataset is sealed/);
  assert.doesNotMatch(page, /seed undefined/);
  const both = await run(['report', 'first', '--scenario', 'tale.yaml'], cwd);
  assert.equal(both.status, 2);
  assert.match(both.stderr, /--scenario: applies to a simulated window, and first is a dataset/);
});
