/** What a cluster for history refuses, and its messages. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { HistoryClient } from '../../src/cluster/history/client.ts';
import { datasetJob } from '../../src/cluster/history/job.ts';
import { JobStore } from '../../src/cluster/history/job-store.ts';
import { historyQueue } from '../../src/cluster/history/queue.ts';
import { freshDirectory, Program, run } from '../cli/program.ts';
import { requestOf } from '../dataset/request.ts';
import { startRedis, withoutRedis } from '../redis.ts';
import { freePort } from '../servers.ts';
import { mounted } from '../store/places.ts';
import { HistoryCluster, SHORT } from './history-cluster.ts';

const SECRET = 'hunter2-hunter2';
const silent = { info: () => {}, warn: () => {} };
const cluster = new HistoryCluster();

describe('a cluster for history', { skip: withoutRedis() }, () => {
  before(() => cluster.begin());
  after(() => cluster.end());

  const worker = (env: Readonly<Record<string, string>> = {}) =>
    new Program(['worker', '--concurrency', '1'], cluster.cwd, { ...cluster.env, ...env });
  /** The output of a worker that ends by itself. */
  const refused = async () => {
    const { status, stderr } = await run(['worker'], cluster.cwd, cluster.env);
    assert.equal(status, 1);
    return stderr;
  };
  const client = () =>
    new HistoryClient({ redis: cluster.client, prefix: 'test', where: 'Redis', log: silent });

  it('has workers of one version', async () => {
    // A worker of another version, as Redis sees it.
    const queue = Buffer.from('history').toString('base64');
    const other = new Redis(cluster.redis.url, { connectionName: `test:${queue}:w:0.0.9` });
    await other.ping();
    const line =
      /^enms-simulator: the workers at Redis at 127\.0\.0\.1:\d+ run version 0\.0\.9, this is \S+: stop them first, or set another CLUSTER_PREFIX\n$/;
    assert.match(await refused(), line);
    const program = cluster.generate(SHORT, 'other');
    assert.equal(await program.ended, 1);
    assert.match(program.stderr, line);
    other.disconnect();
  });

  it('runs no job of another version, and leaves it to other workers', async () => {
    const jobs = new JobStore(cluster.client, 'test');
    const queue = historyQueue(cluster.client, 'test');
    const head = { flow: 'f', version: '0.0.9', fleetDigest: 'd', taskCount: 1 };
    await jobs.put('o', head, { kind: 'files', request: requestOf(), folder: '/' }, []);
    await queue.add('task', { order: 'o', flow: 'f', index: 0 });
    assert.match(
      await refused(),
      /^enms-simulator: this worker stops: a job of the cluster needs version 0\.0\.9, this is \S+\n$/,
    );
    assert.equal(await queue.getWaitingCount(), 1);
    await queue.obliterate({ force: true });
    await jobs.remove('o');
  });

  it('runs no job with machines that it computes differently', async () => {
    const ended = new AbortController();
    const out = join(freshDirectory(), 'dataset');
    const work = { ...datasetJob(requestOf(), out), fleetDigest: 'another' };
    const asked = assert.rejects(client().submit(work, { signal: ended.signal }), /interrupted/);
    assert.match(
      await refused(),
      /^enms-simulator: this worker stops: a job of the cluster has machines that differ here\n$/,
    );
    ended.abort();
    await asked;
  });

  it('reports a folder that is not shared, and a full disk', async (t) => {
    const program = worker();
    await program.said(/"working on history jobs"/);
    const out = join(freshDirectory(), 'dataset');
    const work = datasetJob(requestOf(), out);
    // Started elsewhere: the worker finds nothing there.
    const unshared = { ...work, begin: () => ({ tasks: [0], results: [] }) };
    // At the same time as the next, since both are retried for some seconds.
    const refused = assert.rejects(
      client().submit(unshared),
      /^DatasetError: \S+dataset is not the submitter's folder; do the computers share it\? \(at .+\)$/,
    );
    const folder = mounted(t, 'size=1m');
    const dataset = folder && join(folder, 'dataset');
    const full = dataset && cluster.generate([...SHORT, '--format', 'csv'], dataset);
    await refused;
    assert.match(program.stdout, /"reason":"\S+dataset is not the submitter's folder/);
    assert.equal(existsSync(out), false);
    if (!full) return;
    assert.equal(await full.ended, 1);
    const reason = /cannot write \S+: no space is left on the disk/;
    assert.match(full.stderr, new RegExp(`^enms-simulator: ${reason.source} \\(at \\S+\\)$`, 'm'));
    assert.match(full.stderr, new RegExp(`${reason.source} \\(at \\S+\\); trying again$`, 'm'));
    assert.match(program.stdout, reason);
    const left = cluster.files(dataset);
    assert.deepEqual(
      left.filter((path) => /\.part$|\.csv$|^manifest\.json$/.test(path)),
      [],
    );
  });

  it('waits for a Redis that is not started yet, and logs it once', async () => {
    const port = await freePort();
    const program = worker({ REDIS_URL: `redis://me:${SECRET}@127.0.0.1:${port}/1` });
    await program.said(/"waiting for Redis at 127\.0\.0\.1:\d+\/1"/);
    const redis = await startRedis({ port });
    await program.said(/Redis at 127\.0\.0\.1:\d+\/1: WRONGPASS/);
    assert.equal(await program.ended, 1);
    assert.equal(program.stdout.match(/waiting for/g)?.length, 1, program.stdout);
    assert.ok(!(program.stdout + program.stderr).includes(SECRET));
    const other = worker({ REDIS_URL: redis.url });
    await other.said(/"working on history jobs"/);
    await redis.close();
    other.signal('SIGTERM');
    await other.ended;
  });
});
