/** Requirements for every machine type: a new type is tested here without an extra line. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { intervalVariable, VARIABLES } from '../../src/config/variables.ts';
import type { MachineDescription } from '../../src/core/factory.ts';
import { OPERATING_MODES, wireName } from '../../src/core/field.ts';
import { Journal } from '../../src/core/journal.ts';
import type { MachineType } from '../../src/core/machine.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { Cursor } from '../../src/simulation/cursor.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { passOver, type Row, readRows } from '../rows.ts';

const DAY_MS = 86_400_000;
const MONDAY_MS = Date.UTC(2026, 6, 6);
const CALM = { ...DEFAULT_SETTINGS, enableAnomalies: false };

/** Wire fields in the documented order. */
const ORDER = [
  'power_kw',
  'energy_kwh',
  'voltage_v',
  'current_a',
  'power_factor',
  'frequency_hz',
  'production_count',
  'production_count_good',
  'production_count_bad',
  'throughput_units_per_hour',
  'operating_mode',
  'speed_percent',
  'recipe_id',
  'batch_id',
  'outdoor_temp_c',
  'indoor_temp_c',
  'machine_temp_c',
  'outdoor_humidity_percent',
  'indoor_humidity_percent',
  'pressure_bar',
  'flow_rate_m3h',
  'supply_air_temp_c',
  'return_air_temp_c',
  'chilled_water_supply_temp_c',
  'chilled_water_return_temp_c',
  'cop',
  'vibration_mm_s',
];

/** Fields of the energy-carrier channels, in the documented order. */
const CARRIER_FIELDS: Readonly<Record<string, readonly string[]>> = {
  electricity: ORDER.slice(0, 6),
  natural_gas: [
    'flow_rate_m3h',
    'consumption_m3',
    'pressure_bar',
    'temperature_c',
    'calorific_value_kwh_m3',
  ],
  steam: ['flow_rate_kg_h', 'consumption_kg', 'pressure_bar', 'temperature_c', 'enthalpy_kj_kg'],
};

function describe(type: MachineType, changes: Partial<MachineDescription> = {}) {
  const description: MachineDescription = {
    id: '00000000-0000-0000-0000-000000000001',
    name: type.type,
    type: type.type,
    ratedPowerKw: type.parameters['ratedPowerKw']?.value as number,
    intervalS: type.intervalS,
    topic: 'factory/demo/one',
    ...changes,
  };
  return { ...DEFAULT_FACTORY, machines: [description] };
}

/** The documented names, in their order. */
function inOrder(names: readonly string[]): readonly string[] {
  return ORDER.filter((name) => names.includes(name));
}

function read(type: MachineType, fromMs: number, toMs: number, journal = new Journal(CALM)) {
  const reader = createReader(createFleet([describe(type)], { journal, seed: 5 }));
  reader.seek(fromMs);
  return readRows(reader, toMs);
}

const days = new Map<MachineType, readonly Row[]>();
/** A Monday in July of a machine, read once. */
function aDay(type: MachineType): readonly Row[] {
  const rows = days.get(type) ?? read(type, MONDAY_MS, MONDAY_MS + DAY_MS);
  days.set(type, rows);
  return rows;
}

function column(type: MachineType, name: string): number {
  return type.fields.find((field) => field.name === name)?.column ?? -1;
}

/** A meter produces nothing. */
function isProducing({ channels }: MachineType): boolean {
  return channels.some(({ name }) => name === 'production');
}

assert.ok(machineTypes.length >= 5, 'the machine types were not found');

for (const type of machineTypes) {
  test(`${type.type}: defaults lie within their limits, and typical powers within the accepted range`, () => {
    for (const [name, { value, range, about }] of Object.entries(type.parameters)) {
      assert.ok(range[0] <= value && value <= range[1], name);
      assert.match(about, /\.$/, name);
    }
    const { range } = type.parameters['ratedPowerKw'] as { range: readonly [number, number] };
    const [min, max] = range;
    assert.ok(min <= type.typicalRatedPowerKw[0] && type.typicalRatedPowerKw[1] <= max);
  });

  test(`${type.type}: the variable of its interval names it and has its default`, () => {
    const interval = VARIABLES[intervalVariable(type.type)];
    assert.equal(interval === undefined, type.isMainMeter === true);
    if (!interval) return;
    assert.equal(interval.default, String(type.intervalS));
    assert.match(interval.about, new RegExp(`readings of ${type.plural}\\.`));
  });

  test(`${type.type}: its fields are the documented ones, in their order, with units`, () => {
    for (const { name, fields } of type.channels) {
      const names = fields.map(({ name }) => name);
      const carrier = CARRIER_FIELDS[name];
      if (carrier) assert.deepEqual(names, carrier);
      else {
        const known = names.filter((each) => ORDER.includes(each));
        assert.deepEqual(known, inOrder(known));
      }
    }
    for (const [i, field] of type.fields.entries()) {
      assert.equal(field.column, i);
      const isBare = /factor|count|mode|cop|recipe|batch/.test(field.name);
      assert.ok(isBare || field.unit !== '', `${field.name} has no unit`);
    }
  });

  test(`${type.type}: every message of a day follows the contract`, () => {
    const rows = aDay(type);
    const interval = type.intervalS;
    assert.equal(rows.length, 86_400 / interval);
    const [p, e, v, i, pf] = [
      'power_kw',
      'energy_kwh',
      'voltage_v',
      'current_a',
      'power_factor',
    ].map((name) => column(type, name)) as [number, number, number, number, number];
    const [count, good, bad, mode] = [
      'production_count',
      'production_count_good',
      'production_count_bad',
      'operating_mode',
    ].map((name) => column(type, name)) as [number, number, number, number];
    for (const { values } of rows) {
      const at = (index: number) => values[index] as number;
      const apparentKw = (Math.sqrt(3) * at(v) * at(i) * at(pf)) / 1000;
      assert.ok(Math.abs(apparentKw - at(p)) <= 0.005 + 3e-4 * at(p), 'P = √3 V I pf');
      assert.ok(Math.abs(at(e) - (at(p) * interval) / 3600) <= 1e-6, 'E = P Δ');
      if (isProducing(type)) {
        assert.equal(at(good) + at(bad), at(count));
        assert.ok([at(count), at(good), at(bad)].every((n) => Number.isInteger(n) && n >= 0));
        assert.ok(OPERATING_MODES[at(mode)] !== undefined);
      }
      assert.ok(at(p) >= 0 && at(p) < 3 * (type.parameters['ratedPowerKw']?.value as number));
      for (const field of type.fields) {
        const value = values[field.column];
        if (value === null) assert.equal(field.key, 'cop', `${field.name} is null`);
        else assert.ok(Number.isFinite(value), field.name);
      }
    }
  });

  const producing = isProducing(type) ? test : test.skip;
  producing(`${type.type}: a day's counts are the throughput summed, to a unit a segment`, () => {
    const rows = aDay(type);
    const sum = (name: string) =>
      rows.reduce((total, { values }) => total + (values[column(type, name)] as number), 0);
    const count = sum('production_count');
    const integral = (sum('throughput_units_per_hour') * type.intervalS) / 3600;
    assert.ok(count > 0);
    assert.ok(Math.abs(count - integral) <= 2 + 0.06 * integral, `${count} against ${integral}`);
  });

  test(`${type.type}: without noise the energy of ten seconds is that of ten times one, to 1e-9`, () => {
    const journal = new Journal(CALM);
    const meanKw = (intervalS: number) => {
      const parameters = { meterNoiseShare: 0, sensorNoiseFactor: 0 };
      const fleet = createFleet([describe(type, { intervalS, parameters })], { journal });
      const cursor = new Cursor(fleet.machines[0] as never, journal);
      const scratch = new Float64Array(64);
      cursor.seek(MONDAY_MS + 7 * 3_600_000, scratch);
      const powers: number[] = [];
      for (let tS = MONDAY_MS / 1000 + 7 * 3600 + intervalS; powers.length * intervalS < 7200; ) {
        cursor.read(tS, scratch, 0);
        powers.push(cursor.state?.['powerKw'] as number);
        tS += intervalS;
      }
      return powers;
    };
    const tens = meanKw(10);
    const ones = meanKw(1);
    for (const [i, tenKw] of tens.entries()) {
      const oneKw = ones.slice(10 * i, 10 * i + 10).reduce((a, b) => a + b, 0) / 10;
      assert.ok(Math.abs(tenKw - oneKw) <= 1e-9 * Math.max(1, tenKw), `${tenKw} ${oneKw}`);
    }
  });

  test(`${type.type}: no segment is longer than a minute, and every segment advances`, () => {
    const journal = new Journal(CALM);
    const fleet = createFleet([describe(type)], { journal });
    const machine = fleet.machines[0] as (typeof fleet.machines)[number];
    const startS = MONDAY_MS / 1000 + 12_345;
    const state = type.start(machine.parameters, machine.site, machine.random, startS);
    let tS = startS;
    while (tS < startS + 86_400) {
      const endS = type.begin(state, machine.parameters, machine.site, machine.random, tS);
      assert.ok(endS > tS && endS <= tS + 60 + 1e-6, `${endS - tS} s`);
      tS = endS;
    }
  });

  test(`${type.type}: it scales with its rated power, over the whole accepted range`, () => {
    const range = type.parameters['ratedPowerKw']?.range as readonly [number, number];
    for (const ratedPowerKw of range) {
      const reader = createReader(createFleet([describe(type, { ratedPowerKw })]));
      const fromMs = MONDAY_MS + 10 * 3_600_000;
      reader.seek(fromMs);
      const rows = readRows(reader, fromMs + 3_600_000);
      const powers = rows.map(({ values }) => values[column(type, 'power_kw')] as number);
      const meanKw = powers.reduce((a, b) => a + b, 0) / powers.length;
      assert.ok(meanKw > 0.05 * ratedPowerKw && meanKw < 1.1 * ratedPowerKw, `${meanKw}`);
    }
  });

  for (const [name, fault] of Object.entries(type.faults)) {
    test(`${type.type}: ${name} changes the fields it declares, and not before it begins`, () => {
      const fromMs = MONDAY_MS + 9 * 3_600_000;
      const startS = fromMs / 1000 + 1800;
      const journal = new Journal(CALM, [
        {
          kind: 'inject',
          id: 'x',
          machineId: '00000000-0000-0000-0000-000000000001',
          anomalyType: name,
          severity: 5,
          durationS: 7200,
          sequence: 1,
          timeS: startS,
        },
      ]);
      const toMs = fromMs + 3 * 3_600_000;
      const [ill, well] = [read(type, fromMs, toMs, journal), read(type, fromMs, toMs)];
      assert.deepEqual(
        ill.filter(({ timeMs }) => timeMs / 1000 <= startS),
        well.filter(({ timeMs }) => timeMs / 1000 <= startS),
      );
      assert.ok(fault.signals.length > 0);
      const within = (rows: readonly Row[]) =>
        rows.filter(({ timeMs }) => timeMs / 1000 > startS && timeMs / 1000 <= startS + 7200);
      const [sick, sound] = [within(ill), within(well)];
      const mean = (rows: readonly Row[], index: number) =>
        rows.reduce((sum, { values }) => sum + (values[index] ?? 0), 0) / rows.length;
      for (const [i, key] of fault.signals.entries()) {
        const field = type.fields.find((each) => each.key === key);
        assert.ok(field, `${key} is no field`);
        assert.equal(wireName(key), field.name, 'the ground truth uses the name of its key');
        const [a, b] = [mean(sick, field.column), mean(sound, field.column)];
        assert.notEqual(a, b, key);
        if (i === 0) assert.ok(Math.abs(a - b) > 0.02 * Math.abs(b), `${key}: ${a} against ${b}`);
      }
      const labelled = ill.filter(({ faults }) => faults !== 0).map(({ timeMs }) => timeMs / 1000);
      assert.ok(labelled.length > 0);
      assert.ok(labelled.every((tS) => tS > startS && tS <= startS + 7200));
    });

    test(`${type.type}: two days after ${name} no effect is left`, () => {
      const fromMs = MONDAY_MS + 9 * 3_600_000;
      const journal = new Journal(CALM, [
        {
          kind: 'inject',
          id: 'x',
          machineId: '00000000-0000-0000-0000-000000000001',
          anomalyType: name,
          severity: 4,
          durationS: 3600,
          sequence: 1,
          timeS: fromMs / 1000,
        },
      ]);
      const reader = createReader(createFleet([describe(type)], { journal, seed: 5 }));
      const laterMs = fromMs + 2 * DAY_MS;
      reader.seek(fromMs - 60_000);
      passOver(reader, laterMs);
      const untilMs = laterMs + 60_000 * 5;
      assert.deepEqual(readRows(reader, untilMs), read(type, laterMs, untilMs));
    });
  }
}
