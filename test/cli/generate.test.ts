/** `generate` and `compare` as a user sees them. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import test, { after } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { count, ProgressLine, span } from '../../src/cli/progress-line.ts';
import { Reporter } from '../../src/cli/reporter.ts';
import type { Manifest } from '../../src/dataset/manifest.ts';
import { MAIN } from '../main-program.ts';
import { type Run, run } from './program.ts';

const cwd = mkdtempSync(join(tmpdir(), 'enms-generate-'));
after(() => rmSync(cwd, { recursive: true, force: true }));

const WINDOW = ['--from', '2026-01-14T10:00Z', '--to', '2026-01-14T10:10Z'];
/** How often the progress of a program is checked [ms]. */
const POLL_MS = 5;
/** For tests that do not depend on the number of workers: each one takes time to start. */
const BY_ONE = ['--workers', '1'];

function simulator(words: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  return run(words, cwd, env);
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(cwd, folder, 'manifest.json'), 'utf8')) as Manifest;
}

function refused(
  run: Pick<Run, 'stderr'> & { status: number | null },
  exitCode: number,
  lines: readonly RegExp[],
): void {
  const found = run.stderr.trimEnd().split('\n');
  assert.equal(run.status, exitCode, run.stderr);
  assert.equal(found.length, lines.length, run.stderr);
  for (const [i, line] of lines.entries()) assert.match(found[i] as string, line);
}

test('every option is read', async () => {
  const words = ['--format', 'jsonl', '--compress', 'gzip', '--partition', 'month', '--seed', '7'];
  const more = ['--machines', 'compressor-1,HVAC-Main', '--labels', '--clean', '--workers', '2'];
  const run = await simulator(['generate', ...WINDOW, ...words, ...more, '--out', 'all']);
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /^all: 4\.0 k rows in 10 files, 0\.\d MB, \d+ s\n$/);
  const { command, rows, files, ...identity } = manifestOf('all');
  assert.equal(files.length, 10);
  assert.equal(rows['clean/energy'], 660);
  assert.deepEqual(
    [identity.seed, identity.format, identity.compression, identity.partition],
    [7, 'jsonl', 'gzip', 'month'],
  );
  assert.deepEqual([identity.labels, identity.clean], [true, true]);
  assert.deepEqual(identity.machines.length, 2);
  assert.equal(
    command,
    'enms-simulator generate --from 2026-01-14T10:00:00Z --to 2026-01-14T10:10:00Z --seed 7 ' +
      '--machines compressor-1,HVAC-Main --format jsonl --compress gzip --partition month ' +
      '--labels --clean',
  );
});

test('readings are resampled to a longer interval, as the manifest says', async () => {
  const run = await simulator([
    'generate',
    ...WINDOW,
    ...BY_ONE,
    '--resample',
    '5m',
    '--out',
    'condensed',
  ]);
  assert.equal(run.status, 0, run.stderr);
  const { command, rows, resample_seconds: seconds } = manifestOf('condensed');
  assert.deepEqual([rows['energy'], seconds], [10, 300]);
  assert.match(String(command), / --resample 5m /);
  const flat = await simulator(['generate', ...WINDOW, '--resample', '300', '--out', '-']);
  assert.deepEqual([flat.status, flat.stdout.trimEnd().split('\n').length], [0, 11]);
});

test('the command in the manifest makes the same dataset again', async () => {
  writeFileSync(
    join(cwd, 'plant.yaml'),
    'factories:\n  - id: 22222222-2222-2222-2222-222222222222\n    name: Plant\n    machines:\n' +
      '      - { id: c0000000-0000-0000-0000-00000000000a, name: Press, type: pump }\n',
  );
  const env = { PUMP_INTERVAL: '5', ANOMALY_PROBABILITY: '0.5' };
  const made = ['--factory', 'plant.yaml', '--format', 'csv'];
  const first = await simulator(['generate', ...WINDOW, ...BY_ONE, ...made, '--out', 'first'], env);
  assert.equal(first.status, 0, first.stderr);
  const { command = '' } = manifestOf('first');
  const words = command.split(' ');
  const again = Object.fromEntries(
    words.slice(0, words.indexOf('enms-simulator')).map((each) => each.split('=')),
  ) as Record<string, string>;
  assert.deepEqual(again, env);
  const behind = words.slice(words.indexOf('generate'));
  assert.equal((await simulator([...behind, ...BY_ONE, '--out', 'again'], again)).status, 0);
  const { status, stdout } = await simulator(['compare', 'first', 'again']);
  assert.equal(status, 0);
  assert.match(stdout, /^equal: 7 files, 36\d rows\n$/);
});

test('compare reports the first difference and exits with 1', async () => {
  for (const seed of ['1', '2'])
    await simulator([
      ...['generate', ...WINDOW, ...BY_ONE, '--machines', 'Conveyor-A', '--format', 'csv'],
      ...['--seed', seed, '--out', seed],
    ]);
  const { status, stdout } = await simulator(['compare', '1', '2']);
  assert.deepEqual([status, stdout], [1, 'seed: 1 and 2\n']);
  refused(await simulator(['compare', '1']), 2, [/^compare: needs two folders/]);
  refused(await simulator(['compare', '1', 'none']), 1, [/cannot read none: it does not exist/]);
});

test('flat records can go to standard output', async () => {
  const words = ['generate', ...WINDOW, '--machines', 'Conveyor-A', '--out', '-'];
  const csv = await simulator(words);
  assert.equal(csv.status, 0, csv.stderr);
  assert.match(csv.stdout, /^time,machine_id,power_kw.*,production_count,.*vibration_mm_s\n/);
  assert.equal(csv.stdout.split('\n').length, 62);
  const jsonl = await simulator([...words, '--format', 'jsonl']);
  const lines = jsonl.stdout.trimEnd().split('\n');
  assert.equal(lines.length, 60);
  assert.equal(JSON.parse(lines[59] as string).time, '2026-01-14T10:10:00Z');
});

test('all errors in the options are reported at once', async () => {
  const run = (...words: string[]) => simulator(['generate', ...words, '--out', 'bad']);
  refused(await run(), 2, [
    /^--from: is missing; now, .*, an instant/,
    /^--to: is missing; now, .*, an instant/,
  ]);
  refused(await run('--from', '2026-02-01', '--to', '2026-01-01'), 2, [
    /^--to: 2026-01-01 is not after --from 2026-02-01$/,
  ]);
  refused(
    await run('--from', 'x', '--to', '2026-02-30', '--format', 'parket', '--machines', 'HVAC'),
    2,
    [
      /^--from: "x" is not accepted/,
      /^--to: "2026-02-30" is not accepted/,
      /^--machines: there is no machine "HVAC"; ids or names, separated by commas/,
      /^--format: "parket" is not accepted; parquet, csv or jsonl \(did you mean parquet\?\)$/,
    ],
  );
  refused(await run(...WINDOW, '--format', 'csv', '--compress', 'zstd', '--workers', '0'), 2, [
    /^--compress: csv files are written with none or gzip$/,
    /^--workers: "0" is not accepted; a whole number from 1 to 256$/,
  ]);
  refused(
    await simulator(['generate', ...WINDOW, '--out', '-', '--format', 'parquet', '--labels']),
    2,
    [
      /^--labels: applies to files, not to standard output$/,
      /^--format: standard output accepts csv or jsonl$/,
    ],
  );
  refused(await run(...WINDOW, '--resample', '25s', '--machines', 'Compressor-1,HVAC-Main'), 2, [
    /^--resample: 25s is not a multiple of 10s, the interval of HVAC-Main$/,
  ]);
  refused(await run(...WINDOW, '--resample', '2d'), 2, [
    /^--resample: "2d" is not accepted; seconds or a duration like 90m, .* to 1d$/,
  ]);
  assert.ok(!existsSync(join(cwd, 'bad')));
});

test('a folder that is not writable is reported in one line, with exit code 1', async () => {
  writeFileSync(join(cwd, 'file'), 'kept');
  for (const out of ['file', join('file', 'below')])
    refused(await simulator(['generate', ...WINDOW, '--out', out]), 1, [
      /cannot use the folder file.*: a file is in the place of a folder$/,
    ]);
  assert.equal(readFileSync(join(cwd, 'file'), 'utf8'), 'kept');
  refused(await simulator(['generate', ...WINDOW, '--out', '/proc/dataset']), 1, [
    /cannot create \/proc\/dataset: the file system at \/proc allows no new folders$/,
  ]);
});

for (const format of ['csv', 'parquet'])
  test(`a full disk leaves no incomplete file: ${format}`, async () => {
    // A limit on the size of files stands in for a full disk.
    const words = `generate --from 2026-01-14 --to 2026-01-15 --format ${format} --workers 1 --out full`;
    const shell = `trap '' XFSZ; ulimit -f 1000; exec "$0" "$1" ${words}`;
    const run = spawnSync('sh', ['-c', shell, process.execPath, MAIN], {
      cwd,
      env: {},
      encoding: 'utf8',
    });
    refused(run, 1, [/cannot write full\/\w+\/factory=demo\/2026-01-14\.\w+: .*file/]);
    const left = readdirSync(join(cwd, 'full'), { recursive: true }).map(String);
    assert.ok(!left.some((path) => path.endsWith('.part') || path.endsWith(format)), `${left}`);
    rmSync(join(cwd, 'full'), { recursive: true });
  });

test('a signal ends it, and the same command continues', async () => {
  const words = ['generate', '--from', '2026-01-01', '--to', '2026-01-21', '--machines'];
  const all = [...words, 'HVAC-Main', '--format', 'csv', '--workers', '1', '--out', 'cut'];
  const child = spawn(process.execPath, [MAIN, ...all], { cwd, env: {} });
  const energy = join(cwd, 'cut', 'energy', 'factory=demo', '2026-01-01.csv');
  while (!existsSync(energy) && child.exitCode === null) await pause(POLL_MS);
  child.kill('SIGINT');
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const [exitCode] = await once(child, 'close');
  assert.equal(exitCode, 130);
  assert.match(said, /interrupted; run the same command again to resume/);
  assert.ok(!existsSync(join(cwd, 'cut', 'manifest.json')));
  assert.equal((await simulator(all)).status, 0);
  assert.equal(manifestOf('cut').rows['energy'], 20 * 8640);
});

test('a terminal gets a bar with rows, rate and time left, a pipe one line per minute', () => {
  let nowMs = 0;
  let said = '';
  const output = (isTTY: boolean) => {
    const stderr = new Writable({
      decodeStrings: false,
      write(text, _encoding, done) {
        said += text;
        done();
      },
    });
    return new Reporter({ stdout: stderr, stderr: Object.assign(stderr, { isTTY }) });
  };
  const pipe = new ProgressLine(output(false), 'rows', () => nowMs);
  for (nowMs = 0; nowMs <= 120_000; nowMs += 1000) pipe.show(10 * nowMs, 2_400_000);
  pipe.end();
  assert.equal(
    said,
    '25 %  600.0 k of 2.40 M rows  10.0 k rows/s  3 min 00 s left\n' +
      '50 %  1.20 M of 2.40 M rows  10.0 k rows/s  2 min 00 s left\n',
  );
  said = '';
  nowMs = 0;
  const terminal = new ProgressLine(output(true), 'rows', () => nowMs);
  terminal.show(0, 1000);
  nowMs = 2000;
  terminal.show(500, 1000);
  terminal.end();
  const bar = `${'█'.repeat(12)}${'░'.repeat(12)}`;
  assert.ok(said.includes(`\r\x1b[K${bar} 50 %  500 of 1.0 k rows  250 rows/s  2 s left`), said);
  assert.ok(said.endsWith('\r\x1b[K'));
});

test('numbers and times are printed for people', () => {
  assert.deepEqual(
    [count(0), count(999), count(1000), count(12_345_678)],
    ['0', '999', '1.0 k', '12.35 M'],
  );
  assert.deepEqual([span(5), span(65), span(3900)], ['5 s', '1 min 05 s', '1 h 05 min']);
});

test('energy registers are told in the manifest, and its command makes them again', async () => {
  const began = ['--registers', '--registers-from', '2026-01-14T09:00Z'];
  const run = await simulator(['generate', ...WINDOW, ...began, ...BY_ONE, '--out', 'registers']);
  assert.equal(run.status, 0, run.stderr);
  const manifest = manifestOf('registers');
  assert.equal(manifest.registers_from, '2026-01-14T09:00:00Z');
  const { command = '' } = manifest;
  assert.match(command, / --registers --registers-from 2026-01-14T09:00:00Z /);
  const [, ...words] = command.split(' ');
  const again = await simulator([...words, ...BY_ONE, '--out', 'registers-again']);
  assert.equal(again.status, 0, again.stderr);
  assert.deepEqual(manifestOf('registers-again').files, manifest.files);
  const env = { ENERGY_REGISTERS: 'true' };
  const byVariable = await simulator(['generate', ...WINDOW, ...BY_ONE, '--out', 'variable'], env);
  assert.equal(byVariable.status, 0, byVariable.stderr);
  assert.equal(manifestOf('variable').registers_from, '2026-01-14T10:00:00Z');
});

test('a beginning of energy registers needs registers, and none begins inside the window', async () => {
  const late = ['--registers-from', '2026-01-14T10:05Z'];
  refused(await simulator(['generate', ...WINDOW, ...late]), 2, [
    /--registers-from: requires --registers/,
  ]);
  refused(await simulator(['generate', ...WINDOW, '--registers', ...late]), 2, [
    /--registers-from: 2026-01-14T10:05Z is after --from 2026-01-14T10:00Z/,
  ]);
});
