/** History on a cluster, as a user sees it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Program, run } from '../cli/program.ts';
import { withoutRedis } from '../redis.ts';
import { HistoryCluster, LONG, SHORT } from './history-cluster.ts';

const MACHINES = ['--machines', 'Hydraulic-Pump-1,HVAC-Main'];
const MANY = [...SHORT, ...MACHINES, '--format', 'csv', '--clean', '--labels'];
const cluster = new HistoryCluster();

describe('history on a cluster', { skip: withoutRedis() }, () => {
  let expected: string;
  before(async () => {
    await cluster.begin();
    expected = await cluster.alone(MANY);
  });
  after(() => cluster.end());

  it('is the same files from one, two and three workers as from a single process', async () => {
    const workers: Program[] = [];
    for (const count of [1, 2, 3]) {
      workers.push(await cluster.worker());
      const { stdout, stderr } = await cluster.made(MANY, `by-${count}`, expected);
      assert.equal(stderr, '');
      assert.match(stdout, /^by-\d: \d+\.\d k rows in 16 files, /);
    }
    for (const worker of workers) worker.signal('SIGTERM');
    for (const worker of workers) assert.equal(await worker.ended, 0, worker.stderr);
  });

  it('moves to another worker at once when its worker is stopped', async () => {
    const first = await cluster.worker();
    const program = cluster.generate(LONG, 'handed');
    await cluster.writing('handed');
    const second = await cluster.worker();
    const toldMs = performance.now();
    first.signal('SIGTERM');
    assert.equal(await first.ended, 0, first.stderr);
    assert.ok(performance.now() - toldMs < 5000);
    await cluster.assertMade(program, 'handed', await cluster.alone(LONG));
    assert.doesNotMatch(second.stdout, /took over/);
    second.signal('SIGTERM');
    await second.ended;
  });

  it('is cancelled when the submitter is stopped, and resumed by the same command', async () => {
    const worker = await cluster.worker();
    const program = cluster.generate(LONG, 'cut');
    await cluster.writing('cut', 1);
    program.signal('SIGINT');
    assert.equal(await program.ended, 130, program.stderr);
    assert.match(
      program.stderr,
      /^enms-simulator: interrupted; run the same command again to resume$/m,
    );
    assert.equal(existsSync(join(cluster.cwd, 'cut', 'manifest.json')), false);
    assert.ok(!cluster.files('cut').some((path) => path.endsWith('.part')));
    assert.deepEqual(await cluster.client.lrange('test:history:wait', 0, -1), []);
    assert.deepEqual(await cluster.client.lrange('test:history:active', 0, -1), []);
    assert.deepEqual(await cluster.client.keys('*order*'), []);
    await cluster.made(LONG, 'cut', cluster.manifest('handed'));
    worker.signal('SIGTERM');
    await worker.ended;
  });

  it('is left alone by workers of another prefix', async () => {
    const stranger = await cluster.worker({ CLUSTER_PREFIX: 'other' });
    const program = cluster.generate(MANY, 'ours');
    await program.said(
      /^enms-simulator: no worker is connected yet; start one with enms-simulator worker$/m,
    );
    await cluster.worker();
    await cluster.assertMade(program, 'ours', expected);
    assert.ok((await cluster.client.keys('other:history:id')).length === 0, stranger.stdout);
  });

  it('supports only files and databases, and needs a server', async () => {
    const words = ['generate', ...SHORT, '--cluster', '--out'];
    const refused = async (words: readonly string[], env: Readonly<Record<string, string>>) => {
      const { status, stderr } = await run(words, cluster.cwd, env);
      assert.equal(status, 2);
      return stderr;
    };
    assert.match(
      await refused([...words, '-'], cluster.env),
      /^--cluster: applies to files and databases, not to standard output$/m,
    );
    const alone = await refused([...words, 'x', '--workers', '2'], {});
    assert.match(alone, /^--workers: applies to one computer/m);
    assert.match(alone, /^--cluster: needs REDIS_URL/m);
    assert.match(
      await refused(['worker', '--only', 'histroy'], {}),
      /^--only: "histroy" is not accepted; .*did you mean history\?/m,
    );
  });
});
