import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { READING, STATUS } from '../../src/core/batch.ts';
import type { Machine } from '../../src/core/factory.ts';
import { Journal } from '../../src/core/journal.ts';
import type { MachineType } from '../../src/core/machine.ts';
import { aggregationOf } from '../../src/dataset/aggregation.ts';
import { ResampledReader } from '../../src/dataset/resampled-reader.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { passOver, type Row, readRows } from '../rows.ts';
import { csvRows, FROM_MS, LEAKING, made, requestOf } from './request.ts';

const MINUTE_MS = 60_000;
const UNTIL_MS = FROM_MS + 120 * MINUTE_MS;
const SQRT3 = Math.sqrt(3);

/** One machine of each type. */
const fleet = createFleet([
  {
    ...DEFAULT_FACTORY,
    machines: machineTypes.map((type, i) => ({
      id: `00000000-0000-0000-0000-${String(i).padStart(12, '0')}`,
      name: type.type,
      type: type.type,
      ratedPowerKw: type.parameters['ratedPowerKw']?.value as number,
      intervalS: type.intervalS,
      topic: `factory/demo/${type.type}`,
    })),
  },
]);

function resampled(intervalMs = MINUTE_MS, of = fleet): ResampledReader {
  return new ResampledReader(createReader(of), of.machines, intervalMs);
}

function isReading({ flags }: Row): boolean {
  return (flags & READING) !== 0;
}

/** The resampled readings of two hours, each with its original readings. */
function* minutes(): Generator<{ machine: Machine; row: Row; parts: readonly Row[] }> {
  const [raw, condensed] = [createReader(fleet), resampled()];
  for (const reader of [raw, condensed]) reader.seek(FROM_MS);
  const parts = new Map<string, Row[]>();
  for (const row of readRows(raw, UNTIL_MS)) {
    const key = `${row.machineId} ${Math.ceil(row.timeMs / MINUTE_MS)}`;
    parts.set(key, [...(parts.get(key) ?? []), row]);
  }
  for (const row of readRows(condensed, UNTIL_MS).filter(isReading))
    yield {
      machine: fleet.byId.get(row.machineId) as Machine,
      row,
      parts: parts.get(`${row.machineId} ${row.timeMs / MINUTE_MS}`) ?? [],
    };
}

const twoHours = [...minutes()];

/** The values of a field in some rows, without missing ones. */
function valuesOf({ fields }: MachineType, key: string, rows: readonly Row[]): number[] {
  const column = fields.find((field) => field.key === key)?.column as number;
  return rows.map(({ values }) => values[column]).filter((value) => typeof value === 'number');
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

test('every field of every machine type has a rule', () => {
  for (const { fields } of machineTypes)
    for (const field of fields) assert.ok(aggregationOf(field), field.name);
  const rules = Object.fromEntries(
    machineTypes.flatMap(({ fields }) =>
      fields.map((each) => [each.key, aggregationOf(each).rule]),
    ),
  );
  const named = (rule: string) => Object.keys(rules).filter((key) => rules[key] === rule);
  for (const key of ['consumptionKg', 'consumptionM3', 'energyKwh', 'productionCountBad'])
    assert.equal(rules[key], 'sum', key);
  for (const key of [
    'powerKw',
    'flowRateM3h',
    'machineTempC',
    'voltageV',
    'throughputUnitsPerHour',
  ])
    assert.equal(rules[key], 'mean', key);
  assert.deepEqual(named('quadratic-mean'), ['vibrationMmS']);
  assert.deepEqual(named('longest'), ['operatingMode']);
  assert.throws(
    () =>
      aggregationOf({ key: 'chargeAh', name: 'charge_ah', kind: 'number', unit: 'Ah' } as never),
    /^RangeError: charge_ah: no rule for how Ah is aggregated$/,
  );
});

test('each reading of a minute combines those of its intervals, by the rule of each field', () => {
  let count = 0;
  for (const { machine, row, parts } of twoHours) {
    count++;
    assert.equal(parts.length, MINUTE_MS / machine.intervalMs);
    for (const field of machine.type.fields) {
      const value = row.values[field.column];
      const of = (key: string) => valuesOf(machine.type, key, parts);
      const values = of(field.key);
      const where = `${machine.name} ${new Date(row.timeMs).toISOString()} ${field.name}`;
      if (values.length === 0) {
        assert.equal(value, null, where);
        continue;
      }
      const aggregation = aggregationOf(field);
      let expected: number;
      switch (aggregation.rule) {
        case 'sum':
          expected = sum(values);
          break;
        case 'mean':
          expected = mean(values);
          break;
        case 'quadratic-mean':
          expected = Math.sqrt(mean(values.map((each) => each * each)));
          break;
        case 'mean-by': {
          const amounts = of(aggregation.amount);
          const weighted = sum(values.map((each, i) => each * (amounts[i] as number)));
          expected = sum(amounts) > 0 ? weighted / sum(amounts) : mean(values);
          break;
        }
        case 'power-factor': {
          const apparentKw = of('powerKw').map((powerKw, i) => powerKw / (values[i] as number));
          expected = sum(apparentKw) > 0 ? sum(of('powerKw')) / sum(apparentKw) : mean(values);
          break;
        }
        case 'current': {
          const [powerKw, voltageV, powerFactor] = ['powerKw', 'voltageV', 'powerFactor'].map(
            (key) => valuesOf(machine.type, key, [row])[0] as number,
          ) as [number, number, number];
          expected = (1000 * powerKw) / (SQRT3 * voltageV * powerFactor);
          break;
        }
        case 'longest': {
          const spans = values.map((mode) => values.filter((each) => each === mode).length);
          expected = values[spans.lastIndexOf(Math.max(...spans))] as number;
          break;
        }
        case 'last':
          expected = values.at(-1) as number;
          break;
      }
      const halfDigit = 0.5 * Number(`1e-${field.decimals}`) + 1e-9;
      assert.ok(Math.abs((value as number) - expected) <= halfDigit, `${where}: ${value}`);
    }
  }
  assert.equal(count, 120 * fleet.machines.length);
});

test('energy is the sum to the last digit, and power is the energy over the minute', () => {
  for (const { machine, row, parts } of twoHours) {
    const one = (key: string) => valuesOf(machine.type, key, [row])[0] as number;
    const millionths = valuesOf(machine.type, 'energyKwh', parts).map((kwh) =>
      Math.round(1e6 * kwh),
    );
    assert.equal(Math.round(1e6 * one('energyKwh')), sum(millionths));
    // Each interval's energy is rounded to a watt-second's share of its last digit.
    const roundingKw = 0.0005 + (0.5e-6 * 3600) / (machine.intervalMs / 1000);
    assert.ok(Math.abs(one('powerKw') - 60 * one('energyKwh')) <= roundingKw, machine.name);
  }
});

test('the rows do not depend on how they are read', () => {
  const whole = resampled();
  whole.seek(FROM_MS, true);
  const expected = readRows(whole, UNTIL_MS);
  const pieces = resampled();
  pieces.seek(FROM_MS, true);
  const found: Row[] = [];
  for (let timeMs = FROM_MS; timeMs <= UNTIL_MS; timeMs += 25_000)
    found.push(...readRows(pieces, timeMs, 3));
  found.push(...readRows(pieces, UNTIL_MS, 3));
  assert.deepEqual(found, expected);
  assert.equal(pieces.timeMs, UNTIL_MS);

  const later = resampled();
  later.seek(FROM_MS);
  passOver(later, FROM_MS + 50_000);
  later.seek(UNTIL_MS - 90_000);
  const readings = expected.filter(isReading);
  assert.deepEqual(
    readRows(later, UNTIL_MS).filter(isReading),
    readings.filter(({ timeMs }) => timeMs > UNTIL_MS - 90_000),
  );
});

test('resampling to a machine’s own interval changes nothing', () => {
  const machines = fleet.machines.filter(({ intervalMs }) => intervalMs === 30_000);
  assert.ok(machines.length > 1);
  const raw = createReader(fleet, { machines });
  const condensed = new ResampledReader(createReader(fleet, { machines }), machines, 30_000);
  for (const reader of [raw, condensed]) reader.seek(FROM_MS);
  const values = (rows: readonly Row[]) =>
    rows.filter(isReading).map((row) => [row.timeMs, row.machineId, row.faults, row.values]);
  assert.deepEqual(values(readRows(condensed, UNTIL_MS)), values(readRows(raw, UNTIL_MS)));
});

test('statuses keep their own times', () => {
  const [raw, condensed] = [createReader(fleet), resampled()];
  for (const reader of [raw, condensed]) reader.seek(FROM_MS, true);
  const statuses = (rows: readonly Row[]) =>
    rows
      .filter(({ flags }) => (flags & STATUS) !== 0)
      .map(({ timeMs, machineId, alerts }) => `${timeMs} ${machineId} ${alerts}`);
  const expected = statuses(readRows(raw, UNTIL_MS));
  assert.ok(expected.length > 120);
  assert.deepEqual(statuses(readRows(condensed, UNTIL_MS)), expected);
});

test('a machine that was off has no readings for that time', () => {
  const machineIds = [DEFAULT_FACTORY.machines[0]?.id as string];
  const fromS = FROM_MS / 1000;
  const journal = new Journal(DEFAULT_SETTINGS, [
    { kind: 'stop', machineIds, sequence: 1, timeS: fromS + 90 },
    { kind: 'start', machineIds, sequence: 2, timeS: fromS + 330 },
  ]);
  const stopped = createFleet([DEFAULT_FACTORY], { journal });
  const reader = resampled(MINUTE_MS, stopped);
  reader.seek(FROM_MS);
  const times = readRows(reader, FROM_MS + 8 * MINUTE_MS)
    .filter((row) => isReading(row) && row.machineId === machineIds[0])
    .map(({ timeMs }) => (timeMs - FROM_MS) / MINUTE_MS);
  assert.deepEqual(times, [1, 2, 6, 7, 8]);
});

const RESAMPLED = { resampleMs: 15 * MINUTE_MS, hasLabels: true, hasClean: true } as const;
const energyPath = (end: string) => join('energy', 'factory=demo', `2026-01-14.${end}`);

test('the energy of a resampled dataset is that of the original, to the last digit', async () => {
  const [raw, condensed] = await Promise.all(
    [{ hasClean: true }, RESAMPLED].map((changes) => made(requestOf(changes, 3, LEAKING))),
  );
  assert.equal(condensed?.manifest.resample_seconds, 900);
  assert.equal(condensed.manifest.rows['energy'], 12 * 5);
  assert.equal(condensed.manifest.rows['clean/energy'], 12 * 5);
  const energy = (dataset: string, variant: string): number =>
    sum(
      csvRows(dataset, variant, energyPath('csv')).map((row) =>
        Math.round(1e6 * Number(row['energy_kwh'])),
      ),
    );
  for (const variant of ['.', 'clean'])
    assert.equal(energy(condensed.folder, variant), energy(raw?.folder as string, variant));
  for (const row of csvRows(condensed.folder, 'machines.csv'))
    assert.equal(row['data_interval_seconds'], '900');
});

test('a resampled reading has a label if any of its intervals has', async () => {
  const { folder } = await made(requestOf({ ...RESAMPLED, resampleMs: 86_400_000 }, 24, LEAKING));
  const labels = (variant: string) =>
    csvRows(folder, variant, energyPath('csv'))
      .filter(({ machine_id: id }) => id === 'c0000000-0000-0000-0000-000000000004')
      .map((row) => [row['time'], row['anomaly'], row['anomaly_type']]);
  // The leak is long over when the day ends.
  assert.deepEqual(labels('.'), [['2026-01-15T00:00:00Z', '1', 'seal_leak']]);
  assert.deepEqual(labels('clean'), [['2026-01-15T00:00:00Z', '0', '']]);
});

test('every format has the same resampled readings', async () => {
  const formats = ['csv', 'jsonl', 'parquet'] as const;
  const [csv, jsonl, parquet] = await Promise.all(
    formats.map((format) =>
      made(requestOf({ ...RESAMPLED, format, compression: 'none' }, 3, LEAKING)),
    ),
  );
  const rows = csvRows(csv?.folder as string, energyPath('csv'));
  const lines = readFileSync(join(jsonl?.folder as string, energyPath('jsonl')), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
  const table = await duckdb.runAndReadAll(
    `SELECT * REPLACE (epoch_ms(time)::DOUBLE AS time)
     FROM read_parquet('${join(parquet?.folder as string, energyPath('parquet'))}',
       hive_partitioning = false)`,
  );
  const stored = table.getRowObjectsJson();
  assert.equal(rows.length, 60);
  for (const [i, row] of rows.entries())
    for (const [name, text] of Object.entries(row)) {
      const found = lines[i]?.[name] ?? '';
      assert.equal(String(found), text, `${i} ${name}`);
      const value = name === 'time' ? Date.parse(text) : text;
      assert.equal(String(stored[i]?.[name] ?? ''), String(value), `${i} ${name}`);
    }
});
