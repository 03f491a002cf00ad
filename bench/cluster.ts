/**
 * Datasets made by 1, 2 and 3 workers of a cluster, a task at a time each, on the cores of this
 * computer: against one process alone, and each the same bytes. What that takes of the processors
 * in all processes together, Redis too, says what a cluster costs also where others keep them
 * busy. CLUSTER_DAYS says how many days.
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

/** Seconds of processors for a million rows, by contestant. */
const costs = new Map<string, number[]>();

/** Seconds of processors that this process and all below it have taken; Linux alone says so. */
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
      // User and system, own and of children that have ended.
      ticks.set(
        Number(name),
        fields.slice(11, 15).reduce((a, b) => a + b, 0),
      );
    } catch {
      // It has ended meanwhile.
    }
  }
  const isOurs = (pid: number | undefined): boolean =>
    pid === process.pid || (pid !== undefined && pid > 1 && isOurs(parents.get(pid)));
  return [...ticks].reduce((sum, [pid, own]) => sum + (isOurs(pid) ? own / 100 : 0), 0);
}

/** A dataset in a folder of its own, and how many rows it has. */
async function rowsOf(name: string, make: (folder: string) => Promise<unknown>): Promise<number> {
  const folder = join(parent, 'dataset');
  const beforeS = cpuS();
  await make(folder);
  const takenS = cpuS() - beforeS;
  const text = readFileSync(join(folder, 'manifest.json'), 'utf8');
  expected ??= text;
  if (text !== expected) throw new Error('other bytes than those of one process alone');
  const rows = Object.values(JSON.parse(text).rows as Record<string, number>);
  const allRows = rows.reduce((a, b) => a + b, 0);
  costs.set(name, [...(costs.get(name) ?? []), (1e6 * takenS) / allRows]);
  return allRows;
}

let expected: string | undefined;

/** A cluster with so many workers: they share the server by a prefix of their own. */
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
  console.log(`  ${name.padEnd(28)} ${figures} s of processors for a million rows`);
}
console.log(`  the same ${expected?.length} bytes of manifest each time`);
for (const worker of workers) worker.kill('SIGKILL');
redis.disconnect();
await server.close();
rmSync(parent, { recursive: true, force: true });
