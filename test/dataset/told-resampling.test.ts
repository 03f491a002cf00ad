import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { timeText } from '../../src/encoding/time.ts';
import { csvRows, FROM_MS, made } from './request.ts';
import {
  COMPRESSOR,
  HOUR_MS,
  HVAC,
  mwhOf,
  PUMP,
  type Row,
  rowsOf,
  storyText,
  toldRequest,
} from './told.ts';

const QUARTER_MS = 900_000;
/** The clock of the compressor is half an hour fast, and then seven minutes slow. */
const EVENTS = `
  - { id: fast, at: 1h, duration: 1h, defect: { machines: compressor-1, kind: clock_offset, by: 1800 } }
  - { id: slow, at: 3h, duration: 2h, defect: { machines: compressor-1, kind: clock_offset, by: -400 } }
  - { id: gone, at: 130m, duration: 40m, defect: { machines: pump-2, channels: energy, kind: gap } }
  - { id: losses, at: 4h, duration: 30m, defect: { machines: pump-2, kind: gap, share: 0.4 } }
  - { id: twice, at: 3h, duration: 1h, defect: { machines: [pump-2, compressor-1], kind: duplicate, delay: 90 } }
  - { id: outage, at: 4h, duration: 40m, defect: { machines: hvac-4, kind: outage } }
`;
const stories = [storyText(EVENTS)];
const raw = (await made(toldRequest({ stories, hasTrue: true }, 6))).folder;
const folder = (await made(toldRequest({ stories, resampleMs: QUARTER_MS }, 6))).folder;

/** What a machine tells in each quarter-hour, by its end: each reading once. */
function quarters(id: string, table = 'energy'): ReadonlyMap<string, readonly Row[]> {
  const found = new Map<string, Row[]>();
  const seen = new Set<string>();
  for (const row of rowsOf(raw, table, id)) {
    // A repeat is received later, and tells the same time.
    const key = `${row['time']} ${row['power_kw']} ${row['energy_kwh']} ${row['current_a']}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const timeMs = Date.parse(String(row['time']));
    const end = timeText(Math.ceil(timeMs / QUARTER_MS) * QUARTER_MS);
    found.set(end, [...(found.get(end) ?? []), row]);
  }
  return found;
}

for (const [name, id] of Object.entries({ compressor: COMPRESSOR, pump: PUMP, hvac: HVAC }))
  test(`quarter-hours add up what is told by the told time: ${name}`, () => {
    const expected = quarters(id);
    const rows = rowsOf(folder, 'energy', id);
    assert.deepEqual(
      rows.map((row) => row['time']),
      [...expected.keys()].sort(),
    );
    for (const row of rows) {
      const readings = expected.get(String(row['time'])) ?? [];
      const mwh = readings.reduce((sum, each) => sum + mwhOf(each['energy_kwh']), 0);
      assert.equal(mwhOf(row['energy_kwh']), mwh, row['time']);
      const received = readings.map((each) => Date.parse(String(each['received_at'])));
      assert.equal(Date.parse(String(row['received_at'])), Math.max(...received), row['time']);
    }
  });

test('an interval without any reading has no row, in its own channel only', () => {
  const gone = timeText(FROM_MS + 2.5 * HOUR_MS);
  const has = (table: string) => rowsOf(folder, table, PUMP).some((row) => row['time'] === gone);
  assert.deepEqual([has('energy'), has('production')], [false, true]);
});

test('a quarter-hour is defective if any of its readings was touched or lost', () => {
  const flagged = rowsOf(folder, 'energy', PUMP).filter((row) => row['defect'] === '1');
  const byKind = (kind: string) =>
    flagged.flatMap((row) =>
      row['defect_kind'] === kind ? String(row['time']).slice(11, 16) : [],
    );
  assert.deepEqual(byKind('gap'), ['12:15', '13:00', '14:15', '14:30']);
  assert.deepEqual(byKind('duplicate'), ['13:15', '13:30', '13:45', '14:00']);
});

test('a window that is cut has the same rows, whatever its clocks', async () => {
  const cutMs = FROM_MS + 2 * HOUR_MS;
  const parts = [
    await made(toldRequest({ stories, resampleMs: QUARTER_MS }, 2)),
    await made(toldRequest({ stories, resampleMs: QUARTER_MS, fromMs: cutMs }, 4)),
  ];
  for (const table of ['energy', 'production', 'environmental'])
    assert.deepEqual(
      parts.flatMap((part) => csvRows(part.folder, table, 'factory=demo', '2026-01-14.csv')),
      csvRows(folder, table, 'factory=demo', '2026-01-14.csv'),
    );
});

test('wide tables are resampled by the told time, and their excess energy is true', async () => {
  const leak = `
  - { id: leak, at: 30m, duration: 3h, fault: { machine: compressor-1, type: leak, severity: 4 } }
  - { id: units, at: 2h, duration: 2h, defect: { machines: compressor-1, fields: energy_kwh, kind: scale, unit: Wh } }
`;
  const request = { stories: [storyText(leak)], wide: { split: [60, 20, 20] } } as const;
  const wide = { ...request, partition: 'whole', resampleMs: QUARTER_MS } as const;
  const { folder: own } = await made(toldRequest(wide, 6));
  const rows = csvRows(own, 'wide', 'compressor.csv');
  const sum = rows.reduce((mwh, row) => mwh + mwhOf(row['excess_energy_kwh']), 0);
  const [anomaly = {}] = csvRows(own, 'anomalies.csv');
  assert.equal(sum, mwhOf(anomaly['excess_energy_kwh']));
  assert.ok(sum > 0);
  assert.equal(rows.filter((row) => row['defect'] === 'true').length, 8);
  assert.equal(rows.filter((row) => row['defect_kind'] === 'scale').length, 8);
  assert.equal(Object.keys(rows[0] ?? {}).at(-1), 'received_at');
  const { folder: plain } = await made(toldRequest({ ...request, partition: 'whole' }, 6));
  const each = csvRows(plain, 'wide', 'compressor.csv');
  assert.equal(each.length, (6 * 3600) / 10);
  const exact = each.reduce((mwh, row) => mwh + mwhOf(row['excess_energy_kwh']), 0);
  assert.equal(exact, sum);
  assert.ok(join(plain, 'wide').length > 0);
});
