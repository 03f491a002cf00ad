/** Wide tables by every way that makes them: the command, a cluster, the running factory. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before, describe, it } from 'node:test';
import { freshDirectory, run } from '../cli/program.ts';
import { HistoryCluster } from '../cluster/history-cluster.ts';
import { withoutRedis } from '../redis.ts';
import { startSimulation } from '../simulation.ts';
import { sharedStore } from '../store/places.ts';
import { csvRows, freshFolder } from './request.ts';

const WINDOW = ['--from', '2026-01-14T10:00:00Z', '--to', '2026-01-14T11:00:00Z'];
const FEW = ['--machines', 'HVAC-Main,Conveyor-A', '--format', 'csv'];
const cwd = freshDirectory();
const simulator = (...words: string[]) => run(words, cwd);

/** Asserts that a command is refused with these lines and nothing else. */
async function refused(words: readonly string[], lines: readonly RegExp[]): Promise<void> {
  const { status, stderr } = await simulator('generate', ...WINDOW, ...words);
  assert.equal(status, 2, stderr);
  const found = stderr.split('\n').filter((line) => line.startsWith('--'));
  assert.equal(found.length, lines.length, stderr);
  for (const [i, line] of lines.entries()) assert.match(found[i] as string, line);
}

test('the command in the manifest of a wide dataset makes it again', async () => {
  const words = ['--wide', '--split', '70/20/10', '--resample', '5m'];
  const first = await simulator('generate', ...WINDOW, ...FEW, ...words, '--out', 'first');
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stdout, /^first: 27 rows in 6 files, /);
  const manifest = JSON.parse(readFileSync(join(cwd, 'first', 'manifest.json'), 'utf8'));
  assert.match(
    manifest.command,
    / --resample 5m --format csv --compress none --wide --split 70\/20\/10$/,
  );
  assert.deepEqual(manifest.rows['wide/hvac'], 12);
  const again = await simulator(...manifest.command.split(' ').slice(1), '--out', 'again');
  assert.equal(again.status, 0, again.stderr);
  const compared = await simulator('compare', 'first', 'again');
  assert.match(compared.stdout, /^equal: 6 files, /);
  const other = [...WINDOW, ...FEW, '--wide', '--resample', '5m', '--out', 'other'];
  await simulator('generate', ...other);
  assert.match((await simulator('compare', 'first', 'other')).stdout, /^split: /);
});

test('a folder with tables by channel is not continued with wide ones', async () => {
  await simulator('generate', ...WINDOW, ...FEW, '--labels', '--out', 'channels');
  const { status, stderr } = await simulator(
    'generate',
    ...WINDOW,
    ...FEW,
    '--wide',
    '--out',
    'channels',
  );
  assert.equal(status, 1);
  assert.match(stderr, /channels contains another dataset \(partition: "day" and "whole"\)/);
});

test('what wide tables cannot do is refused in one sentence', async () => {
  await refused(
    ['--wide', '--partition', 'day', '--split', '60/60/60'],
    [
      /--split: "60\/60\/60" is not accepted; the percentages of train, validation and test, like 60\/20\/20$/,
      /--partition: does not apply to --wide, with one file for each machine type$/,
    ],
  );
  await refused(['--split', '60/20/20'], [/--split: requires --wide$/]);
  await refused(['--wide', '--out', '-'], [/--wide: applies to files, not to standard output$/]);
  await refused(
    ['--wide', '--postgres', 'postgres://localhost/enms'],
    [/--wide: applies to files, not to a database$/],
  );
  await refused(
    ['--wide', '--mqtt', 'mqtt://localhost'],
    [/--wide: applies to files, not to a broker$/],
  );
  await simulator('generate', ...WINDOW, ...FEW, '--wide', '--out', 'wide');
  const { status, stderr } = await simulator('report', 'wide');
  assert.equal(status, 1);
  assert.match(stderr, /wide has wide tables; a report needs a dataset made without --wide\n$/);
});

test('an export of the running factory can have wide tables', async () => {
  const simulation = await startSimulation({
    store: await sharedStore('PGlite'),
    env: { DATA_DIR: freshFolder() },
    requestsPerMinute: 1e9,
  });
  try {
    const url = '/simulator/exports';
    const payload = { from: '2026-06-01T11:00:00Z', to: '2026-06-01T12:00:00Z', wide: true };
    const asked = await simulation.app.inject({ method: 'POST', url, payload });
    assert.equal(asked.statusCode, 202, asked.body);
    const { id } = asked.json().data;
    let shown = asked.json().data;
    while (shown.state === 'running' || shown.files === undefined)
      shown = (await simulation.app.inject({ url: `${url}/${id}` })).json();
    assert.deepEqual([shown.state, shown.wide, shown.labels], ['done', true, true]);
    assert.equal(shown.rows, shown.rows_total);
    const paths = shown.files.map(({ path }: { path: string }) => path);
    assert.ok(paths.includes('wide/compressor.parquet'), paths.join());
    const bad = { ...payload, partition: 'day' };
    const refusal = await simulation.app.inject({ method: 'POST', url, payload: bad });
    assert.equal(refusal.statusCode, 422);
    assert.match(
      refusal.body,
      /does not apply to wide tables, with one file for each machine type/,
    );
  } finally {
    await simulation.close();
  }
});

describe('wide tables on a cluster', { skip: withoutRedis() }, () => {
  const cluster = new HistoryCluster();
  before(() => cluster.begin());
  after(() => cluster.end());

  it('are the files of a single process', async () => {
    const words = [...WINDOW, ...FEW, '--wide', '--clean'];
    await cluster.worker();
    await cluster.made(words, 'shared', await cluster.alone(words));
    const rows = csvRows(cluster.cwd, 'shared', 'wide', 'hvac.csv');
    assert.deepEqual(new Set(rows.map(({ machine_name: name }) => name)), new Set(['HVAC-Main']));
  });
});
