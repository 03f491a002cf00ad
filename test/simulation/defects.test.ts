/** Instrument defects: a reading may differ from the true value. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Batch } from '../../src/core/batch.ts';
import type { MachineDefect } from '../../src/core/defect.ts';
import type { Machine } from '../../src/core/factory.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import { defects } from '../../src/defects/index.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import { createReader, type ReaderOptions } from '../../src/simulation/reader.ts';
import { factoryOf } from '../rows.ts';

const FROM_S = Date.UTC(2026, 2, 3, 9) / 1000;
const TO_S = FROM_S + 600;
const fleet = createFleet([factoryOf([{ type: 'pump' }, { type: 'motor' }])]);
const [pump, motor] = fleet.machines as [Machine, Machine];
const pressure = pump.type.fields.find(({ key }) => key === 'pressureBar')?.column as number;

/** A pressure sensor that reads two bars too much for five minutes. */
const OFFSET: MachineDefect = {
  label: 0b100,
  fromS: FROM_S + 120,
  untilS: FROM_S + 420,
  apply(values, at) {
    values[at + pressure] = (values[at + pressure] as number) + 2;
  },
};
const defective: Machine = { ...pump, defects: [OFFSET] };

function read(machines: readonly Machine[], options: ReaderOptions = {}, fromS = FROM_S): Batch {
  const reader = createReader(fleet, { machines, ...options });
  reader.seek(1000 * fromS);
  const batch = new Batch();
  assert.ok(reader.read(1000 * TO_S, batch));
  return batch;
}

const valuesOf = ({ values, length }: Batch) => values.slice(0, length * ROW_WIDTH);

test('while a defect acts, its field reports another value, and the label is set', () => {
  const [reported, sound] = [read([defective, motor]), read([pump, motor])];
  assert.equal(reported.length, sound.length);
  const expected = valuesOf(sound);
  for (let row = 0; row < reported.length; row++) {
    const tS = (reported.timesMs[row] as number) / 1000;
    const isActing =
      reported.machines[row] === defective && tS > OFFSET.fromS && tS <= OFFSET.untilS;
    if (isActing) OFFSET.apply(expected, row * ROW_WIDTH, tS);
    assert.equal(reported.defects[row], isActing ? OFFSET.label : 0);
  }
  assert.equal(reported.defects.filter((label) => label !== 0).length, 10, 'one each half minute');
  assert.deepEqual(valuesOf(reported), expected);
  for (const column of ['flags', 'alerts', 'faults'] as const)
    assert.deepEqual(reported[column], sound[column]);
});

test('the true readings of a machine with a defect are those of one without', () => {
  const truth = read([defective], { isTrue: true });
  assert.deepEqual(valuesOf(truth), valuesOf(read([pump])));
  assert.ok(truth.defects.every((label) => label === 0));
});

test('readings with defects do not depend on where a reader started', () => {
  const [whole, sought] = [read([defective]), read([defective], {}, FROM_S + 300)];
  const skipped = (whole.length - sought.length) * ROW_WIDTH;
  assert.deepEqual(valuesOf(sought), valuesOf(whole).slice(skipped));
});

test('a main meter adds up the true readings', () => {
  const factory = factoryOf([{ type: 'pump' }]);
  const description = { name: 'Main', id: 'main', topic: 'factory/demo/main', intervalS: 60 };
  const meter = { ...description, type: 'meter', ratedPowerKw: 90 };
  const { machines } = createFleet([{ ...factory, machines: [...factory.machines, meter] }]);
  const sound = machines[1] as Machine;
  const silent = {
    ...OFFSET,
    apply: (row: Float64Array, at: number) => void row.fill(0, at, at + 2),
  };
  const metered = (sound.metered ?? []).map((machine) => ({ ...machine, defects: [silent] }));
  assert.equal(metered.length, 1);
  assert.deepEqual(valuesOf(read([{ ...sound, metered }])), valuesOf(read([sound])));
});

test('kinds of defects have unique names, a sentence, and fit into the label', () => {
  assert.ok(defects.length <= 31);
  assert.equal(new Set(defects.map(({ kind }) => kind)).size, defects.length);
  for (const { about } of defects) assert.match(about, /^[A-Z].*\.$/);
});
