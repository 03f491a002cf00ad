import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { intensity } from '../../src/core/anomaly.ts';
import { READING } from '../../src/core/batch.ts';
import type { FactoryDescription, Machine } from '../../src/core/factory.ts';
import type { JournalEvent } from '../../src/core/journal.ts';
import { type Fault, ROW_WIDTH } from '../../src/core/machine.ts';
import { FORMATS, readTable } from '../../src/dataset/formats/index.ts';
import { type DatasetRequest, fleetOf, type Variant } from '../../src/dataset/request.ts';
import { windowBatches } from '../../src/dataset/window-reader.ts';
import { readingAt } from '../../src/encoding/reading.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { Incidents } from '../../src/simulation/incidents.ts';
import { csvRows, filesIn, generated, type Made, made, requestOf } from './request.ts';

const FROM_MS = Date.UTC(2026, 2, 2);
const FROM_S = FROM_MS / 1000;
const HOUR_MS = 3_600_000;
const HOUR_S = 3600;

const idOf = (number: number) => `00000000-0000-0000-0000-00000000000${number}`;
const [COMPRESSOR, , , PUMP, , BOILER, METER] = [1, 2, 3, 4, 5, 6, 7].map(idOf) as string[];

type Row = Readonly<Record<string, string>>;
type Faults = FactoryDescription['machines'][number]['faults'];

function machine(number: number, type: string, intervalS: number, faults: Faults = []) {
  const name = `${type}-${number}`;
  const topic = `factory/demo/${name}`;
  return { id: idOf(number), name, type, ratedPowerKw: 55, intervalS, topic, faults };
}

/** One machine of each type. Two anomalies overlap, and one has an aftermath in the window. */
const FACTORY: FactoryDescription = {
  ...DEFAULT_FACTORY,
  machines: [
    machine(1, 'compressor', 10, [
      { type: 'leak', startS: FROM_S + 4 * HOUR_S, durationS: 2 * HOUR_S, severity: 2 },
      { type: 'efficiency_loss', startS: FROM_S + 5 * HOUR_S, durationS: HOUR_S, severity: 4.5 },
    ]),
    machine(2, 'hvac', 10),
    machine(3, 'motor', 20),
    machine(4, 'pump', 30, [
      { type: 'seal_leak', startS: FROM_S - 3605, durationS: HOUR_S, severity: 5 },
    ]),
    machine(5, 'injection_molding', 30),
    machine(6, 'boiler', 30, [
      { type: 'tube_fouling', startS: FROM_S + 6 * HOUR_S + 7, durationS: HOUR_S, severity: 5 },
    ]),
    machine(7, 'meter', 60),
  ],
};

/** Half of the machines are stopped in the aftermath of their anomalies, and started again. */
const EVENTS: readonly JournalEvent[] = [
  { kind: 'stop', machineIds: [PUMP as string], timeS: FROM_S - 1800 },
  { kind: 'start', machineIds: [PUMP as string], timeS: FROM_S + 905 },
  { kind: 'stop', machineIds: [BOILER as string], timeS: FROM_S + 7 * HOUR_S + 300 },
  { kind: 'start', machineIds: [BOILER as string], timeS: FROM_S + 7 * HOUR_S + 900 },
  { kind: 'stop', timeS: FROM_S + 20 * HOUR_S },
  { kind: 'start', timeS: FROM_S + 20 * HOUR_S + 1201 },
].map((event, sequence) => ({ ...event, sequence }) as JournalEvent);

const WIDE = {
  fromMs: FROM_MS,
  partition: 'whole',
  hasLabels: true,
  wide: { split: [60, 20, 20] },
  events: EVENTS,
} as const satisfies Partial<DatasetRequest>;

/** A day in which something fails on most machines. */
function request(changes: Partial<DatasetRequest> = {}, hours = 24): DatasetRequest {
  const settings = {
    enableAnomalies: true,
    anomalyProbability: 0.8,
    weekendProductionFactor: null,
  };
  return requestOf({ ...WIDE, settings, ...changes }, hours, FACTORY);
}

const TYPES = ['compressor', 'hvac', 'motor', 'pump', 'injection_molding', 'boiler', 'meter'];

/** The rows of all wide tables, by machine and time. */
function rowsOf({ folder }: Made, types = TYPES): ReadonlyMap<string, Row> {
  const rows = types.flatMap((type) => csvRows(folder, 'wide', `${type}.csv`));
  return new Map(rows.map((row) => [`${row['machine_id']} ${row['time']}`, row]));
}

/** What a plain reader of the factory reports, or of its twin without anomalies. */
function readings(wanted: DatasetRequest, variant: Variant) {
  const found: { machine: Machine; timeMs: number; row: Row; takenKwh: number; label: number }[] =
    [];
  for (const batch of windowBatches(wanted, fleetOf(wanted, variant)))
    for (let i = 0; i < batch.length; i++) {
      if (((batch.flags[i] as number) & READING) === 0) continue;
      const { type } = batch.machines[i] as Machine;
      const cells = Object.entries(readingAt(batch, i));
      found.push({
        machine: batch.machines[i] as Machine,
        timeMs: batch.timesMs[i] as number,
        row: Object.fromEntries(cells.map(([name, value]) => [name, String(value ?? '')])),
        takenKwh: type.energyTakenKwh(batch.values, i * ROW_WIDTH),
        label: batch.faults[i] as number,
      });
    }
  return found;
}

const day = await made(request());
const dayRows = rowsOf(day);
const quarters = await made(request({ resampleMs: 900_000 }));

for (const [words, dataset, resampleMs] of [
  ['', day, undefined],
  [', resampled too', quarters, 900_000],
] as const)
  test(`a wide row is the reading, and what a factory without anomalies reads at that time${words}`, () => {
    const wanted = request(resampleMs === undefined ? {} : { resampleMs });
    const wide = rowsOf(dataset);
    const actual = readings(wanted, 'actual');
    const healthy = readings(wanted, 'clean');
    assert.equal(wide.size, actual.length);
    assert.equal(healthy.length, actual.length);
    let differing = 0;
    for (const [i, { machine, row, takenKwh }] of actual.entries()) {
      const place = `${machine.name} ${row['time']}`;
      const found = wide.get(`${machine.id} ${row['time']}`) as Row;
      const twin = healthy[i] as (typeof healthy)[number];
      for (const [name, value] of Object.entries(row)) assert.equal(found[name], value, place);
      assert.deepEqual([twin.machine.id, twin.timeMs], [machine.id, actual[i]?.timeMs]);
      assert.equal(found['expected_power_kw'], twin.row['power_kw'], place);
      const excessKwh = Math.round((takenKwh - twin.takenKwh) * 1e6) / 1e6;
      assert.equal(Number(found['excess_energy_kwh']), excessKwh, place);
      if (found['expected_power_kw'] !== row['power_kw']) differing++;
    }
    assert.ok(differing > actual.length / 20, `${differing} rows differ`);
    assert.ok(differing < actual.length / 2, `${differing} rows differ`);
  });

/** The anomalies of a dataset that act on a reading, the strongest first. */
function acting(wanted: DatasetRequest, { machine, timeMs }: { machine: Machine; timeMs: number }) {
  const tS = timeMs / 1000;
  const lengthS = (wanted.resampleMs ?? machine.intervalMs) / 1000;
  const { journal } = fleetOf(wanted, 'actual');
  return new Incidents(machine, journal)
    .between(tS - lengthS, tS)
    .map((incident) => {
      const { onset } = machine.type.faults[incident.type] as Fault;
      return { ...incident, x: intensity(incident, onset, Math.min(tS, incident.endS)) };
    })
    .sort((a, b) => b.x - a.x);
}

test('the labels are those of the anomalies table', () => {
  const anomalies = csvRows(day.folder, 'anomalies.csv');
  assert.ok(anomalies.length >= 7, `${anomalies.length} anomalies`);
  const wanted = request();
  let labelled = 0;
  for (const reading of readings(wanted, 'actual')) {
    const { machine, row } = reading;
    const time = row['time'] as string;
    const found = dayRows.get(`${machine.id} ${time}`) as Row;
    const known = anomalies.filter(
      (each) =>
        each['machine_id'] === machine.id &&
        time > (each['started_at'] as string) &&
        time <= (each['ended_at'] as string),
    );
    const types = known.map((each) => each['anomaly_type'] as string);
    const order = machine.type.faultTypes;
    types.sort((a, b) => order.indexOf(a) - order.indexOf(b));
    assert.equal(found['anomaly'], String(known.length > 0));
    assert.equal(found['anomaly_type'], types.join('+'));
    if (known.length === 0) {
      assert.deepEqual([found['severity'], found['intensity']], ['', '0']);
      continue;
    }
    labelled++;
    const [strongest] = acting(wanted, reading);
    assert.equal(Number(found['severity']), strongest?.severity);
    assert.equal(Number(found['intensity']), Math.round((strongest?.x as number) * 1e4) / 1e4);
    const severities = known.map((each) => Number(each['severity']));
    assert.ok(severities.includes(Number(found['severity'])));
  }
  assert.ok(labelled > 500, `${labelled}`);
});

test('of two anomalies at once both are named, and the strongest gives severity and intensity', () => {
  const at = (hours: number) =>
    dayRows.get(
      `${COMPRESSOR} ${new Date(FROM_MS + hours * HOUR_MS).toISOString().replace('.000', '')}`,
    ) as Row;
  const shown = (row: Row) => [row['anomaly_type'], row['severity'], row['intensity']];
  assert.deepEqual(shown(at(4.5)), ['leak', '2', '0.4']);
  assert.deepEqual(shown(at(5.5)), ['leak+efficiency_loss', '4.5', '0.9']);
  // The weaker of the two has just begun, and the other one acts more.
  assert.deepEqual(shown(at(5 + 10 / HOUR_S)).slice(0, 2), ['leak+efficiency_loss', '2']);
});

test('the excess energy of an anomaly’s rows is that of the answer key', () => {
  const anomalies = csvRows(day.folder, 'anomalies.csv').filter(
    (each) => each['machine_id'] === BOILER,
  );
  const index = anomalies.findIndex((each) => each['anomaly_type'] === 'tube_fouling');
  const fouling = anomalies[index] as Row;
  const until = anomalies[index + 1]?.['started_at'] ?? '9';
  const rows = [...dayRows.values()].filter((row) => row['machine_id'] === BOILER);
  const sumKwh = rows
    .filter((row) => (row['time'] as string) > (fouling['started_at'] as string))
    .filter((row) => (row['time'] as string) <= until)
    .reduce((sum, row) => sum + Number(row['excess_energy_kwh']), 0);
  assert.ok(sumKwh > 5, `${sumKwh}`);
  assert.ok(Math.abs(sumKwh - Number(fouling['excess_energy_kwh'])) < 1e-3, `${sumKwh}`);
});

test('a main meter has no anomalies of its own, and expects its machines without theirs', () => {
  const rows = [...dayRows.values()].filter((row) => row['machine_id'] === METER);
  assert.ok(rows.every((row) => row['anomaly'] === 'false'));
  const differing = rows.filter((row) => row['power_kw'] !== row['expected_power_kw']);
  assert.ok(differing.length > 100 && differing.length < rows.length, `${differing.length}`);
});

for (const [words, changes, whole] of [
  ['', {}, day],
  [', resampled too', { resampleMs: 900_000 }, quarters],
] as const)
  test(`rows do not depend on where the window is cut, but for their part of the dataset${words}`, async () => {
    const parts: ReadonlyMap<string, Row>[] = [];
    for (const [from, to] of [
      [0, 5.37],
      [5.37, 6.9],
      [6.9, 24],
    ] as const) {
      const window = { fromMs: FROM_MS + from * HOUR_MS, toMs: FROM_MS + to * HOUR_MS };
      parts.push(rowsOf(await made(request({ ...changes, ...window }))));
    }
    const joined = new Map(parts.flatMap((part) => [...part]));
    const wholeRows = rowsOf(whole);
    assert.ok(wholeRows.size > 600);
    assert.equal(joined.size, wholeRows.size);
    for (const [key, row] of wholeRows)
      assert.deepEqual({ ...joined.get(key), split: '' }, { ...row, split: '' });
  });

test('the window is split in the order of time, as the manifest says', async () => {
  const { folder, manifest } = await made(request({ wide: { split: [50, 0, 50] } }));
  assert.deepEqual(manifest.split, {
    train: { from: '2026-03-02T00:00:00Z', to: '2026-03-02T12:00:00Z' },
    validation: { from: '2026-03-02T12:00:00Z', to: '2026-03-02T12:00:00Z' },
    test: { from: '2026-03-02T12:00:00Z', to: '2026-03-03T00:00:00Z' },
  });
  for (const { time = '', split } of csvRows(folder, 'wide', 'pump.csv'))
    assert.equal(split, time <= '2026-03-02T12:00:00Z' ? 'train' : 'test');
  const parts = csvRows(day.folder, 'wide', 'pump.csv').map(({ split }) => split);
  assert.deepEqual([...new Set(parts)], ['train', 'validation', 'test']);
});

test('any number of workers makes the same wide files, with the clean twin as well', async () => {
  const wanted = request({ format: 'parquet', hasClean: true }, 6);
  const { folder, manifest } = await made(wanted);
  assert.deepEqual(
    readdirSync(join(folder, 'wide')).sort(),
    TYPES.map((t) => `${t}.parquet`).sort(),
  );
  assert.deepEqual(readdirSync(join(folder, 'clean')), ['wide']);
  assert.equal(filesIn(folder).length, 2 * TYPES.length + 5);
  for (const workers of [1, 2])
    assert.deepEqual((await generated(wanted, workers)).manifest, manifest);
});

test('Parquet has the values of CSV, with their types', async () => {
  const { folder } = await made(request({ format: 'parquet' }));
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
  await duckdb.run("SET TimeZone = 'UTC'");
  for (const type of TYPES) {
    const path = join(folder, 'wide', `${type}.parquet`);
    const csv = join(day.folder, 'wide', `${type}.csv`);
    const described = await duckdb.runAndReadAll(`DESCRIBE SELECT * FROM '${path}'`);
    const types = described
      .getRowObjectsJson()
      .map(({ column_name: name, column_type: kind }) => [String(name), String(kind)]);
    const [header = {}] = csvRows(csv);
    assert.deepEqual(
      types.map(([name]) => name),
      Object.keys(header),
    );
    const expected = { time: 'TIMESTAMP WITH TIME ZONE', anomaly: 'BOOLEAN', severity: 'DOUBLE' };
    assert.deepEqual({ ...Object.fromEntries(types), ...expected }, Object.fromEntries(types));
    const columns = types.map(([name, kind]) => `'${name}': '${kind}'`).join(', ');
    const { rows } = await duckdb
      .runAndReadAll(
        `SELECT count(*)::INT AS rows FROM '${path}' a POSITIONAL JOIN
           (FROM read_csv('${csv}', columns = {${columns}})) b
         WHERE a IS DISTINCT FROM b`,
      )
      .then((result) => result.getRowObjectsJson()[0] as { rows: number });
    assert.equal(rows, 0, type);
  }
});

for (const format of FORMATS)
  test(`the reader of datasets reads flags and labels of wide tables: ${format.name}`, async () => {
    const { folder } = await made(request({ format: format.name, compression: 'none' }, 8));
    const path = join(folder, 'wide', `compressor${format.extension('none')}`);
    const wanted = { time: 'time', anomaly: 'number', severity: 'number', split: 'text' } as const;
    let row = 0;
    const expected = csvRows(day.folder, 'wide', 'compressor.csv');
    for await (const rows of readTable(path, wanted))
      for (let i = 0; i < rows.length; i++) {
        const { time, anomaly, severity } = expected[row++] as Row;
        assert.equal(rows.numbers('time')[i], Date.parse(time as string));
        assert.equal(rows.numbers('anomaly')[i], anomaly === 'true' ? 1 : 0);
        assert.equal(rows.numbers('severity')[i], severity === '' ? Number.NaN : Number(severity));
        assert.match(rows.texts('split')[i] as string, /^(train|validation|test)$/);
      }
    assert.equal(row, 8 * 360);
  });

test('the data sheet lists the files, the parts, and every column with its unit', () => {
  const sheet = readFileSync(join(day.folder, 'README.md'), 'utf8');
  assert.match(sheet, /^- `wide\/boiler\.csv`$/m);
  assert.match(sheet, /^- `train`: 2026-03-02T00:00:00Z < time ≤ 2026-03-02T14:24:00Z$/m);
  assert.match(sheet, /^\| expected_power_kw \| kW \| What power_kw would be if/m);
  const [, boiler = ''] = sheet.split('### boiler\n');
  for (const name of Object.keys(csvRows(day.folder, 'wide', 'boiler.csv')[0] ?? {}))
    assert.match(boiler, new RegExp(`^\\| ${name} \\| \\S* \\| \\S.* \\|$`, 'm'));
});

test('Parquet files describe their columns', async () => {
  const { folder } = await made(request({ format: 'parquet' }, 1));
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
  const path = join(folder, 'wide', 'boiler.parquet');
  const result = await duckdb.runAndReadAll(
    `SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata('${path}')`,
  );
  const texts = new Map(
    result.getRowObjectsJson().map(({ key, value }) => [String(key), String(value)]),
  );
  const columns = JSON.parse(texts.get('columns') as string);
  const [header = {}] = csvRows(day.folder, 'wide', 'boiler.csv');
  assert.deepEqual(Object.keys(columns), Object.keys(header));
  assert.deepEqual(columns.power_kw, {
    unit: 'kW',
    description: 'Mean electrical power of the interval',
  });
  // What pyarrow and polars read: the schema of Arrow, with the metadata of each field.
  const { tableFromIPC } = await import('apache-arrow');
  const { schema } = tableFromIPC(arrowStream(texts.get('ARROW:schema') as string));
  for (const { name, metadata } of schema.fields)
    assert.ok(metadata.get('description')?.startsWith(columns[String(name)].description));
  assert.equal(
    schema.fields.find(({ name }) => name === 'power_kw')?.metadata.get('description'),
    'Mean electrical power of the interval [kW]',
  );
});

/** The encapsulated schema message in a Parquet file, as a stream that ends after it. */
function arrowStream(base64: string): Uint8Array {
  return Buffer.concat([
    Buffer.from(base64, 'base64'),
    Buffer.from([255, 255, 255, 255, 0, 0, 0, 0]),
  ]);
}
