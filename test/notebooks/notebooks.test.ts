/** The scripts in `examples/notebooks`, as a reader runs them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { packageFolder } from '../../src/package-folder.ts';
import { csvRows, type Made, made, requestOf } from '../dataset/request.ts';

const SCRIPTS = join(packageFolder, 'examples', 'notebooks');
const PYTHONS = ['python3', '/usr/bin/python3'];
const R = 'Rscript';

/** Ten days of the default factory by the minute, in which one machine in three fails each day. */
const dataset = (format: 'csv' | 'parquet') => {
  const settings = {
    enableAnomalies: true,
    anomalyProbability: 0.3,
    weekendProductionFactor: null,
  };
  const wide = { split: [60, 20, 20] } as const;
  const changes = { settings, format, wide, hasLabels: true, partition: 'whole' } as const;
  return made(requestOf({ ...changes, fromMs: Date.UTC(2025, 0, 1), resampleMs: 60_000 }, 240));
};
const csv = await dataset('csv');
const parquet = await dataset('parquet');

/** What a script says about an anomaly. */
interface Cost {
  readonly machine: string;
  readonly type: string;
  readonly began: string;
  readonly labelled: number;
  readonly excessKwh: number;
  readonly keyKwh: number;
}

/** The anomalies of the answer key. */
function expected({ folder }: Made): readonly Cost[] {
  const machines = csvRows(folder, 'machines.csv');
  const rows = readdirSync(join(folder, 'wide')).flatMap((file) => csvRows(folder, 'wide', file));
  return csvRows(folder, 'anomalies.csv').map((anomaly) => {
    const own = rows.filter((row) => row['machine_id'] === anomaly['machine_id']);
    const day = (anomaly['started_at'] as string).slice(0, 10);
    const machine = machines.find((each) => each['machine_id'] === anomaly['machine_id']);
    return {
      machine: machine?.['name'] as string,
      type: anomaly['anomaly_type'] as string,
      began: day,
      labelled: own.filter((row) => row['anomaly'] === 'true' && row['time']?.startsWith(day))
        .length,
      excessKwh: Number(anomaly['excess_energy_kwh']),
      keyKwh: Number(anomaly['excess_energy_kwh']),
    };
  });
}

const key = expected(csv);

/** Asserts that a printed table has every anomaly with its cost, from the rows and from the key. */
function assertTable(text: string): void {
  const line = /^\s*(\S+)\s+(\w+)\s+(\d{4}-\d\d-\d\d)\s+(\d+)\s+(-?[\d.]+)\s+(-?[\d.]+)\s*$/gm;
  const found = Array.from(text.matchAll(line), ([, machine, type, began, ...numbers]) => {
    const [labelled, excessKwh, keyKwh] = numbers.map(Number);
    return { machine, type, began, labelled, excessKwh, keyKwh } as Cost;
  });
  assert.ok(key.length >= 10);
  assert.equal(found.length, key.length, text);
  for (const cost of key) {
    const own = found.find(
      ({ machine, began }) => machine === cost.machine && began === cost.began,
    );
    assert.ok(own, `${cost.machine} ${cost.began}: ${text}`);
    assert.deepEqual([own.type, own.labelled], [cost.type, cost.labelled]);
    assert.ok(Math.abs(own.excessKwh - cost.excessKwh) < 1e-3, JSON.stringify([own, cost]));
    assert.ok(Math.abs(own.keyKwh - cost.keyKwh) < 1e-3, JSON.stringify([own, cost]));
  }
  const sizes = found.map(({ excessKwh }) => excessKwh);
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => b - a),
  );
}

/** Runs a script on a dataset and returns what it prints. */
function printed(program: string, words: readonly string[], { folder }: Made): string {
  const run = spawnSync(program, words, {
    env: { ...process.env, DATASET: folder },
    encoding: 'utf8',
    timeout: 120_000,
  });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout;
}

/** A Python that has all of these modules; undefined if there is none. */
function pythonWith(...modules: readonly string[]): string | undefined {
  const code = [...modules, 'sys'].map((name) => `import ${name}`).join('; ');
  return PYTHONS.find((python) => spawnSync(python, ['-c', code]).status === 0);
}

for (const [script, made, modules] of [
  ['excess-pandas.py', csv, ['pandas']],
  ['excess-pandas.py', parquet, ['pandas', 'pyarrow']],
  ['excess-polars.py', parquet, ['polars']],
  ['excess-duckdb.py', parquet, ['duckdb']],
] as const) {
  const python = pythonWith(...modules);
  const skip = python === undefined && `no Python here has ${modules.join(' and ')}`;
  test(`${script} prints what each anomaly cost, with ${modules.join(' and ')}`, { skip }, () => {
    const text = printed(python as string, [join(SCRIPTS, script)], made);
    assertTable(text);
    assert.match(text, /validation/);
  });
}

const hasR = spawnSync(R, ['--version']).status === 0;
test('excess.R prints what each anomaly cost', { skip: !hasR && 'R is not installed' }, () => {
  const text = printed(R, ['--vanilla', join(SCRIPTS, 'excess.R')], csv);
  assertTable(text);
  assert.match(text, /validation/);
});

/** A DuckDB in which relative paths are those in a folder. */
async function duckdbIn(folder: string) {
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
  await duckdb.run(`SET TimeZone = 'UTC'; SET file_search_path = '${folder}'`);
  return duckdb;
}

const tableOf = (rows: readonly (readonly unknown[])[]) =>
  rows.map((row) => row.join(' ')).join('\n');

test('excess.sql lists the columns with their units, and what each anomaly cost', async () => {
  const duckdb = await duckdbIn(parquet.folder);
  const statements = await duckdb.extractStatements(
    readFileSync(join(SCRIPTS, 'excess.sql'), 'utf8'),
  );
  assert.equal(statements.count, 3);
  const results: (readonly unknown[])[][] = [];
  for (let i = 0; i < statements.count; i++)
    results.push(await (await (await statements.prepare(i)).runAndReadAll()).getRowsJson());
  const [, columns, costs] = results;
  assert.deepEqual(columns?.find(([name]) => name === 'excess_energy_kwh')?.slice(0, 2), [
    'excess_energy_kwh',
    'kWh',
  ]);
  assert.equal(
    columns?.length,
    Object.keys(csvRows(csv.folder, 'wide', 'compressor.csv')[0] ?? {}).length,
  );
  assertTable(tableOf(costs ?? []));
});

test('the query of excess-duckdb.py gives what each anomaly cost', async () => {
  const duckdb = await duckdbIn(parquet.folder);
  await duckdb.run(
    "CREATE VIEW readings AS FROM read_parquet('wide/*.parquet', union_by_name = true);" +
      "CREATE VIEW anomalies AS FROM 'anomalies.parquet'",
  );
  const script = readFileSync(join(SCRIPTS, 'excess-duckdb.py'), 'utf8');
  const [, query] = /"""(.+?)"""/s.exec(script) ?? [];
  const result = await duckdb.runAndReadAll(query as string);
  assertTable(tableOf(result.getRowsJson()));
});

const anyPython = pythonWith();
test('every Python script is valid Python', {
  skip: !anyPython && 'Python is not installed',
}, () => {
  const scripts = readdirSync(SCRIPTS).filter((name) => name.endsWith('.py'));
  assert.equal(scripts.length, 3);
  const code = 'import ast, sys; [ast.parse(open(path).read()) for path in sys.argv[1:]]';
  const paths = scripts.map((name) => join(SCRIPTS, name));
  const { status, stderr } = spawnSync(anyPython as string, ['-c', code, ...paths], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});
