/** Planned maintenance, wear and ageing: what changes over time in a machine without faults. */

import assert from 'node:assert/strict';
import test from 'node:test';
import type { FactoryDescription, Machine } from '../../src/core/factory.ts';
import { MAINTENANCE } from '../../src/core/field.ts';
import { Journal } from '../../src/core/journal.ts';
import type { MachineType } from '../../src/core/machine.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { WearModel } from '../../src/simulation/wear-model.ts';
import { passOver, type Row, readRows } from '../rows.ts';

const CALM = { ...DEFAULT_SETTINGS, enableAnomalies: false };
const HOUR_S = 3600;
const WEEK_S = 7 * 86_400;
const FROM_S = Date.UTC(2026, 1, 1) / 1000;

function build(
  type: MachineType,
  parameters: Readonly<Record<string, number>> = {},
  factory: Partial<FactoryDescription> = {},
) {
  const machine = {
    id: '00000000-0000-0000-0000-000000000001',
    name: type.type,
    type: type.type,
    ratedPowerKw: type.parameters['ratedPowerKw']?.value as number,
    intervalS: type.intervalS,
    topic: 'factory/demo/one',
    parameters,
  };
  const site = { ...DEFAULT_FACTORY, ...factory, machines: [machine] };
  const fleet = createFleet([site], { journal: new Journal(CALM), seed: 3 });
  return { fleet, machine: fleet.machines[0] as Machine };
}

/** The first maintenance that ends after an instant. */
function maintenance(machine: Machine, tS: number): readonly [fromS: number, untilS: number] {
  const parameters = new WearModel(machine).parametersAt(tS);
  return [parameters['maintenanceFromS'] as number, parameters['maintenanceUntilS'] as number];
}

const serviced = machineTypes.filter((type) => type.parameters['maintenanceWeeks']?.value !== 0);
assert.ok(serviced.length >= 6, 'no type is serviced');

for (const type of serviced) {
  const at = (row: Row, key: string) =>
    row.values[type.fields.find((each) => each.key === key)?.column as number] as number;

  test(`${type.type}: in maintenance only its controls use power, and it continues to report`, () => {
    const { fleet, machine } = build(type);
    const [fromS, untilS] = maintenance(machine, FROM_S);
    const reader = createReader(fleet);
    reader.seek((fromS - HOUR_S) * 1000);
    const rows = readRows(reader, (untilS + HOUR_S) * 1000);
    const isIn = ({ timeMs }: Row) => timeMs > fromS * 1000 && timeMs < untilS * 1000;
    const inside = rows.filter(isIn);
    assert.equal(inside.length, (untilS - fromS) / type.intervalS - 1);
    const controlsKw = Math.max(0.1, 0.005 * (machine.parameters['ratedPowerKw'] as number));
    for (const row of inside) {
      assert.equal(at(row, 'operatingMode'), MAINTENANCE);
      assert.ok(Math.abs(at(row, 'powerKw') / controlsKw - 1) < 0.05, `${at(row, 'powerKw')} kW`);
      assert.equal(at(row, 'productionCount'), 0);
      assert.equal(at(row, 'throughputUnitsPerHour'), 0);
      assert.equal(row.alerts, 0);
    }
    const outside = rows.filter(({ timeMs }) => timeMs < fromS * 1000 || timeMs > untilS * 1000);
    assert.ok(outside.every((row) => at(row, 'operatingMode') !== MAINTENANCE));
    const produced = (row: Row) => at(row, 'productionCount') > 0;
    assert.ok(outside.filter((row) => row.timeMs < fromS * 1000).some(produced));
    assert.ok(outside.filter((row) => row.timeMs > untilS * 1000).some(produced));
  });

  test(`${type.type}: around its maintenance a seek gives the rows of reading through`, () => {
    const { fleet, machine } = build(type);
    const [fromS, untilS] = maintenance(machine, FROM_S);
    const intervalMs = machine.intervalMs;
    for (const tS of [fromS - 20, fromS, fromS + 1805, untilS, untilS + 47, untilS + 7207]) {
      const through = createReader(fleet);
      through.seek((fromS - 30 * HOUR_S) * 1000);
      passOver(through, tS * 1000);
      const direct = createReader(fleet);
      direct.seek(tS * 1000);
      const untilMs = tS * 1000 + 5 * intervalMs;
      assert.deepEqual(readRows(direct, untilMs), readRows(through, untilMs), `${tS - fromS}`);
    }
  });

  test(`${type.type}: it wears between two maintenances, unless wear is off`, () => {
    const { machine } = build(type);
    const [, untilS] = maintenance(machine, FROM_S);
    const [nextFromS] = maintenance(machine, untilS);
    const wear = new WearModel(machine);
    const worn = (tS: number) => {
      const parameters = wear.parametersAt(tS);
      return Object.keys(type.parameters).map((key) =>
        Math.abs((parameters[key] as number) - (machine.parameters[key] as number)),
      );
    };
    const [fresh, half, old] = [untilS, (untilS + nextFromS) / 2, nextFromS - 1].map(worn);
    const sum = (values: readonly number[] = []) => values.reduce((a, b) => a + b, 0);
    assert.ok(sum(fresh) < sum(half) && sum(half) < sum(old));
    const kept = new WearModel(build(type, { wearShare: 0 }).machine);
    for (const key of Object.keys(type.parameters))
      assert.equal(
        kept.parametersAt(nextFromS - 1)[key],
        key === 'wearShare' ? 0 : machine.parameters[key],
      );
  });
}

test('a maintenance begins on a Sunday at 08:00 local time, summer and winter, every few weeks', () => {
  for (const timeZone of ['UTC', 'Europe/Berlin', 'America/Los_Angeles', 'Asia/Kathmandu'])
    for (const type of serviced) {
      const { machine } = build(type, {}, { timeZone });
      const clock = new Intl.DateTimeFormat('en-GB', {
        timeZone,
        weekday: 'short',
        hour: '2-digit',
        minute: '2-digit',
      });
      const weeks = machine.parameters['maintenanceWeeks'] as number;
      let [lastS, tS] = [Number.NaN, FROM_S];
      for (let i = 0; i < 8; i++) {
        const [fromS, untilS] = maintenance(machine, tS);
        assert.equal(clock.format(fromS * 1000), 'Sun 08:00');
        assert.equal(untilS - fromS, 2 * HOUR_S);
        if (i > 0) assert.ok(Math.abs(fromS - lastS - weeks * WEEK_S) <= HOUR_S);
        [lastS, tS] = [fromS, untilS];
      }
    }
});

test('machines of one type are not all serviced on the same Sunday', () => {
  const type = serviced[0] as MachineType;
  const machines = Array.from({ length: 40 }, (_, i) => {
    const id = `00000000-0000-0000-0000-${String(i).padStart(12, '0')}`;
    return { ...build(type).machine, random: createFleetRandom(id) };
  });
  const starts = new Set(machines.map((machine) => maintenance(machine, FROM_S)[0]));
  assert.ok(starts.size > 5);
});

function createFleetRandom(id: string) {
  const machines = [{ ...DEFAULT_FACTORY.machines[0], id }] as typeof DEFAULT_FACTORY.machines;
  return (createFleet([{ ...DEFAULT_FACTORY, machines }]).machines[0] as Machine).random;
}

test('with 0 weeks there is no maintenance, with a length of 5 hours it lasts until 13:00', () => {
  const type = serviced[0] as MachineType;
  assert.deepEqual(maintenance(build(type, { maintenanceWeeks: 0 }).machine, FROM_S), [
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  ]);
  const [fromS, untilS] = maintenance(build(type, { maintenanceHours: 5 }).machine, FROM_S);
  assert.equal(untilS - fromS, 5 * HOUR_S);
});

test('age adds to wear, by at most 8 %, and not before the installation', () => {
  const type = machineTypes.find((each) => each.type === 'compressor') as MachineType;
  const factor = (installedYear: number) => {
    const { machine } = build(type, { installedYear });
    const [, untilS] = maintenance(machine, FROM_S);
    return new WearModel(machine).parametersAt(untilS)['powerFaultFactor'] as number;
  };
  assert.equal(factor(2030), 1);
  assert.ok(Math.abs(factor(2016.1) - 1.04) < 0.001, '0.4 % a year');
  assert.equal(factor(1950), 1.08);
});
