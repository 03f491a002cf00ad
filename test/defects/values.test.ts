/** Defects of single values and of the wiring: told = true + defects, recomputed from the formulas. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { defects } from '../../src/defects/index.ts';
import {
  boiler,
  columnOf,
  compressor,
  type DefectOf,
  FROM_S,
  fleetOf,
  pairs,
  pump,
  read,
  readings,
} from './told.ts';

const bitOf = (kind: string) => 1 << defects.findIndex((defect) => defect.kind === kind);
const rounded = (value: number, decimals: number) => {
  const scale = Number(`1e${decimals}`);
  return Math.floor(value * scale + 0.5) / scale + 0;
};
const isActing = (tS: number) => tS > FROM_S + 300 && tS <= FROM_S + 900;

/** Checks each told value of a field, and that nothing else differs. */
function check(
  defect: DefectOf,
  field: string,
  expected: (x: number, ageS: number, tS: number) => number,
  machineId = pump,
) {
  let acted = 0;
  for (const { told, true: truth } of pairs([defect], machineId)) {
    const column = columnOf(told.machine, field);
    const { decimals } = told.machine.type.fields[column] as { decimals: number };
    const wanted = truth.values.slice();
    if (isActing(told.tS)) {
      const x = wanted[column] as number;
      wanted[column] = rounded(expected(x, told.tS - FROM_S - 300, told.tS), decimals);
      acted++;
    }
    assert.deepEqual(told.values, wanted, `${defect.kind} at ${told.tS - FROM_S}`);
    assert.equal(told.defects, isActing(told.tS) ? bitOf(defect.kind) : 0);
  }
  assert.ok(acted >= 20);
}

test('offset, drift, scale, saturated and coarse follow their formulas', () => {
  const fields = ['pressure_bar'];
  check({ kind: 'offset', fields, values: { by: 2.5 } }, 'pressure_bar', (x) => x + 2.5);
  check(
    { kind: 'drift', fields, values: { rate_per_day: 864 } },
    'pressure_bar',
    (x, ageS) => x + ageS / 100,
  );
  check({ kind: 'scale', fields, values: { by: 1.02 } }, 'pressure_bar', (x) => x * 1.02);
  check({ kind: 'scale', fields, values: { unit: 'psi' } }, 'pressure_bar', (x) => x * 14.503774);
  check({ kind: 'saturated', fields, values: { value: 100 } }, 'pressure_bar', (x) =>
    Math.min(x, 100),
  );
  check(
    { kind: 'coarse', fields, values: { by: 5 } },
    'pressure_bar',
    (x) => 5 * Math.floor(x / 5 + 0.5),
  );
  check({ kind: 'sentinel', fields, values: { value: -9999 } }, 'pressure_bar', () => -9999);
  check(
    { kind: 'scale', fields: ['energy_kwh'], values: { unit: 'Wh' } },
    'energy_kwh',
    (x) => x * 1000,
  );
  check(
    { kind: 'scale', fields: ['indoor_temp_c'], values: { unit: 'F' } },
    'indoor_temp_c',
    (x) => x * 1.8 + 32,
  );
});

test('an offset grows with its ramp and fades at its end', () => {
  const growth = { rampS: 300, curve: 'linear' as const, fadeS: 200 };
  const by = 8;
  check(
    { kind: 'offset', fields: ['pressure_bar'], values: { by }, growth },
    'pressure_bar',
    (x, ageS) => {
      const rise = Math.min(1, ageS / 300);
      const fall = Math.min(1, (600 - ageS) / 200);
      return x + (Math.floor(1024 * Math.min(rise, fall)) / 1024) * by;
    },
  );
});

test('a value that is stuck is the true one of the last reading at the begin', () => {
  const all = pairs([]).filter(({ told }) => told.tS <= FROM_S + 300);
  const held = all.at(-1)?.true.values as Float64Array;
  check({ kind: 'stuck', fields: ['machine_temp_c'] }, 'machine_temp_c', () => {
    const machine = all[0]?.told.machine;
    assert.ok(machine);
    return held[columnOf(machine, 'machine_temp_c')] as number;
  });
});

test('a value that is missing is null, and the share of readings is drawn', () => {
  const values = { share: 0.5 };
  const found = pairs(
    [{ kind: 'missing', fields: ['pressure_bar'], values, machineIds: [compressor] }],
    compressor,
  );
  let missing = 0;
  for (const { told, true: truth } of found) {
    const column = columnOf(told.machine, 'pressure_bar');
    if (told.defects === 0) assert.deepEqual(told.values, truth.values);
    else {
      missing++;
      assert.ok(Number.isNaN(told.values[column]));
    }
  }
  assert.ok(missing > 250 && missing < 350, `${missing} of 600`);
});

test('spikes come in a share of the readings; noise has the given deviation', () => {
  const spiky: DefectOf = {
    kind: 'spikes',
    fields: ['power_kw'],
    values: { by: 10, share: 0.1 },
    machineIds: [compressor],
  };
  const spikes = pairs([spiky], compressor).filter(({ told }) => told.defects !== 0);
  assert.ok(spikes.length > 35 && spikes.length < 90, `${spikes.length} of 600`);
  for (const { told, true: truth } of spikes)
    assert.equal(told.values[0], rounded((truth.values[0] as number) * 10, 3));
  const noisy: DefectOf = {
    kind: 'noise',
    fields: ['pressure_bar'],
    values: { by: 0.5 },
    machineIds: [compressor],
  };
  const errors = pairs([noisy], compressor)
    .filter(({ told }) => told.defects !== 0)
    .map(({ told, true: truth }) => {
      const column = columnOf(told.machine, 'pressure_bar');
      return (told.values[column] as number) - (truth.values[column] as number);
    });
  const deviation = Math.sqrt(errors.reduce((sum, each) => sum + each * each, 0) / errors.length);
  assert.equal(errors.length, 600);
  assert.ok(deviation > 0.45 && deviation < 0.55, `${deviation}`);
  assert.ok(errors.every((each) => Math.abs(each) <= 0.5 * 4.88 + 0.001));
});

test('several defects of one field follow each other by begin, and the result is rounded once', () => {
  const fields = ['pressure_bar'];
  const found = pairs([
    { kind: 'coarse', fields, values: { by: 1 }, beginS: FROM_S + 400 },
    { kind: 'offset', fields, values: { by: 0.4444 }, beginS: FROM_S + 310 },
    { kind: 'scale', fields, values: { by: 1.5 }, beginS: FROM_S + 400 },
  ]);
  const last = found.findLast(({ told }) => told.tS <= FROM_S + 900);
  assert.ok(last);
  const column = columnOf(last.told.machine, 'pressure_bar');
  const x = (last.true.values[column] as number) + 0.4444;
  assert.equal(last.told.values[column], rounded(1.5 * Math.floor(x + 0.5), 3));
  assert.equal(last.told.defects, bitOf('coarse') | bitOf('offset') | bitOf('scale'));
});

test('good and bad units go along with the production count', () => {
  const fields = ['production_count'];
  const values = { by: 3 };
  for (const defect of [
    { kind: 'scale', fields, values },
    { kind: 'stuck', fields },
  ]) {
    const found = pairs([{ ...defect, beginS: FROM_S + 60, endS: FROM_S + 1200 }]);
    let [made, told] = [0, 0];
    for (const pair of found) {
      const at = (name: string) => pair.told.values[columnOf(pair.told.machine, name)] as number;
      const [count, good, bad] = [
        at('production_count'),
        at('production_count_good'),
        at('production_count_bad'),
      ];
      assert.equal(good + bad, count);
      assert.ok([count, good, bad].every((each) => Number.isInteger(each) && each >= 0));
      told += count;
      made += pair.true.values[columnOf(pair.told.machine, 'production_count')] as number;
    }
    if (defect.kind === 'scale') assert.ok(made > 0 && told > made);
  }
});

test('a told value is limited to what its column holds', () => {
  check(
    { kind: 'offset', fields: ['indoor_temp_c'], values: { by: 5000 } },
    'indoor_temp_c',
    () => 999.99,
  );
  check(
    { kind: 'scale', fields: ['power_factor'], values: { by: -100 } },
    'power_factor',
    () => -9.9999,
  );
});

test('wiring tells the power, energy, current and power factor of three wattmeters', () => {
  const cases: readonly (readonly [
    kind: string,
    values: DefectOf['values'],
    q: (cos: number, sin: number) => number,
    w: number,
  ])[] = [
    ['ct_reversed', { phases: ['L2'] }, (cos) => cos / 3, 1],
    ['ct_reversed', { phases: ['L1', 'L3'] }, (cos) => -cos / 3, 1],
    ['ct_reversed', { phases: ['L1', 'L2', 'L3'] }, (cos) => -cos, 1],
    ['phase_lost', { phases: ['L1'] }, (cos) => (2 / 3) * cos, 2 / 3],
    ['phase_lost', { phases: ['L1', 'L2', 'L3'] }, () => 0, 0],
    ['ct_ratio', { by: 0.5, phases: ['L1', 'L2', 'L3'] }, (cos) => cos / 2, 0.5],
    ['ct_swapped', { phases: ['L1', 'L2'] }, () => 0, 1],
    [
      'ct_swapped',
      { phases: ['L2', 'L3', 'L1'] },
      (cos, sin) => -cos / 2 - (Math.sqrt(3) / 2) * sin,
      1,
    ],
    [
      'ct_swapped',
      { phases: ['L3', 'L1', 'L2'] },
      (cos, sin) => -cos / 2 + (Math.sqrt(3) / 2) * sin,
      1,
    ],
  ];
  for (const machineId of [compressor, boiler])
    for (const [kind, values, share, w] of cases)
      for (const { told, true: truth } of pairs(
        [{ kind, values: values ?? {}, machineIds: [machineId] }],
        machineId,
      )) {
        if (!isActing(told.tS)) {
          assert.deepEqual(told.values, truth.values);
          continue;
        }
        const at = told.machine.type.electricityColumn;
        const [x, , volts, amps, cos] = truth.values.slice(at, at + 6) as unknown as number[];
        const [kw, kwh, tellV, tellA, pf] = told.values.slice(at, at + 6) as unknown as number[];
        assert.ok(
          x !== undefined && volts !== undefined && amps !== undefined && cos !== undefined,
        );
        assert.ok(kw !== undefined && kwh !== undefined && tellA !== undefined && pf !== undefined);
        const q = share(cos, Math.sqrt(1 - cos * cos));
        assert.ok(Math.abs(kw - (x * q) / cos) < 0.00051, `${kind}: ${kw} for ${(x * q) / cos}`);
        assert.equal(kwh, rounded((kw * (told.machine.intervalMs / 1000)) / 3600, 6));
        assert.ok(Math.abs(tellA - amps * w) < 0.0051);
        assert.ok(Math.abs(pf - (w === 0 ? 0 : q / w)) < 0.000051);
        const apparent = (Math.sqrt(3) * volts * tellA) / 1000;
        assert.ok(
          Math.abs(apparent * pf - kw) <= 0.005 + 3e-4 * apparent,
          `${kind}: P ≠ √3·U·I·pf`,
        );
        assert.equal(tellV, volts);
      }
});

test('several wiring defects work on the same gains; of two exchanges the later holds', () => {
  const found = pairs([
    { kind: 'ct_reversed', values: { phases: ['L1'] } },
    { kind: 'ct_reversed', values: { phases: ['L1', 'L2'] } },
    { kind: 'ct_swapped', values: { phases: ['L2', 'L3', 'L1'] } },
    { kind: 'ct_swapped', values: { phases: ['L1', 'L3'] }, beginS: FROM_S + 310 },
  ]);
  const last = found.findLast(({ told }) => told.tS <= FROM_S + 900);
  assert.ok(last);
  // Gains +1, −1, +1 on phases L3, L2, L1.
  const cos = last.true.values[4] as number;
  const sin = Math.sqrt(1 - cos * cos);
  const [later, earlier] = [
    -cos / 2 - (Math.sqrt(3) / 2) * sin,
    -cos / 2 + (Math.sqrt(3) / 2) * sin,
  ];
  const q = (earlier - cos + later) / 3;
  assert.ok(
    Math.abs((last.told.values[0] as number) - ((last.true.values[0] as number) * q) / cos) <
      0.00051,
  );
});

test('one defect leaves every other machine and every status as it is', () => {
  const fleet = fleetOf([{ kind: 'scale', fields: ['power_kw'], values: { by: 7 } }]);
  const [told, truth] = [read(fleet), read(fleet, { isTrue: true })];
  const others = (batch: typeof told) =>
    readings(batch).filter(({ machine }) => machine.id !== pump);
  assert.deepEqual(others(told), others(truth));
  const statuses = (batch: typeof told) =>
    Array.from({ length: batch.length }, (_, row) => row)
      .filter((row) => ((batch.flags[row] as number) & 2) !== 0)
      .map((row) => {
        const machine = batch.machines[row];
        assert.ok(machine);
        const at = row * 32;
        return {
          time: batch.timesMs[row],
          id: machine.id,
          powerKw: batch.values[at + machine.type.electricityColumn],
          mode: batch.values[at + machine.type.modeColumn],
          alerts: batch.alerts[row],
        };
      });
  assert.ok(statuses(truth).length > 50);
  assert.deepEqual(statuses(told), statuses(truth));
});
