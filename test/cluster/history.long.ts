/** Ten kills of random workers during one `generate`. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../../src/core/random.ts';
import type { Program } from '../cli/program.ts';
import { withoutRedis } from '../redis.ts';
import { HistoryCluster } from './history-cluster.ts';

const KILLS = 10;
const WORKERS = 3;
/** Time between two kills [ms]: two workers may be dead before the first one's lock expires. */
const BETWEEN_MS = 1500;
const SEED = Number(process.env['KILL_SEED'] ?? 1);
const WEEKS = '--from 2026-01-01 --to 2026-01-22 --clean --labels --format parquet'.split(' ');
const cluster = new HistoryCluster();
before(() => cluster.begin());
after(() => cluster.end());

test(`workers that are killed ten times generate the same files (KILL_SEED=${SEED})`, {
  skip: withoutRedis(),
  timeout: 1_200_000,
}, async (t) => {
  const expected = await cluster.alone(WEEKS);
  const workers: Program[] = [];
  for (let i = 0; i < WORKERS; i++) workers.push(await cluster.worker());
  const program = cluster.generate(WEEKS, 'made');
  await cluster.writing('made');
  let isMade = false;
  void program.ended.then(() => {
    isMade = true;
  });
  const random = new Random(SEED, 'kills');
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(BETWEEN_MS);
    assert.ok(!isMade, `it was made before kill ${kill + 1}`);
    const unlucky = Math.floor(random.uniform(0, kill) * WORKERS);
    workers[unlucky]?.signal('SIGKILL');
    workers[unlucky] = await cluster.worker();
  }
  await cluster.assertMade(program, 'made', expected);
  t.diagnostic(program.stdout);
});
