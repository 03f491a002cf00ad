import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { Batch } from '../../src/core/batch.ts';
import { JsonEncoder } from '../../src/encoding/json.ts';
import { type Reading, readingAt } from '../../src/encoding/reading.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { csvRows, FROM_MS, LEAKING, made, requestOf } from './request.ts';

const TABLES = ['energy', 'production', 'environmental'] as const;
const HOUR_MS = 3_600_000;
const PUMP = 'c0000000-0000-0000-0000-000000000004';

/** An hour of the default factory from the reader: flat records and messages. */
function hour(): { readonly readings: Reading[]; readonly messages: Record<string, string[]> } {
  const reader = createReader(createFleet([DEFAULT_FACTORY]));
  reader.seek(FROM_MS);
  const batch = new Batch(10_000);
  assert.ok(reader.read(FROM_MS + HOUR_MS, batch));
  const readings: Reading[] = [];
  const messages: Record<string, string[]> = {};
  const encoder = new JsonEncoder();
  const bytes = new Uint8Array(10_000);
  for (let row = 0; row < batch.length; row++) {
    readings.push(readingAt(batch, row));
    for (const [channel, { name }] of (batch.machines[row]?.type.channels ?? []).entries()) {
      const end = encoder.message(batch, row, channel, bytes, 0);
      messages[name] ??= [];
      messages[name].push(new TextDecoder().decode(bytes.subarray(0, end)));
    }
  }
  return { readings, messages };
}

const { readings, messages } = hour();
const pathOf = (table: string, end: string) => join(table, 'factory=demo', `2026-01-14.${end}`);

test('CSV has the reader’s values, and its tables together have the whole reading', async () => {
  const { folder } = await made(requestOf());
  const tables = TABLES.map((table) => csvRows(folder, pathOf(table, 'csv')));
  assert.equal(readings.length, 4560);
  for (const [i, reading] of readings.entries()) {
    const row = Object.assign({}, ...tables.map((rows) => rows[i])) as Record<string, string>;
    const present = Object.entries(row).filter(([, value]) => value !== '');
    const expected = Object.entries(reading).filter(([, value]) => value !== null);
    assert.deepEqual(
      Object.fromEntries(present),
      Object.fromEntries(expected.map(([name, value]) => [name, String(value)])),
    );
  }
});

test('a JSON line is the message that the machine publishes', async () => {
  const { folder } = await made(requestOf({ format: 'jsonl' }));
  for (const table of TABLES)
    assert.deepEqual(
      readFileSync(join(folder, pathOf(table, 'jsonl')), 'utf8')
        .trimEnd()
        .split('\n'),
      messages[table],
    );
});

test('DuckDB reads Parquet with its types and the values of the reader', async () => {
  const { folder } = await made(requestOf({ format: 'parquet', hasLabels: true }));
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
  await duckdb.run("SET TimeZone = 'UTC'");
  const types: Record<string, string> = {};
  for (const table of TABLES) {
    const from = `FROM read_parquet('${join(folder, pathOf(table, 'parquet'))}',
      hive_partitioning = false)`;
    const described = await duckdb.runAndReadAll(`DESCRIBE SELECT * ${from}`);
    for (const { column_name, column_type } of described.getRowObjectsJson())
      types[column_name as string] = column_type as string;
    const all = await duckdb.runAndReadAll(`SELECT * REPLACE (epoch_ms(time) AS time) ${from}`);
    const rows = all.getRowObjectsJson();
    assert.equal(rows.length, readings.length);
    for (const [i, row] of rows.entries()) {
      const { time, anomaly, anomaly_type, ...values } = row;
      assert.equal(Number(time), Date.parse((readings[i] as Reading).time));
      assert.deepEqual([anomaly, anomaly_type], [0, null]);
      for (const [name, value] of Object.entries(values))
        assert.equal(value, readings[i]?.[name] ?? null, `${table} ${i} ${name}`);
    }
  }
  assert.equal(types['time'], 'TIMESTAMP WITH TIME ZONE');
  assert.equal(types['machine_id'], 'VARCHAR');
  assert.equal(types['power_kw'], 'DOUBLE');
  assert.equal(types['production_count'], 'INTEGER');
  assert.equal(types['operating_mode'], 'VARCHAR');
  assert.equal(types['anomaly'], 'TINYINT');
  assert.equal(types['anomaly_type'], 'VARCHAR');
});

test('DuckDB reads the small tables, and the factory from the folder’s name', async () => {
  const { folder } = await made(requestOf({ format: 'parquet' }, 3, LEAKING));
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
  const { rows } = await duckdb
    .runAndReadAll(
      `SELECT m.name, e.factory, count(*)::INT AS rows
       FROM read_parquet('${folder}/energy/*/*.parquet', hive_partitioning = true) e
       JOIN read_parquet('${folder}/machines.parquet') m USING (machine_id)
       JOIN read_parquet('${folder}/anomalies.parquet') a USING (machine_id)
       WHERE a.anomaly_type = 'seal_leak' AND e.time > a.started_at AND e.time <= a.ended_at
       GROUP BY ALL`,
    )
    .then((result) => ({ rows: result.getRowObjectsJson() }));
  assert.deepEqual(rows, [{ name: 'Hydraulic-Pump-1', factory: 'demo', rows: 120 }]);
});

test('labels show when which anomaly is active', async () => {
  const { folder } = await made(requestOf({ hasLabels: true }, 3, LEAKING));
  const anomaly = csvRows(folder, 'anomalies.csv')[0] as Record<string, string>;
  assert.equal(anomaly['anomaly_type'], 'seal_leak');
  for (const table of TABLES)
    for (const row of csvRows(folder, pathOf(table, 'csv'))) {
      const isPump = row['machine_id'] === anomaly['machine_id'];
      const time = row['time'] as string;
      const isActive =
        isPump && time > (anomaly['started_at'] ?? '') && time <= (anomaly['ended_at'] ?? '');
      assert.deepEqual(
        [row['anomaly'], row['anomaly_type']],
        isActive ? ['1', 'seal_leak'] : ['0', ''],
      );
    }
});

test('the difference from the clean twin matches the answer key', async () => {
  const changes = { machineIds: [PUMP], partition: 'month', hasClean: true } as const;
  const { folder } = await made(requestOf(changes, 48, LEAKING));
  const anomalies = csvRows(folder, 'anomalies.csv');
  assert.deepEqual(
    anomalies.map((row) => [row['anomaly_type'], row['onset'], row['origin'], row['is_final']]),
    [['seal_leak', 'step', 'scenario', '1']],
  );
  const sum = (table: string, field: string) =>
    csvRows(folder, table, 'factory=demo', '2026-01.csv').reduce(
      (total, row) => total + Number(row[field]),
      0,
    );
  const difference = (table: string, field: string) =>
    sum(table, field) - sum(`clean/${table}`, field);
  const excessKwh = difference('energy', 'energy_kwh');
  assert.ok(excessKwh > 0.5, `${excessKwh}`);
  assert.ok(Math.abs(excessKwh - Number(anomalies[0]?.['excess_energy_kwh'])) < 1e-6);
  const lostUnits = -difference('production', 'production_count_good');
  assert.equal(lostUnits, Number(anomalies[0]?.['lost_production_units']));
});

test('the twin without anomalies equals the factory outside them', async () => {
  const { folder } = await made(requestOf({ hasClean: true }, 1, LEAKING));
  for (const table of TABLES)
    assert.deepEqual(
      csvRows(folder, pathOf(`clean/${table}`, 'csv')),
      csvRows(folder, pathOf(table, 'csv')),
    );
});

test('an anomaly that continues past the window counts only inside it', async () => {
  const fromMs = FROM_MS + 1.5 * HOUR_MS;
  const { folder } = await made(requestOf({ hasClean: true, fromMs }, 0.25, LEAKING));
  const [anomaly] = csvRows(folder, 'anomalies.csv');
  assert.equal(anomaly?.['is_final'], '0');
  const energyKwh = (table: string) =>
    csvRows(folder, pathOf(table, 'csv')).reduce((sum, row) => sum + Number(row['energy_kwh']), 0);
  const excessKwh = energyKwh('energy') - energyKwh('clean/energy');
  assert.ok(Math.abs(excessKwh - Number(anomaly['excess_energy_kwh'])) < 1e-6);
  assert.notEqual(excessKwh, 0);
});
