import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { timeText } from '../../src/encoding/time.ts';
import { csvRows, FROM_MS, filesIn, freshFolder, generated, made, requestOf } from './request.ts';
import {
  CALM,
  COMPRESSOR,
  EVENTS,
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

const TABLES = ['energy', 'production', 'environmental'];
const LABELS = ['anomaly', 'anomaly_type', 'defect', 'defect_kind', 'received_at'];

const told = await made(toldRequest({ hasTrue: true, hasClean: true, without: ['leak', 'clock'] }));
const { folder } = told;
const plain = await made(requestOf({ settings: CALM, hasLabels: true }, 6, PLANT));

/** The fields of a row, without labels. */
function fieldsOf(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !LABELS.includes(name)));
}

function defectsOf(kind: string): Row[] {
  return defectRows.filter((row) => row['kind'] === kind);
}

/** Small tables have texts in quotes: JSON lines have a row each. */
const asLines = await made(toldRequest({ format: 'jsonl' }));
function records(name: string, from = asLines.folder): Record<string, unknown>[] {
  const text = readFileSync(join(from, `${name}.jsonl`), 'utf8').trimEnd();
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line));
}
const defectRows = records('defects') as unknown as Row[];

test('a dataset without a scenario has the tables and columns that it had', () => {
  assert.deepEqual(
    filesIn(plain.folder).filter((path) => !path.includes('/')),
    ['README.md', 'anomalies.csv', 'factories.csv', 'machines.csv', 'manifest.json'],
  );
  const [row = {}] = rowsOf(plain.folder, 'energy', PUMP);
  assert.deepEqual(Object.keys(row).slice(-2), ['anomaly', 'anomaly_type']);
  const keys = Object.keys(plain.manifest);
  for (const key of ['scenarios', 'periods', 'received', 'true', 'without', 'truth_digest'])
    assert.ok(!keys.includes(key), key);
});

test('reading tables tell which defects act and when a reading was delivered', () => {
  for (const table of TABLES) {
    const [row = {}] = rowsOf(folder, table, HVAC);
    assert.deepEqual(Object.keys(row).slice(-5), LABELS, table);
  }
  const late = rowsOf(folder, 'energy', HVAC).filter((row) => row['defect_kind'] !== '');
  assert.ok(late.some((row) => row['defect_kind'] === 'spikes;outage'));
  for (const row of late) assert.equal(row['defect'], '1');
  const burstMs = FROM_MS + 4 * HOUR_MS + 20 * 60_000;
  const held = late.filter((row) => row['received_at'] !== row['time']);
  assert.equal(held.length, 19);
  for (const row of held) assert.equal(row['received_at'], timeText(burstMs));
});

test('received_at is told without labels if it is asked for', async () => {
  const { folder: bare, manifest } = await made(
    toldRequest({ hasLabels: false, isReceived: true }),
  );
  const [row = {}] = rowsOf(bare, 'energy', HVAC);
  assert.ok(!('defect' in row));
  assert.equal(Object.keys(row).at(-1), 'received_at');
  assert.equal(manifest.received, true);
  assert.ok(!filesIn(bare).includes('expected.csv'));
});

test('lost readings are missing, and a repeat follows its original', () => {
  const [gap = {}] = defectsOf('gap');
  const all = rowsOf(join(folder, 'true'), 'energy', PUMP).length;
  const lost = Number(gap['readings_lost']);
  assert.ok(lost > 20 && lost < 60, `${lost}`);
  assert.equal(rowsOf(folder, 'energy', PUMP).length, all - lost);
  assert.equal(gap['readings_affected'], lost);
  assert.equal(rowsOf(folder, 'production', PUMP).length, all);
  const [twice = {}] = defectsOf('duplicate');
  assert.equal(twice['largest_delay_s'], 45);
  const rows = rowsOf(folder, 'energy', COMPRESSOR);
  const repeats = rows.filter((row, i) => row['time'] === rows[i - 1]?.['time']);
  assert.equal(repeats.length, twice['readings_repeated']);
  for (const row of repeats)
    assert.equal(Date.parse(String(row['received_at'])), Date.parse(String(row['time'])) + 45_000);
});

test('what is told is true but where a defect acts, and other machines are left alone', () => {
  for (const table of TABLES)
    for (const id of [COMPRESSOR, PUMP, PRESS, HVAC]) {
      const truth = rowsOf(join(folder, 'true'), table, id);
      const sound = rowsOf(folder, table, id).filter((row) => row['defect'] === '0');
      const byTime = new Map(truth.map((row) => [row['time'], row]));
      assert.ok(sound.length > 50, `${table} ${id}`);
      for (const row of sound)
        assert.deepEqual(fieldsOf(row), fieldsOf(byTime.get(row['time']) as Row));
    }
  assert.deepEqual(rowsOf(folder, 'energy', METER), rowsOf(join(folder, 'true'), 'energy', METER));
});

test('without faults the true readings are those of the clean twin', () => {
  for (const id of [PUMP, PRESS, HVAC])
    assert.deepEqual(
      rowsOf(join(folder, 'true'), 'energy', id).map(fieldsOf),
      rowsOf(plain.folder, 'energy', id).map(fieldsOf),
    );
  for (const table of TABLES)
    assert.deepEqual(
      rowsOf(join(folder, 'clean'), table, COMPRESSOR).map(fieldsOf),
      rowsOf(plain.folder, table, COMPRESSOR).map(fieldsOf),
    );
});

test('the defects of the answer key, applied to true readings, give the dataset', () => {
  const truth = rowsOf(join(folder, 'true'), 'energy', PUMP);
  const byTime = new Map(rowsOf(folder, 'energy', PUMP).map((row) => [row['time'], row]));
  const active = (kind: string, id: string, time: string | undefined) =>
    defectsOf(kind).some(
      (row) =>
        row['machine_id'] === id &&
        Date.parse(String(time)) > Date.parse(String(row['started_at'])) &&
        Date.parse(String(time)) <= Date.parse(String(row['ended_at'])),
    );
  let held: string | undefined;
  let energyErrorMwh = 0;
  for (const row of truth) {
    const { time } = row;
    const isStuck = active('stuck', PUMP, time);
    if (!isStuck) held = row['power_kw'];
    const isScaled = active('scale', PUMP, time);
    const expected = {
      ...fieldsOf(row),
      power_kw: isStuck ? held : row['power_kw'],
      energy_kwh: isScaled ? String(mwhOf(row['energy_kwh']) / 1000) : row['energy_kwh'],
    };
    const actual = byTime.get(time);
    if (!actual) assert.ok(active('gap', PUMP, time), time);
    else assert.deepEqual(fieldsOf(actual), expected);
    if (isScaled) energyErrorMwh += mwhOf(expected.energy_kwh) - mwhOf(row['energy_kwh']);
  }
  const [scale = {}] = defectsOf('scale');
  assert.equal(mwhOf(scale['energy_error_kwh']), energyErrorMwh);
  assert.equal(scale['readings_affected'], (2 * 3600) / 30);
});

test('a row of defects has everything that tells what was wrong', () => {
  assert.equal(defectRows.length, 9);
  const [row = {}] = defectsOf('ct_reversed');
  assert.match(String(row['id']), /^[0-9a-f]{8}-[0-9a-f]{4}-8/);
  const { id: _, energy_error_kwh: error, ...rest } = row;
  assert.ok(Number(error) < 0);
  assert.deepEqual(rest, {
    scenario: 'tale',
    event: 'reversed',
    machine_id: PRESS,
    channel: 'energy',
    fields: null,
    class: 'wiring',
    kind: 'ct_reversed',
    parameters: '{"phases":["L2"]}',
    started_at: timeText(FROM_MS + 2 * HOUR_MS),
    ended_at: timeText(FROM_MS + 4 * HOUR_MS),
    readings_affected: 240,
    readings_lost: 0,
    readings_repeated: 0,
    largest_delay_s: 0,
    is_final: 1,
  });
  const [spikes = {}] = defectsOf('spikes');
  assert.equal(spikes['ended_at'], null);
  assert.equal(spikes['is_final'], 0);
  const labelled = rowsOf(folder, 'energy', HVAC).filter((each) =>
    each['defect_kind']?.includes('spikes'),
  );
  assert.equal(spikes['readings_affected'], labelled.length);
});

test('excess energy by the quarter-hour adds up to that of the anomaly', () => {
  const [leak = {}] = records('anomalies') as Row[];
  assert.deepEqual(
    [leak['origin'], leak['scenario'], leak['event'], leak['ramp_s']],
    ['scenario', 'tale', 'leak', 3600],
  );
  const excess = records('excess') as Row[];
  assert.ok(excess.every(({ id }) => id === leak['id']));
  const sum = excess.reduce((mwh, row) => mwh + mwhOf(row['excess_kwh']), 0);
  assert.equal(sum, mwhOf(leak['excess_energy_kwh']));
  assert.ok(sum > 0);
  const energyOf = (path: string) =>
    rowsOf(path, 'energy', COMPRESSOR).reduce((mwh, row) => mwh + mwhOf(row['energy_kwh']), 0);
  assert.equal(sum, energyOf(join(folder, 'true')) - energyOf(join(folder, 'clean')));
  const noticeable = Date.parse(String(leak['first_noticeable_at']));
  assert.ok(noticeable > FROM_MS + 0.5 * HOUR_MS && noticeable < FROM_MS + 2.5 * HOUR_MS);
  assert.equal(noticeable % 900_000, 0);
});

test('expected energy by the hour is that of the true readings', () => {
  const expected = records('expected') as Row[];
  assert.equal(expected.length, 6 * PLANT.machines.length);
  for (const id of [COMPRESSOR, PUMP]) {
    const hours = new Map<number, number>();
    for (const row of rowsOf(join(folder, 'true'), 'energy', id)) {
      const hour = Math.ceil(Date.parse(String(row['time'])) / HOUR_MS);
      hours.set(hour, (hours.get(hour) ?? 0) + mwhOf(row['energy_kwh']));
    }
    for (const row of expected.filter((each) => each['machine_id'] === id)) {
      const hour = Date.parse(String(row['time'])) / HOUR_MS;
      assert.equal(mwhOf(row['actual_kwh']), hours.get(hour));
      assert.equal(row['expected_kwh'], row['actual_kwh']);
    }
  }
});

test('a twin without an event is told as if it were not in the file', async () => {
  const kept = EVENTS.split('\n').filter((line) => !line.includes('id: clock'));
  const other = await made(toldRequest({ stories: [storyText(kept.join('\n'))] }));
  for (const table of TABLES)
    for (const id of [COMPRESSOR, HVAC])
      assert.deepEqual(
        rowsOf(join(folder, 'without', 'clock'), table, id),
        rowsOf(other.folder, table, id),
      );
});

for (const wide of [undefined, { split: [60, 20, 20] }] as const)
  test(`files do not depend on workers${wide ? ', wide ones neither' : ''}`, async () => {
    const changes = { hasTrue: true, format: 'parquet', compression: 'zstd' } as const;
    const request = toldRequest(
      { ...changes, ...(wide && { wide, partition: 'whole' }), resampleMs: 300_000 },
      2,
    );
    const one = await made(request);
    for (const workers of [1, 3])
      assert.deepEqual((await generated(request, workers)).manifest, one.manifest, `${workers}`);
  });

test('a window that is cut has the same rows', async () => {
  const fromMs = FROM_MS + 3.5 * HOUR_MS;
  const part = await made(toldRequest({ fromMs }, 2.5));
  for (const table of TABLES)
    for (const id of [COMPRESSOR, PUMP, HVAC]) {
      const rows = rowsOf(part.folder, table, id);
      assert.deepEqual(rows, rowsOf(folder, table, id).slice(-rows.length));
      assert.ok(rows.length > 100);
    }
});

test('the manifest names the scenarios and their periods', async () => {
  const head = `name: tale
periods:
  baseline: { from: 0, to: 1h }
  test: { from: 2h, to: 2026-01-14T14:00Z }`;
  const stories = [storyText(EVENTS, head)];
  const request = toldRequest({ stories, hasTrue: true, without: ['leak'] }, 1);
  const { manifest, folder: own } = await made(request);
  assert.deepEqual(manifest.scenarios, [{ name: 'tale', digest: stories[0]?.digest }]);
  assert.deepEqual(manifest.periods, {
    baseline: { from: '2026-01-14T10:00:00Z', to: '2026-01-14T11:00:00Z' },
    test: { from: '2026-01-14T12:00:00Z', to: '2026-01-14T14:00:00Z' },
  });
  assert.deepEqual([manifest.true, manifest.without], [true, ['leak']]);
  assert.equal(manifest.scenario_start, '2026-01-14T10:00:00Z');
  assert.match(readFileSync(join(own, 'scenarios.csv'), 'utf8'), /^name,digest,periods\ntale,/);
});

test('another scenario is another dataset', async () => {
  const request = toldRequest({}, 2);
  const out = freshFolder();
  const { generateDataset } = await import('../../src/dataset/generation.ts');
  await generateDataset(request, { folder: out, workers: 1 });
  const other = { ...request, stories: [storyText(EVENTS.replace('4 }', '5 }'))] };
  await assert.rejects(
    generateDataset(other, { folder: out, workers: 1 }),
    /contains another dataset \(scenarios: /,
  );
  assert.ok(csvRows(out, 'defects.csv').length > 0);
});
