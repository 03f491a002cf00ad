import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DatasetRequest } from '../../src/dataset/request.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { csvRows, filesIn, freshFolder, generated, made, requestOf } from './request.ts';

const HOUR_MS = 3_600_000;
/** Two hours around a midnight. */
const FROM_MS = Date.UTC(2026, 0, 14, 23);

function registersOf(changes: Partial<DatasetRequest> = {}): DatasetRequest {
  return requestOf(
    { fromMs: FROM_MS, registersFromMs: FROM_MS, haveAllRegisters: true, ...changes },
    2,
  );
}

const energyPath = (day: string, end = 'csv') => join('energy', 'factory=demo', `${day}.${end}`);
const milliwattHours = (kwh: string | number | undefined) => Math.round(1e6 * Number(kwh));

test('differences of registers are the energy between them, in files of any length', async () => {
  const { folder } = await made(registersOf());
  const totals = new Map<string, number>();
  const days = ['2026-01-14', '2026-01-15'].map((day) => csvRows(folder, energyPath(day)));
  assert.deepEqual(
    days.map((rows) => rows.length > 0),
    [true, true],
  );
  for (const row of days.flat()) {
    const id = row['machine_id'] as string;
    const mwh = (totals.get(id) ?? 0) + milliwattHours(row['energy_kwh']);
    assert.equal(milliwattHours(row['energy_total_kwh']), mwh);
    totals.set(id, mwh);
  }
  assert.equal(totals.size, DEFAULT_FACTORY.machines.length);
});

test('files do not depend on the number of workers, nor on how the window is cut', async () => {
  const one = await generated(registersOf(), 1);
  const three = await generated(registersOf(), 3);
  for (const path of filesIn(one.folder))
    assert.deepEqual(
      readFileSync(join(one.folder, path)),
      readFileSync(join(three.folder, path)),
      path,
    );
  const second = await made(registersOf({ fromMs: FROM_MS + HOUR_MS, registersFromMs: FROM_MS }));
  assert.deepEqual(
    csvRows(second.folder, energyPath('2026-01-15')).slice(0, 4000),
    csvRows(one.folder, energyPath('2026-01-15')).slice(0, 4000),
  );
});

test('the manifest names the beginning, and is as before without registers', async () => {
  const { manifest } = await made(registersOf({ registersFromMs: FROM_MS - HOUR_MS }));
  assert.equal(manifest.registers_from, '2026-01-14T22:00:00Z');
  assert.equal(manifest.registers, 'all');
  const plain = await made(requestOf({ fromMs: FROM_MS }, 1));
  assert.equal(Object.hasOwn(plain.manifest, 'registers_from'), false);
  assert.equal(Object.hasOwn(plain.manifest, 'registers'), false);
});

test('a dataset with registers is not continued without them', async () => {
  const folder = freshFolder();
  const { generateDataset } = await import('../../src/dataset/generation.ts');
  await generateDataset(registersOf(), { folder, workers: 1 });
  const { registersFromMs: _, haveAllRegisters: __, ...plain } = registersOf();
  await assert.rejects(generateDataset(plain, { folder, workers: 1 }), /contains another dataset/);
});

test('a resampled register is the last one, and its differences are the sums of energy', async () => {
  const { folder } = await made(registersOf({ resampleMs: 900_000 }));
  const totals = new Map<string, number>();
  const rows = ['2026-01-14', '2026-01-15'].flatMap((day) => csvRows(folder, energyPath(day)));
  assert.equal(rows.length, 8 * DEFAULT_FACTORY.machines.length);
  for (const row of rows) {
    const id = row['machine_id'] as string;
    totals.set(id, (totals.get(id) ?? 0) + milliwattHours(row['energy_kwh']));
    assert.equal(milliwattHours(row['energy_total_kwh']), totals.get(id));
  }
});

/** A factory in which only the compressor and one of two pumps have a register. */
const MIXED = {
  ...DEFAULT_FACTORY,
  machines: [
    ...DEFAULT_FACTORY.machines.map((machine) =>
      ['compressor', 'pump'].includes(machine.type)
        ? { ...machine, energyRegister: true }
        : machine,
    ),
    {
      ...(DEFAULT_FACTORY.machines.find(({ type }) => type === 'pump') as never as object),
      id: '00000000-0000-0000-0000-00000000000b',
      name: 'Pump-2',
      topic: 'factory/demo/pump-2',
    } as (typeof DEFAULT_FACTORY.machines)[number],
  ],
};

test('a machine without a register has none beside machines that have one', async () => {
  const request = requestOf({ fromMs: FROM_MS, registersFromMs: FROM_MS }, 1, MIXED);
  const { folder } = await made(request);
  const rows = csvRows(folder, energyPath('2026-01-14'));
  const having = new Set(
    rows.flatMap((row) => (row['energy_total_kwh'] === '' ? [] : [row['machine_id']])),
  );
  const asked = MIXED.machines.filter((each) => 'energyRegister' in each).map(({ id }) => id);
  assert.deepEqual([...having].sort(), asked.sort());

  for (const format of ['csv', 'parquet'] as const) {
    const wide = { ...request, format, partition: 'whole', wide: { split: [70, 15, 15] } } as const;
    const { folder, manifest } = await made({ ...wide, hasLabels: true } as DatasetRequest);
    const pumps = manifest.files.filter(({ table }) => table === 'wide/pump');
    assert.equal(pumps.length, 1, 'machines of a type share a table');
    if (format !== 'csv') continue;
    const pumpRows = csvRows(folder, (pumps[0] as { path: string }).path);
    const of = (id: string | undefined) => pumpRows.filter(({ machine_id }) => machine_id === id);
    const [first, second] = MIXED.machines.filter(({ type }) => type === 'pump');
    assert.ok(of(first?.id).every((row) => row['energy_total_kwh'] !== ''));
    assert.ok(of(second?.id).length > 0);
    assert.ok(of(second?.id).every((row) => row['energy_total_kwh'] === ''));
    assert.ok(of(second?.id).every((row) => row['split'] !== '' && row['power_kw'] !== ''));
  }
});

test('every format has the values of CSV, and the register after the electrical fields', async () => {
  const csv = await made(registersOf());
  const expected = csvRows(csv.folder, energyPath('2026-01-14'));
  assert.deepEqual(Object.keys(expected[0] as object), [
    'time',
    'machine_id',
    'power_kw',
    'energy_kwh',
    'voltage_v',
    'current_a',
    'power_factor',
    'frequency_hz',
    'energy_total_kwh',
  ]);
  const jsonl = await made(registersOf({ format: 'jsonl' }));
  const lines = readFileSync(join(jsonl.folder, energyPath('2026-01-14', 'jsonl')), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const parquet = await made(registersOf({ format: 'parquet' }));
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
  const path = join(parquet.folder, energyPath('2026-01-14', 'parquet'));
  const found = await duckdb.runAndReadAll(
    `SELECT machine_id, energy_total_kwh FROM read_parquet('${path}', hive_partitioning = false)`,
  );
  const rows = found.getRowObjectsJson();
  for (const [i, { machine_id, energy_total_kwh }] of expected.entries()) {
    assert.equal(lines[i]?.['machine_id'], machine_id);
    assert.equal(lines[i]?.['energy_total_kwh'], Number(energy_total_kwh));
    assert.deepEqual(rows[i], { machine_id, energy_total_kwh: Number(energy_total_kwh) });
  }
  const sheet = readFileSync(join(csv.folder, 'README.md'), 'utf8');
  assert.match(sheet, /\| energy_total_kwh \| kWh \| number \|/);
});
