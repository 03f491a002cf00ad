import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { identityOf, Progress, writeManifest } from '../../src/dataset/manifest.ts';
import { databaseParts, planOf } from '../../src/dataset/plan.ts';
import { fleetDigest, fleetOf } from '../../src/dataset/request.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { csvRows, FROM_MS, freshFolder, made, requestOf } from './request.ts';

const pump = DEFAULT_FACTORY.machines.find(({ type }) => type === 'pump');

/** A factory with a number of pumps. */
function large(count: number) {
  const machines = Array.from({ length: count }, (_, i) => {
    const number = String(i).padStart(5, '0');
    return {
      ...(pump as NonNullable<typeof pump>),
      id: `c0000000-0000-0000-0000-0000000${number}`,
      name: `Pump-${number}`,
      topic: `factory/demo/pump-${number}`,
    };
  });
  return { ...DEFAULT_FACTORY, machines };
}

/** Without anomalies: computing their cost for a thousand machines would take the longest. */
const SHORT = {
  toMs: FROM_MS + 60_000,
  settings: { ...DEFAULT_SETTINGS, enableAnomalies: false },
};

test('a factory of more than a thousand machines has a file for each thousand', async () => {
  const { folder, manifest } = await made(requestOf(SHORT, 1, large(1001)));
  const path = (part: number) => `energy/factory=demo/2026-01-14-000${part}.csv`;
  const rows = [1, 2].map((part) => csvRows(folder, path(part)));
  assert.deepEqual(
    rows.map(({ length }) => length),
    [2000, 2],
  );
  assert.equal(manifest.rows['energy'], 2002);
  assert.match(readFileSync(join(folder, 'README.md'), 'utf8'), /…-0001\.csv/);
  const alone = requestOf({ ...SHORT, machineIds: ['c0000000-0000-0000-0000-000000001000'] });
  const single = await made({ ...alone, factories: [large(1001)] });
  assert.deepEqual(rows[1], csvRows(single.folder, 'energy/factory=demo/2026-01-14.csv'));
  assert.doesNotMatch(readFileSync(join(single.folder, 'README.md'), 'utf8'), /0001/);
});

test('each machine is in one task of the answer key, and in one part of a database', () => {
  for (const count of [1, 1001, 2500]) {
    const request = requestOf(SHORT, 1, large(count));
    const truths = planOf(request, fleetOf(request, 'actual')).tasks.filter(
      (task) => task.kind === 'truths',
    );
    assert.deepEqual(
      truths.flatMap(({ machineIds }) => machineIds),
      request.machineIds,
    );
    assert.ok(truths.length <= 1000);
    const parts = databaseParts(request);
    assert.deepEqual(parts.flat(), request.machineIds);
    assert.ok(parts.length <= 256);
  }
});

test('a folder is named after its factory, truncated to 200 bytes', () => {
  const named = (...names: readonly string[]) => {
    const factories = names.map((name, i) => ({
      ...DEFAULT_FACTORY,
      id: `11111111-1111-1111-1111-11111111111${i}`,
      machines: [{ ...(pump as NonNullable<typeof pump>), id: `${i}`, topic: `factory/${name}/p` }],
    }));
    const machineIds = names.map((_, i) => `${i}`);
    const request = { ...requestOf(SHORT), factories, machineIds };
    const { tasks } = planOf(request, fleetOf(request, 'actual'));
    return tasks.flatMap((task) => {
      const [file] = task.kind === 'readings' ? task.files : [];
      return file ? { folder: file.path.split('/')[1] as string, factory: file.factory } : [];
    });
  };
  const [plain, odd] = named('hall 2', 'CON*.');
  assert.deepEqual(plain, { folder: 'factory=hall%202', factory: undefined });
  assert.deepEqual(odd, { folder: 'factory=CON%2A%2E', factory: undefined });

  const long = '压'.repeat(100);
  const [first, second] = named(`${long}1`, `${long}2`);
  assert.notEqual(first?.folder, second?.folder);
  assert.deepEqual([first?.factory, second?.factory], [`${long}1`, `${long}2`]);
  for (const { folder } of [first, second] as NonNullable<typeof first>[]) {
    assert.ok(Buffer.byteLength(folder) <= 200);
    assert.match(decodeURIComponent(folder), /^factory=压+-[0-9a-f]{16}$/);
  }

  const [capital, small] = named('Hall', 'hall');
  assert.deepEqual(capital, { folder: 'factory=Hall', factory: undefined });
  assert.match(small?.folder as string, /^factory=hall-[0-9a-f]{16}$/);
  assert.equal(small?.factory, 'hall');
});

test('the digest of a fleet reflects every parameter, wherever it was set', () => {
  const request = requestOf();
  const fleet = fleetOf(request, 'actual');
  assert.equal(fleetDigest(fleetOf(request, 'actual')), fleetDigest(fleet));
  const [first, ...rest] = fleet.machines;
  const parameters = { ...first?.parameters, ratedPowerKw: 56 };
  const other = { machines: [{ ...first, parameters }, ...rest] } as unknown as typeof fleet;
  assert.notEqual(fleetDigest(other), fleetDigest(fleet));
});

test('notes written after the manifest do not change it', () => {
  const request = requestOf();
  const folder = freshFolder();
  const file = { path: 'energy/a.csv', table: 'energy', rows: 1, bytes: 1, sha256: 'f' };
  const progress = new Progress(folder);
  assert.throws(() => progress.add([file]), /^DatasetError: cannot write \S+: it does not exist$/);
  progress.begin(identityOf(request));
  progress.add([file]);
  assert.deepEqual([...new Progress(folder).begin(identityOf(request)).values()], [file]);
  writeManifest(folder, { ...identityOf(request), command: 'command' }, [file]);
  progress.add([file]);
  assert.ok(!existsSync(join(folder, 'manifest.partial.jsonl')));
});
