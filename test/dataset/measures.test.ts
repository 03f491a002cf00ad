import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { timeText } from '../../src/encoding/time.ts';
import { csvRows, FROM_MS, generated, made } from './request.ts';
import {
  COMPRESSOR,
  HOUR_MS,
  HVAC,
  METER,
  mwhOf,
  PLANT,
  PRESS,
  PUMP,
  type Row,
  rowsOf,
  storyText,
  toldRequest,
} from './told.ts';

const EVENTS = `
  - { id: drive, at: 1h, until: 5h, change: { as: measure, machine: compressor-1, parameters: { control: vsd } } }
  - { id: lights, at: 2h, change: { as: non_routine, add: [{ name: Lathe, type: motor, interval: 60 }] } }
  - { id: gone, at: 3h, change: { as: routine, remove: [injection_molding-3] } }
  - { id: swap, at: 2h, change: { as: measure, machine: pump-2, type: motor } }
  - { id: nothing, at: 1h, change: { as: measure, machine: hvac-4, rated_power_kw: RATED } }
  - { id: pause, at: 150m, duration: 20m, stop: { machines: hvac-4 } }
  - { id: leak, at: 4h, duration: 30m, fault: { machine: compressor-1, type: leak, severity: 4 } }
  - { id: lies, at: 90m, defect: { machines: '*', fields: energy_kwh, kind: scale, unit: Wh } }
`.replace('RATED', String(PLANT.machines.find(({ id }) => id === HVAC)?.ratedPowerKw));
const stories = [storyText(EVENTS)];
const IDS = ['drive', 'lights', 'gone', 'swap', 'nothing'];
const LATHE = '';

const request = await told();
const { folder } = await made(request);

/** A request with all machines that are ever there. */
async function told(changes: Parameters<typeof toldRequest>[0] = {}) {
  const { factoriesEver } = await import('../../src/dataset/request.ts');
  const base = toldRequest({ stories, hasTrue: true, without: IDS, ...changes }, 6);
  const machineIds = factoriesEver(base).flatMap(({ machines }) => machines.map(({ id }) => id));
  return { ...base, machineIds };
}

const lines = await made(await told({ format: 'jsonl', hasTrue: false, without: [] }));
const records = (name: string) =>
  readFileSync(join(lines.folder, `${name}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line)) as Row[];
const measures = records('measures');

/** True energy of a machine while a change acts: the twin has no defects but those it needs. */
function energyIn(variant: string, id: string, fromH: number, toH: number): number {
  let mwh = 0;
  for (const row of rowsOf(join(folder, variant), 'energy', id)) {
    const timeMs = Date.parse(String(row['time']));
    if (timeMs > FROM_MS + fromH * HOUR_MS && timeMs <= FROM_MS + toH * HOUR_MS)
      // Twins without an event still tell watt-hours.
      mwh += mwhOf(row['energy_kwh']) / (row['defect'] === '1' ? 1000 : 1);
  }
  return Math.round(mwh);
}

const lathe = request.machineIds.find((id) => !PLANT.machines.some((each) => each.id === id));
const all = [COMPRESSOR, PUMP, PRESS, HVAC, lathe ?? LATHE];

for (const [id, fromH, toH] of [
  ['drive', 1, 5],
  ['lights', 2, 6],
  ['gone', 3, 6],
  ['swap', 2, 6],
] as const)
  test(`true savings are the difference of the twins, to the milliwatt-hour: ${id}`, () => {
    const own = measures.filter(({ event }) => event === id);
    const saved = (machineId: string) =>
      energyIn(`without/${id}`, machineId, fromH, toH) - energyIn('true', machineId, fromH, toH);
    for (const machineId of [...all, METER]) {
      const row = own.find((each) => each['machine_id'] === machineId);
      const mwh = saved(machineId);
      assert.equal(row ? mwhOf(row['true_savings_kwh']) : 0, mwh, machineId);
      if (row) assert.equal(row['boundary'], machineId === METER ? 'main_meter' : 'machine');
    }
    const factory = own.find(({ boundary }) => boundary === 'factory') ?? {};
    const sum = all.reduce((mwh, machineId) => mwh + saved(machineId), 0);
    assert.equal(mwhOf(factory['true_savings_kwh']), sum);
    assert.notEqual(sum, 0);
    assert.equal(factory['machine_id'], null);
  });

test('a change that sets what already holds saves exactly 0, and its twin is the same', () => {
  const [row = {}, ...others] = measures.filter(({ event }) => event === 'nothing');
  assert.equal(others.length, 0);
  assert.deepEqual([row['boundary'], row['true_savings_kwh']], ['factory', 0]);
  for (const id of all)
    assert.deepEqual(
      rowsOf(join(folder, 'without/nothing'), 'energy', id),
      rowsOf(folder, 'energy', id),
    );
});

test('a row of measures has everything about the change', () => {
  const [row = {}] = measures.filter(({ event }) => event === 'drive');
  const { id, true_savings_kwh: _kwh, true_savings_percent: percent, ...rest } = row;
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  assert.ok(Number.isFinite(percent));
  assert.deepEqual(rest, {
    scenario: 'tale',
    event: 'drive',
    as: 'measure',
    boundary: 'factory',
    machine_id: null,
    change: '{"machine":"compressor-1","parameters":{"control":"vsd"}}',
    from: timeText(FROM_MS + HOUR_MS),
    until: timeText(FROM_MS + 5 * HOUR_MS),
    true_savings_cost: null,
    true_savings_co2_kg: null,
    interacts_with: null,
  });
  assert.equal(measures.find(({ event }) => event === 'swap')?.['until'], null);
});

test('expected energy is that without all measures, and all else as it is', () => {
  const expected = records('expected');
  const sum = (id: string, column: string) =>
    expected
      .filter((row) => row['machine_id'] === id)
      .reduce((mwh, row) => mwh + mwhOf(row[column]), 0);
  assert.equal(sum(COMPRESSOR, 'expected_kwh'), energyIn('without/drive', COMPRESSOR, 0, 6));
  assert.equal(sum(COMPRESSOR, 'actual_kwh'), energyIn('true', COMPRESSOR, 0, 6));
  assert.equal(sum(PUMP, 'expected_kwh'), energyIn('without/swap', PUMP, 0, 6));
  for (const id of [HVAC, PRESS, lathe ?? LATHE])
    assert.equal(sum(id, 'expected_kwh'), sum(id, 'actual_kwh'));
  assert.ok(sum(lathe ?? LATHE, 'actual_kwh') > 0);
});

test('a machine that comes has rows from then on, one that leaves or stands has none', () => {
  const times = (id: string) => rowsOf(folder, 'energy', id).map(({ time }) => time);
  assert.equal(times(lathe ?? LATHE)[0], timeText(FROM_MS + 2 * HOUR_MS + 60_000));
  assert.equal(times(PRESS).at(-1), timeText(FROM_MS + 3 * HOUR_MS));
  assert.equal(times(HVAC).length, 6 * 60 - 20);
  assert.ok(csvRows(folder, 'machines.csv').some((row) => row['name'] === 'Lathe'));
});

test('workers and wide, resampled tables agree on machines that change', async () => {
  const wide = { wide: { split: [60, 20, 20] }, partition: 'whole', without: ['swap'] } as const;
  const changed = await told({ ...wide, resampleMs: 900_000 });
  const one = await made(changed);
  assert.deepEqual((await generated(changed, 2)).manifest, one.manifest);
  const timesIn = (table: string) =>
    csvRows(one.folder, 'wide', `${table}.csv`)
      .filter((row) => row['machine_id'] === PUMP)
      .map(({ time }) => time);
  assert.deepEqual([timesIn('pump').length, timesIn('motor').length], [8, 16]);
});
