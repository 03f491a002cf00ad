import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { WantedColumns } from '../../src/dataset/formats/format.ts';
import { readTable } from '../../src/dataset/formats/index.ts';
import { makeFolder } from '../../src/dataset/whole-file.ts';
import { freshFolder, LEAKING, made, requestOf } from './request.ts';

async function rowsOf(path: string, wanted: WantedColumns): Promise<(string | number)[][]> {
  const all: (string | number)[][] = [];
  for await (const rows of readTable(path, wanted))
    for (let i = 0; i < rows.length; i++)
      all.push(
        Object.entries(wanted).map(([name, kind]) =>
          kind === 'text' ? (rows.texts(name)[i] as string) : (rows.numbers(name)[i] as number),
        ),
      );
  return all;
}

const ENERGY = { time: 'time', machine_id: 'text', power_kw: 'number', steam: 'number' } as const;
const NAMED = { name: 'text', rated_power_kw: 'number', owner: 'text' } as const;
const ANOMALIES = { anomaly_type: 'text', started_at: 'time', cleared_by: 'text' } as const;

test('every format reads back as the same rows; a missing column is empty', async () => {
  const name = 'A "hot", <b>wet</b> press';
  const machines = LEAKING.machines
    .filter(({ type }) => type === 'pump' || type === 'motor')
    .map((machine) => (machine.type === 'pump' ? { ...machine, name } : machine));
  const factory = { ...LEAKING, machines };
  const formats = [
    { format: 'csv', compression: 'none' },
    { format: 'csv', compression: 'gzip' },
    { format: 'jsonl', compression: 'gzip' },
    { format: 'parquet', compression: 'zstd' },
  ] as const;
  const read = [];
  for (const changes of formats) {
    const { folder, manifest } = await made(requestOf(changes, 2, factory));
    const path = (table: string) =>
      join(folder, manifest.files.find((file) => file.table === table)?.path as string);
    read.push({
      energy: await rowsOf(path('energy'), ENERGY),
      machines: await rowsOf(path('machines'), NAMED),
      anomalies: await rowsOf(path('anomalies'), ANOMALIES),
    });
  }
  const [csv, ...rest] = read;
  assert.equal(csv?.energy.length, 2 * (360 + 120));
  assert.deepEqual(csv?.energy[0]?.slice(0, 2), [
    Date.UTC(2026, 0, 14, 10, 0, 10),
    machines[0]?.id,
  ]);
  assert.deepEqual(csv?.machines[1], [name, 45, '']);
  assert.deepEqual(csv?.anomalies, [['seal_leak', Date.UTC(2026, 0, 14, 11), '']]);
  for (const each of rest) assert.deepEqual(each, csv);
});

test('a file that does not match its extension is reported with its path', async () => {
  const folder = freshFolder();
  makeFolder(folder);
  for (const name of ['energy.jsonl', 'energy.csv.gz', 'energy.parquet']) {
    const path = join(folder, name);
    writeFileSync(path, '<html>');
    await assert.rejects(rowsOf(path, ENERGY), {
      name: 'DatasetError',
      message: /cannot read .*energy/,
    });
  }
  await assert.rejects(rowsOf(join(folder, 'none.csv'), ENERGY), /none\.csv: it does not exist/);
});
