import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { FROM_MS, made } from './request.ts';
import { HOUR_MS, mwhOf, PUMP, type Row, storyText, toldRequest } from './told.ts';

const EVENTS = `
  - { id: reset, at: 1h, defect: { machines: pump-2, kind: reset } }
  - { id: other, at: 2h, defect: { machines: pump-2, kind: exchange, value: 1234.5 } }
  - { id: losses, at: 50m, duration: 90m, defect: { machines: pump-2, kind: gap, share: 0.8 } }
`;

const registers = { registersFromMs: FROM_MS - 24 * HOUR_MS, haveAllRegisters: true };
const request = toldRequest({
  ...registers,
  stories: [storyText(EVENTS)],
  machineIds: [PUMP],
  format: 'jsonl',
  hasTrue: true,
});
const { folder } = await made(request);

function rows(...path: readonly string[]): Row[] {
  const text = readFileSync(join(folder, ...path), 'utf8').trimEnd();
  return text.split('\n').map((line) => JSON.parse(line) as Row);
}
const FILE = ['energy', 'factory=demo', '2026-01-14.jsonl'];
const totalOf = (row: Row | undefined) => mwhOf(row?.['energy_total_kwh']);

test('increments of a register, mended by the answer key, are the true energy', () => {
  const told = rows(...FILE);
  const defects = rows('defects.jsonl');
  const parameters = (event: string) =>
    JSON.parse(String(defects.find((row) => row['event'] === event)?.['parameters']));
  const [reset, other] = [parameters('reset'), parameters('other')];
  assert.equal(reset.new_initial, 0);
  assert.equal(other.new_initial, 1234.5);
  assert.equal(other.value, 1234.5);
  const mended =
    totalOf(told.at(-1)) -
    totalOf(told[0]) +
    [reset, other].reduce((mwh, each) => mwh + mwhOf(each.old_final - each.new_initial), 0);
  const truth = rows('true', ...FILE);
  assert.equal(mended, totalOf(truth.at(-1)) - totalOf(truth[0]));
  const energy = truth.slice(1).reduce((mwh, row) => mwh + mwhOf(row['energy_kwh']), 0);
  assert.equal(mended, energy);
});

test('an instant is seen in one reading, and has no energy error', () => {
  for (const [event, hours] of [
    ['reset', 1],
    ['other', 2],
  ] as const) {
    const row = rows('defects.jsonl').find((each) => each['event'] === event) ?? {};
    assert.equal(Date.parse(String(row['started_at'])), FROM_MS + hours * HOUR_MS);
    assert.equal(row['ended_at'], row['started_at']);
    assert.deepEqual([row['readings_affected'], row['energy_error_kwh']], [1, null]);
    assert.deepEqual([row['channel'], row['is_final']], ['energy', 1]);
  }
});
