import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Batch, READING, STATUS } from '../../src/core/batch.ts';
import { IDLE, OFFLINE, OPERATING_MODES, RUNNING } from '../../src/core/field.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import { MESSAGE_BYTES_MAX } from '../../src/encoding/columns.ts';
import { JsonEncoder } from '../../src/encoding/json.ts';
import {
  batchOf,
  boiler,
  filler,
  fleetBatch,
  MACHINE_ID,
  machineOf,
  RECIPES,
  TIME_MS,
  written,
} from './sample.ts';

const ENERGY = 0;
const PRODUCTION = 1;
const ENVIRONMENTAL = 2;

function message(batch: Batch, row: number, channel: number, encoder = new JsonEncoder()): string {
  return written((bytes, at) => encoder.message(batch, row, channel, bytes, at));
}

function status(batch: Batch, row = 0): string {
  return written((bytes, at) => new JsonEncoder().status(batch, row, bytes, at));
}

/** The object of a channel's message, built the slow way. */
function messageObject(batch: Batch, row: number, channelIndex: number): Record<string, unknown> {
  const machine = batch.machines[row] as Batch['machines'][number];
  const { name, fields } = machine.type.channels[channelIndex] as (typeof machine.type.channels)[0];
  const time = new Date(batch.timesMs[row] as number).toISOString().replace('.000Z', 'Z');
  const isCarrier = ['electricity', 'natural_gas', 'steam'].includes(name);
  const head = isCarrier ? { timestamp: time, time } : { time };
  const object: Record<string, unknown> = { ...head, machine_id: machine.id };
  for (const { name, column, kind, text } of fields) {
    const value = batch.values[row * ROW_WIDTH + column] as number;
    object[name] = kind === 'mode' ? OPERATING_MODES[value] : text ? text(value) : value;
  }
  return object;
}

describe('a message', () => {
  it('is one JSON object with the fields of its channel in the documented order', () => {
    const values = {
      power_kw: 45.2,
      energy_kwh: 0.012556,
      voltage_v: 400.05,
      current_a: 72.5,
      power_factor: 0.9,
      frequency_hz: 49.998,
      production_count: 12,
      production_count_good: 11,
      production_count_bad: 1,
      throughput_units_per_hour: 4320,
      operating_mode: RUNNING,
      speed_percent: 99.5,
      batch_id: 7,
      machine_temp_c: -3.25,
      pressure_bar: 6.9,
      vibration_mm_s: 0.0125,
    };
    const batch = batchOf({ machine: machineOf(filler), values });
    const head = `{"time":"2025-10-09T12:00:00Z","machine_id":"${MACHINE_ID}"`;
    assert.equal(
      message(batch, 0, ENERGY),
      `${head},"power_kw":45.2,"energy_kwh":0.012556,"voltage_v":400.05,"current_a":72.5,` +
        '"power_factor":0.9,"frequency_hz":49.998}',
    );
    assert.equal(
      message(batch, 0, PRODUCTION),
      `${head},"production_count":12,"production_count_good":11,"production_count_bad":1,` +
        '"throughput_units_per_hour":4320,"operating_mode":"running","speed_percent":99.5,' +
        '"recipe_id":"plain","batch_id":"B-7"}',
    );
    assert.equal(
      message(batch, 0, ENVIRONMENTAL),
      `${head},"machine_temp_c":-3.25,"pressure_bar":6.9,"vibration_mm_s":0.0125}`,
    );
  });

  it('of every machine type equals JSON.stringify of the same values', () => {
    const batch = fleetBatch();
    assert.ok(batch.length === 1000);
    const encoder = new JsonEncoder();
    const texts = new TextDecoder();
    const bytes = new Uint8Array(MESSAGE_BYTES_MAX + 3000 * batch.length);
    let at = 0;
    for (let row = 0; row < batch.length; row++)
      for (const channel of batch.machines[row]?.type.channels.keys() ?? []) {
        const end = encoder.message(batch, row, channel, bytes, at);
        const object = messageObject(batch, row, channel);
        const text = texts.decode(bytes.subarray(at, end));
        assert.equal(
          text,
          JSON.stringify(object, (_, value) => (value === 0 ? 0 : value)),
        );
        at = end;
      }
  });

  it('of an energy carrier has the time twice, first as timestamp', () => {
    const batch = batchOf({ machine: machineOf(boiler) });
    for (const channel of [0, 1, 2]) {
      const text = message(batch, 0, channel);
      assert.equal(text, JSON.stringify(messageObject(batch, 0, channel)));
      assert.deepEqual(Object.keys(JSON.parse(text)).slice(0, 3), [
        'timestamp',
        'time',
        'machine_id',
      ]);
    }
    assert.deepEqual(Object.keys(JSON.parse(message(batch, 0, 1))).slice(3), [
      'flow_rate_m3h',
      'consumption_m3',
      'pressure_bar',
      'temperature_c',
      'calorific_value_kwh_m3',
    ]);
  });

  it('of a boiler has the documented fields, and one steam pressure in two topics', () => {
    const all = fleetBatch();
    const row = all.machines.findIndex(({ type }) => type.type === 'boiler');
    const { id, type } = all.machines[row] as Batch['machines'][number];
    const time = new Date(all.timesMs[row] as number).toISOString().replace('.000Z', 'Z');
    const messages = new Map(
      type.channels.map(({ name }, channel) => [name, JSON.parse(message(all, row, channel))]),
    );
    assert.deepEqual(
      [...messages.keys()],
      ['electricity', 'natural_gas', 'steam', 'production', 'environmental'],
    );
    const keys = (name: string) => Object.keys(messages.get(name));
    const head = ['timestamp', 'time', 'machine_id'];
    assert.deepEqual(keys('electricity'), [
      ...head,
      ...['power_kw', 'energy_kwh', 'voltage_v', 'current_a', 'power_factor', 'frequency_hz'],
    ]);
    assert.deepEqual(keys('natural_gas'), [
      ...head,
      ...['flow_rate_m3h', 'consumption_m3', 'pressure_bar', 'temperature_c'],
      'calorific_value_kwh_m3',
    ]);
    assert.deepEqual(keys('steam'), [
      ...head,
      ...['flow_rate_kg_h', 'consumption_kg', 'pressure_bar', 'temperature_c', 'enthalpy_kj_kg'],
    ]);
    for (const name of ['electricity', 'natural_gas', 'steam']) {
      const { timestamp, time: again, machine_id } = messages.get(name);
      assert.deepEqual([timestamp, again, machine_id], [time, time, id]);
    }
    const pressureBar = (name: string) => messages.get(name).pressure_bar;
    assert.equal(pressureBar('steam'), pressureBar('environmental'));
    assert.notEqual(pressureBar('steam'), pressureBar('natural_gas'));
  });

  it('has milliseconds in its time if there are any', () => {
    const batch = batchOf({ machine: machineOf(filler), timeMs: TIME_MS + 500 });
    assert.equal(JSON.parse(message(batch, 0, ENERGY)).time, '2025-10-09T12:00:00.500Z');
  });

  it('escapes the texts of its fields', () => {
    RECIPES.forEach((recipe, recipe_id) => {
      const batch = batchOf({ machine: machineOf(filler), values: { recipe_id } });
      assert.equal(JSON.parse(message(batch, 0, PRODUCTION)).recipe_id, recipe);
      assert.equal(
        message(batch, 0, PRODUCTION),
        JSON.stringify(messageObject(batch, 0, PRODUCTION)),
      );
    });
  });

  it('escapes a machine id that is not a UUID', () => {
    const batch = batchOf({ machine: machineOf(filler, 'press "7"\nleft') });
    assert.equal(JSON.parse(message(batch, 0, ENERGY)).machine_id, 'press "7"\nleft');
  });

  it('has the right text after any number of different texts', () => {
    const encoder = new JsonEncoder();
    const machine = machineOf(filler);
    for (const batch_id of [...Array(3000).keys(), 0, 5]) {
      const batch = batchOf({ machine, values: { batch_id } });
      assert.equal(JSON.parse(message(batch, 0, PRODUCTION, encoder)).batch_id, `B-${batch_id}`);
    }
  });

  it('has null for a missing value', () => {
    const machine = machineOf(filler);
    const values = { pressure_bar: Number.NaN, recipe_id: Number.NaN, operating_mode: Number.NaN };
    const batch = batchOf({ machine, values });
    assert.equal(JSON.parse(message(batch, 0, ENVIRONMENTAL)).pressure_bar, null);
    assert.equal(JSON.parse(message(batch, 0, PRODUCTION)).recipe_id, null);
    assert.equal(JSON.parse(message(batch, 0, PRODUCTION)).operating_mode, null);
  });

  it('never has null for a power, an energy or a count: without one there is no message', () => {
    const counts = ['production_count', 'production_count_good', 'production_count_bad'];
    for (const name of ['power_kw', 'energy_kwh', ...counts]) {
      const batch = batchOf({ machine: machineOf(filler), values: { [name]: Number.NaN } });
      const channel = counts.includes(name) ? PRODUCTION : ENERGY;
      assert.throws(() => message(batch, 0, channel), {
        message: `filler ${MACHINE_ID} has no ${name} at 2025-10-09T12:00:00.000Z`,
      });
    }
  });

  it('does not depend on earlier messages', () => {
    const machines = [machineOf(filler, 'a'), machineOf(boiler, 'b'), machineOf(filler, 'c')];
    const rows = [0, 1, 2, 1, 0, 2, 2, 0].map((m, i) => ({
      machine: machines[m] as (typeof machines)[0],
      timeMs: TIME_MS + 30_000 * (i % 3),
      values: { power_kw: i },
    }));
    const batch = batchOf(...rows);
    const encoder = new JsonEncoder();
    for (let row = 0; row < batch.length; row++)
      assert.equal(message(batch, row, ENERGY, encoder), message(batch, row, ENERGY));
  });

  it('that does not fit in the buffer is an error', () => {
    const batch = batchOf({ machine: machineOf(filler) });
    const bytes = new Uint8Array(100);
    assert.throws(() => new JsonEncoder().message(batch, 0, ENERGY, bytes, 0), RangeError);
  });

  it('is written at the start of a subarray', () => {
    const batch = batchOf({ machine: machineOf(filler) });
    const whole = new Uint8Array(16_384);
    const end = new JsonEncoder().message(batch, 0, ENERGY, whole.subarray(1001), 10);
    const text = new TextDecoder().decode(whole.subarray(1011, 1001 + end));
    assert.equal(text, message(batch, 0, ENERGY));
  });

  it('of a machine with an overlong id is an error', () => {
    const batch = batchOf({ machine: machineOf(filler, 'x'.repeat(5000)) });
    assert.throws(() => message(batch, 0, ENERGY), RangeError);
  });
});

describe('a status', () => {
  const machine = machineOf(filler);
  const time = '2025-10-09T12:00:00Z';
  const head = `{"time":"${time}","timestamp":"${time}","machine_id":"${MACHINE_ID}"`;

  it('has mode and power of the reading at the same time, and no alerts if there are none', () => {
    for (const [mode, operating_mode] of OPERATING_MODES.slice(0, OFFLINE).entries()) {
      const values = { power_kw: 45.125, operating_mode: mode };
      const batch = batchOf({ machine, values, flags: READING | STATUS });
      assert.equal(
        status(batch),
        `${head},"is_running":true,"operating_mode":"${operating_mode}",` +
          '"current_power_kw":45.125,"alerts":[]}',
      );
    }
  });

  it('lists the alerts with their levels', () => {
    const values = { operating_mode: RUNNING };
    const flags = READING | STATUS;
    const hot = { code: 'HIGH_TEMPERATURE', level: 'warning', message: 'It is "hot"' };
    const low = { code: 'LOW_PRESSURE', level: 'critical', message: 'Pressure is low' };
    const shaking = { code: 'HIGH_VIBRATION', level: 'critical', message: 'Vibration is high' };
    const cases = [
      [0b00_00_01, [hot]],
      [0b00_10_00, [low]],
      [0b10_00_01, [hot, shaking]],
      [0b10_10_01, [hot, low, shaking]],
    ] as const;
    for (const [alerts, expected] of cases) {
      const text = status(batchOf({ machine, values, flags, alerts }));
      assert.ok(text.endsWith(`,"alerts":${JSON.stringify(expected)}}`), text);
    }
  });

  it('of a stopped machine is offline without power', () => {
    const batch = batchOf({ machine, values: { operating_mode: OFFLINE }, flags: STATUS });
    assert.equal(
      status(batch),
      `${head},"is_running":false,"operating_mode":"offline","current_power_kw":0,"alerts":[]}`,
    );
  });

  it('of a machine that has just started is running, without power yet', () => {
    const values = { operating_mode: IDLE, power_kw: 12 };
    const batch = batchOf({ machine, values, flags: STATUS });
    assert.equal(
      status(batch),
      `${head},"is_running":true,"operating_mode":"idle","current_power_kw":0,"alerts":[]}`,
    );
  });

  it('never has a power of null', () => {
    const values = { operating_mode: RUNNING, power_kw: Number.NaN };
    const batch = batchOf({ machine, values, flags: READING | STATUS });
    assert.throws(() => status(batch), /has no power_kw/);
  });
});
