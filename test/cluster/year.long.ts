/** A year with eight scenarios at once: the same files however they are made. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from '../cli/program.ts';
import { withoutRedis } from '../redis.ts';
import { HistoryCluster } from './history-cluster.ts';

const SCENARIOS = [
  'growing-leak',
  'filter-clogging',
  'night-shift',
  'vsd-retrofit',
  'wrong-ct',
  'watt-hours',
  'stuck-sensor',
  'gateway-outage',
];
const NAMES = {
  'Compressor-1': ['compressor', 55],
  'HVAC-Main': ['hvac', 150],
  'Conveyor-A': ['motor', 22],
  'Hydraulic-Pump-1': ['pump', 45],
  'Injection-Molding-1': ['injection_molding', 120],
} as const;
const YEAR = '--from 2026-01-05 --to 2027-01-05';
const JUNE = '--from 2026-06-01 --to 2026-07-01';
const cluster = new HistoryCluster();
before(async () => {
  await cluster.begin();
  // A reading each minute is enough, and takes a minute instead of half an hour.
  const machines = Object.entries(NAMES).map(([name, [type, kw]]) => {
    return { name, type, rated_power_kw: kw, interval: 60 };
  });
  const factory = { factories: [{ name: 'Year', topic: 'year', machines }] };
  writeFileSync(join(cluster.cwd, 'factory.json'), JSON.stringify(factory));
});
after(() => cluster.end());

/** The options of a dataset with all scenarios. */
function wordsOf(window: string): readonly string[] {
  const files = SCENARIOS.map((name) =>
    fileURLToPath(new URL(`../../../examples/scenarios/${name}.yaml`, import.meta.url)),
  );
  const how = '--factory factory.json --labels --true --format csv --partition month';
  return [
    ...window.split(' '),
    ...how.split(' '),
    ...files.flatMap((file) => ['--scenario', file]),
  ];
}

test('a year with eight scenarios is the same from one process, four, and a cluster', {
  skip: withoutRedis(),
  timeout: 1_800_000,
}, async () => {
  for (const workers of ['1', '4']) {
    const words = ['generate', ...wordsOf(YEAR), '--workers', workers, '--out', `by-${workers}`];
    const { status, stderr } = await run(words, cluster.cwd);
    assert.equal(status, 0, stderr);
  }
  const expected = cluster.manifest('by-1');
  assert.equal(cluster.manifest('by-4'), expected);
  const workers = [await cluster.worker(), await cluster.worker()];
  await cluster.made(wordsOf(YEAR), 'cluster', expected);
  for (const worker of workers) worker.signal('SIGTERM');
  for (const worker of workers) assert.equal(await worker.ended, 0, worker.stderr);
});

test('a month of it is the same when it is made alone', { skip: withoutRedis() }, async () => {
  const june = ['generate', ...wordsOf(JUNE), '--out', 'june'];
  const { status, stderr } = await run(june, cluster.cwd);
  assert.equal(status, 0, stderr);
  const files = (out: string): Map<string, string> =>
    new Map(
      JSON.parse(cluster.manifest(out)).files.map((file: { path: string; sha256: string }) => [
        file.path,
        file.sha256,
      ]),
    );
  const [year, month] = [files('by-4'), files('june')];
  const readings = [...month].filter(([path]) => path.endsWith('/2026-06.csv'));
  assert.equal(readings.length, 6);
  for (const [path, digest] of readings) assert.equal(digest, year.get(path), path);
});
