import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RUNNING } from '../../src/core/field.ts';
import { flatFields, flatNames, readingAt } from '../../src/encoding/reading.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { batchOf, boiler, filler, MACHINE_ID, machineOf, TIME_MS } from './sample.ts';

const namesOf = (type: typeof filler) => flatFields(type).map(({ name }) => name);

const ELECTRICAL = [
  'power_kw',
  'energy_kwh',
  'voltage_v',
  'current_a',
  'power_factor',
  'frequency_hz',
];
const PRODUCED = [
  'production_count',
  'production_count_good',
  'production_count_bad',
  'throughput_units_per_hour',
  'operating_mode',
  'speed_percent',
];

describe('a flat record', () => {
  it('has time, machine, energy, production and environment, in this order', () => {
    const values = {
      power_kw: 5.5,
      operating_mode: RUNNING,
      recipe_id: 1,
      batch_id: 2,
      pressure_bar: 7,
    };
    const reading = readingAt(batchOf({ machine: machineOf(filler), values }), 0);
    assert.deepEqual(Object.keys(reading), [
      'time',
      'machine_id',
      ...ELECTRICAL,
      ...PRODUCED,
      'recipe_id',
      'batch_id',
      'machine_temp_c',
      'pressure_bar',
      'vibration_mm_s',
    ]);
    const { time, machine_id, power_kw, operating_mode, recipe_id, batch_id } = reading;
    assert.deepEqual(
      [time, machine_id, power_kw, operating_mode, recipe_id, batch_id],
      ['2025-10-09T12:00:00Z', MACHINE_ID, 5.5, 'running', 'say "when"', 'B-2'],
    );
  });

  it('of a boiler ends with gas and steam, prefixed with the carrier’s name', () => {
    assert.deepEqual(namesOf(boiler), [
      ...ELECTRICAL,
      ...PRODUCED,
      'outdoor_temp_c',
      'machine_temp_c',
      'pressure_bar',
      'natural_gas_flow_rate_m3h',
      'natural_gas_consumption_m3',
      'natural_gas_pressure_bar',
      'natural_gas_temperature_c',
      'natural_gas_calorific_value_kwh_m3',
      'steam_flow_rate_kg_h',
      'steam_consumption_kg',
      'steam_pressure_bar',
      'steam_temperature_c',
      'steam_enthalpy_kj_kg',
    ]);
  });

  it('has null for a missing value', () => {
    const values = { pressure_bar: Number.NaN, recipe_id: Number.NaN };
    const batch = batchOf({ machine: machineOf(filler), values, timeMs: TIME_MS + 250 });
    const { time, pressure_bar, recipe_id, machine_temp_c } = readingAt(batch, 0);
    assert.deepEqual(
      [time, pressure_bar, recipe_id, machine_temp_c],
      ['2025-10-09T12:00:00.250Z', null, null, 0],
    );
  });

  it('of several machine types has the fields of all of them, each once, in one order', () => {
    const names = flatNames([filler, boiler]);
    assert.deepEqual(new Set(names), new Set([...namesOf(filler), ...namesOf(boiler)]));
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(names, flatNames([boiler, filler]));
    for (const type of [filler, boiler])
      assert.deepEqual(
        names.filter((name) => namesOf(type).includes(name)),
        namesOf(type),
      );
  });
});

for (const type of machineTypes)
  it(`${type.type} lists the fields of each channel in the documented order`, () => {
    const flat = flatFields(type).map(({ field }) => field);
    assert.equal(flat.length, type.fields.length);
    for (const { fields } of type.channels)
      assert.deepEqual(
        flat.filter((field) => fields.includes(field)),
        fields,
      );
  });
