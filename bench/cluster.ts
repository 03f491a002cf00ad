/**
 * Datasets made by 1, 2 and 3 workers of a cluster, one task at a time each, on the cores of this
 * computer, compared with one process alone. All give the same bytes. The processor time of all
 * processes, Redis included, shows what a cluster costs even on a busy computer. CLUSTER_DAYS sets
 * the number of days.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openRedis } from '../src/cluster/connection.ts';
import { HistoryClient } from '../src/cluster/history/client.ts';
import { datasetJob } from '../src/cluster/history/job.ts';
import { generateDataset } from '../src/dataset/generation.ts';
import { startRedis } from '../test/redis.ts';
import { requestOf } from './history.ts';
import { compare } from './measure.ts';

const DAYS = Number(process.env['CLUSTER_DAYS'] ?? 8);
const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const SIZES = [1, 2, 3];
const ALONE = 'one process alone';

const REQUEST = requestOf(DAYS, 'csv');

const parent = mkdtempSync(join(tmpdir(), 'enms-cluster-'));
const server = await startRedis();
const silent = { info: () => {}, warn: () => {} };
const redis = await openRedis(server.url, silent);
const workers: ChildProcess[] = [];

/** Processor time per million rows [s], by contestant. */
const costs = new Map<string, number[]>();

/** Processor time of this process and its descendants so far [s]; works on Linux only. */
function cpuS(): number {
  const ticks = new Map<number, number>();
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      parents.set(Number(name), fields[1] as number);
      // User and system time, its own and that of its children that have ended.
      ticks.set(
        Number(name),
        fields.slice(11, 15).reduce((a, b) => a + b, 0),
      );
    } catch {
      // The process has ended in the meantime.
    }
  }
  const isOurs = (pid: number | undefined): boolean =>
    pid === process.pid || (pid !== undefined && pid > 1 && isOurs(parents.get(pid)));
  return [...ticks].reduce((sum, [pid, own]) => sum + (isOurs(pid) ? own / 100 : 0), 0);
}

/** Makes a dataset in a new folder. @returns Its number of rows. */
async function rowsOf(name: string, make: (folder: string) => Promise<unknown>): Promise<number> {
  const folder = join(parent, 'dataset');
  const beforeS = cpuS();
  await make(folder);
  const takenS = cpuS() - beforeS;
  const text = readFileSync(join(folder, 'manifest.json'), 'utf8');
  expected ??= text;
  if (text !== expected) throw new Error('the bytes differ from those of one process alone');
  const rows = Object.values(JSON.parse(text).rows as Record<string, number>);
  const allRows = rows.reduce((a, b) => a + b, 0);
  costs.set(name, [...(costs.get(name) ?? []), (1e6 * takenS) / allRows]);
  return allRows;
}

let expected: string | undefined;

/** A cluster with `size` workers; its own prefix lets clusters share the Redis server. */
async function cluster(name: string, size: number): Promise<() => Promise<number>> {
  const prefix = `bench-${size}`;
  for (let i = 0; i < size; i++) {
    const worker = spawn(process.execPath, [MAIN, 'worker', '--concurrency', '1'], {
      env: { REDIS_URL: server.url, CLUSTER_PREFIX: prefix },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(worker.stdout, 'data');
    workers.push(worker);
  }
  const client = new HistoryClient({ redis, prefix, where: 'Redis', log: silent });
  return () => rowsOf(name, (folder) => client.submit(datasetJob(REQUEST, folder)));
}

const contestants: Record<string, () => Promise<number>> = {
  [ALONE]: () => rowsOf(ALONE, (folder) => generateDataset(REQUEST, { folder, workers: 1 })),
};
for (const size of SIZES) {
  const name = `${size} ${size === 1 ? 'worker' : 'workers'}`;
  contestants[name] = await cluster(name, size);
}
await compare(`CSV, ${DAYS} days`, contestants, {
  against: ALONE,
  unit: 'rows',
  runs: 5,
  clear: () => rmSync(join(parent, 'dataset'), { recursive: true, force: true }),
});
for (const [name, all] of costs) {
  const ordered = all.slice(1).sort((a, b) => a - b);
  const [least, middle, most] = [0, ordered.length >> 1, ordered.length - 1].map((i) => ordered[i]);
  const figures = [least, middle, most].map((each) => each?.toFixed(2)).join(' / ');
  console.log(`  ${name.padEnd(28)} ${figures} s of processor time per million rows`);
}
console.log(`  the same manifest of ${expected?.length} bytes each time`);
for (const worker of workers) worker.kill('SIGKILL');
redis.disconnect();
await server.close();
rmSync(parent, { recursive: true, force: true });
