/** Exports of a service whose cluster makes them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ClusterGeneration } from '../../src/cluster/history/generation.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { generateDataset } from '../../src/dataset/generation.ts';
import { version } from '../../src/runtime/version.ts';
import { Exports, type MakeDataset } from '../../src/service/exports.ts';
import { filesIn, freshFolder, made, requestOf } from '../dataset/request.ts';
import { withoutRedis } from '../redis.ts';
import { logLines, sharedStore } from '../store/places.ts';
import { until } from '../until.ts';
import { HistoryCluster } from './history-cluster.ts';

const PUMP = 'c0000000-0000-0000-0000-000000000004';
const SHORT = requestOf({ machineIds: [PUMP], version }, 48);
/** So much that no test sees its end. */
const LONG = requestOf({ partition: 'month', version }, 24 * 300);
const cluster = new HistoryCluster();

describe('an export of a service with a cluster', {
  skip: withoutRedis(),
}, () => {
  let here = 0;
  const log = logLines();
  const make: MakeDataset = (request, options) => {
    here++;
    return generateDataset(request, { ...options, workers: 1 });
  };
  const folder = freshFolder();
  let exports: Exports;
  let generation: ClusterGeneration;
  let expected: string;
  before(async () => {
    await cluster.begin();
    expected = readFileSync(join((await made(SHORT)).folder, 'manifest.json'), 'utf8');
    const configuration = loadConfiguration({ env: cluster.env, cwd: cluster.cwd });
    generation = new ClusterGeneration(configuration, log, make);
    const { database } = await sharedStore('PGlite');
    exports = new Exports(database, folder, log, { make: generation.make });
    await exports.begin();
  });
  after(async () => {
    await exports.close();
    await generation.close();
    await cluster.end();
  });

  async function ended(): Promise<void> {
    const { id } = await exports.create(SHORT);
    await until(async () => (await exports.get(id)).state !== 'running');
    const { state, error, rows, allRows } = await exports.get(id);
    assert.deepEqual([state, error, rows], ['done', null, allRows]);
    assert.equal(readFileSync((await exports.file(id, 'manifest.json')).path, 'utf8'), expected);
  }

  it('is made by the service itself while no worker is there', async () => {
    await ended();
    assert.equal(here, 1);
    assert.match(log.lines.join('\n'), /no worker of the cluster is there: an export is made here/);
  });

  it('is made by the workers that are there, the same bytes', async () => {
    await cluster.worker();
    await ended();
    assert.equal(here, 1);
  });

  it('tells how far the whole is, and ends when it is removed', async () => {
    const worker = await cluster.worker();
    const { id } = await exports.create(LONG);
    await until(async () => (await exports.get(id)).rows !== 0);
    const { rows, allRows } = await exports.get(id);
    assert.ok(rows > 0 && rows < allRows, `${rows} of ${allRows}`);
    await exports.remove(id);
    assert.equal(existsSync(join(folder, id)), false);
    assert.deepEqual(await cluster.client.keys('*order*'), []);
    assert.deepEqual(await cluster.client.lrange('test:history:active', 0, -1), []);
    worker.signal('SIGTERM');
    assert.equal(await worker.ended, 0);
    assert.ok(!filesIn(folder).some((path) => path.startsWith(id)));
  });

  it('is made by the service itself while Redis is away', async () => {
    await cluster.redis.kill();
    await ended();
    assert.equal(here, 2);
  });
});
