/** The main meter: total power of a factory, to the watt. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { Batch, READING } from '../../src/core/batch.ts';
import type { FactoryDescription, MachineDescription } from '../../src/core/factory.ts';
import { OFFLINE, OPERATING_MODES, RUNNING } from '../../src/core/field.ts';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import type { Values } from '../../src/core/machine.ts';
import { MESSAGE_BYTES_MAX } from '../../src/encoding/columns.ts';
import { JsonEncoder } from '../../src/encoding/json.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { Cursor } from '../../src/simulation/cursor.ts';
import { createFleet, DEFAULT_SETTINGS, type Fleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { readMachineRow } from '../../src/store/registry/rows.ts';
import { type Row, readRows } from '../rows.ts';

const DAY_S = 86_400;
/** A Monday. */
const FROM_S = Date.UTC(2026, 5, 1) / 1000;
const METER: MachineDescription = {
  id: 'c0000000-0000-0000-0000-0000000000ff',
  name: 'Main-Meter',
  type: 'meter',
  ratedPowerKw: 400,
  intervalS: 60,
  topic: 'factory/demo/main-meter',
};
const [P, E, V, I, PF] = [0, 1, 2, 3, 4];

/** The default factory with a main meter, with intervals for the meter and for its machines. */
function factoryOf(intervalS: number, machinesS?: number): FactoryDescription {
  const machines = DEFAULT_FACTORY.machines.map((machine) => ({
    ...machine,
    intervalS: machinesS ?? machine.intervalS,
  }));
  return { ...DEFAULT_FACTORY, machines: [...machines, { ...METER, intervalS }] };
}

function read(fleet: Fleet, fromS: number, toS: number): Row[] {
  const reader = createReader(fleet);
  reader.seek(fromS * 1000);
  return readRows(reader, toS * 1000, 8192).filter(({ flags }) => flags & READING);
}

/** The meter's internal base load and losses, after each of its readings. */
function inside(fleet: Fleet, fromS: number, toS: number): Readonly<Values<string>>[] {
  const machine = fleet.byId.get(METER.id) as Fleet['machines'][number];
  const cursor = new Cursor(machine, fleet.journal);
  const row = new Float64Array(64);
  const states: Readonly<Values<string>>[] = [];
  cursor.seek(fromS * 1000, row);
  for (let tS = fromS; tS < toS; ) {
    tS += machine.intervalMs / 1000;
    cursor.read(tS, row, 0);
    states.push({ ...(cursor.state as Values<string>) });
  }
  return states;
}

/** Power of all machines except the meter, and of the meter, per meter interval [kW]. */
function balance(rows: readonly Row[], meterS: number, fleet: Fleet) {
  const kwh = new Map<number, number>();
  const meter = new Map<number, readonly (number | null)[]>();
  for (const { machineId, timeMs, values } of rows) {
    if (machineId === METER.id) meter.set(timeMs / 1000, values);
    else {
      const intervalS = (fleet.byId.get(machineId)?.intervalMs ?? 0) / 1000;
      const endS = Math.ceil(timeMs / 1000 / meterS) * meterS;
      kwh.set(endS, (kwh.get(endS) ?? 0) + ((values[P] as number) * intervalS) / meterS);
    }
  }
  return { machinesKw: kwh, meter };
}

test('machines, base load and losses add up to the main meter, to the watt, every second of a day', () => {
  const fleet = createFleet([factoryOf(1, 1)]);
  const rows = read(fleet, FROM_S, FROM_S + DAY_S);
  const states = inside(fleet, FROM_S, FROM_S + DAY_S);
  const { machinesKw, meter } = balance(rows, 1, fleet);
  assert.equal(meter.size, DAY_S);
  for (const [tS, values] of meter) {
    const { baseMeanKw, lossKw } = states[tS - FROM_S - 1] as Values<'baseMeanKw' | 'lossKw'>;
    const sumKw = (machinesKw.get(tS) ?? 0) + baseMeanKw + lossKw;
    assert.ok(Math.abs((values[P] as number) - sumKw) < 0.001, `${tS}: ${values[P]} ${sumKw}`);
    assert.ok(baseMeanKw > 4 && lossKw > 0.4 && lossKw < 0.03 * sumKw);
  }
});

test('the meter adds up the energy of machines with different intervals', () => {
  const fleet = createFleet([factoryOf(60)]);
  const toS = FROM_S + DAY_S / 4;
  const states = inside(fleet, FROM_S, toS);
  const { machinesKw, meter } = balance(read(fleet, FROM_S, toS), 60, fleet);
  assert.equal(meter.size, 360);
  for (const [tS, values] of meter) {
    const { baseMeanKw, lossKw } = states[(tS - FROM_S) / 60 - 1] as Values<string> as Values<
      'baseMeanKw' | 'lossKw'
    >;
    const sumKw = (machinesKw.get(tS) ?? 0) + baseMeanKw + lossKw;
    assert.ok(Math.abs((values[P] as number) - sumKw) < 0.001, `${tS}`);
    assert.ok(Math.abs((values[E] as number) - (values[P] as number) / 60) <= 1e-6);
  }
});

test('a machine that reports more slowly than the meter is metered at the meter’s interval', () => {
  const fleet = createFleet([factoryOf(10)]);
  const rows = read(fleet, FROM_S, FROM_S + 7200);
  const quick = createFleet([factoryOf(10, 10)]);
  const quickRows = read(quick, FROM_S, FROM_S + 7200);
  const meanKw = (all: readonly Row[]) => {
    const own = all.filter(({ machineId }) => machineId === METER.id);
    return own.reduce((sum, { values }) => sum + (values[P] as number), 0) / own.length;
  };
  assert.ok(Math.abs(meanKw(rows) / meanKw(quickRows) - 1) < 0.002);
});

test('voltage, current and power factor of the meter agree with the sums of P and Q', () => {
  const fleet = createFleet([factoryOf(60)]);
  const reactive = new Map<number, number>();
  const meters: Row[] = [];
  for (const row of read(fleet, FROM_S + 8 * 3600, FROM_S + 12 * 3600)) {
    const { machineId, timeMs, values } = row;
    const [p, pf] = [values[P] as number, values[PF] as number];
    const endMs = Math.ceil(timeMs / 60_000) * 60_000;
    const share = (fleet.byId.get(machineId)?.intervalMs ?? 0) / 60_000;
    if (machineId === METER.id) meters.push(row);
    else
      reactive.set(endMs, (reactive.get(endMs) ?? 0) + (share * p * Math.sqrt(1 - pf * pf)) / pf);
  }
  assert.equal(meters.length, 240);
  for (const { timeMs, values } of meters) {
    const [p, v, i, pf] = [P, V, I, PF].map((at) => values[at] as number) as [
      number,
      number,
      number,
      number,
    ];
    assert.ok(Math.abs((Math.sqrt(3) * v * i * pf) / 1000 - p) <= 0.005 + 3e-4 * p);
    const kvar = (p * Math.sqrt(1 - pf * pf)) / pf;
    const machinesKvar = reactive.get(timeMs) ?? 0;
    assert.ok(kvar > machinesKvar && kvar < machinesKvar + 40, `${kvar} ${machinesKvar}`);
  }
});

test('the base load follows the shifts and losses the square of the current', () => {
  const fleet = createFleet([factoryOf(60)]);
  const at = (tS: number) => inside(fleet, tS, tS + 60)[0] as Values<'baseMeanKw' | 'lossKw'>;
  const [day, night, sunday] = [10, 2, 6 * 24 + 12].map((hour) => at(FROM_S + hour * 3600)) as [
    ReturnType<typeof at>,
    ReturnType<typeof at>,
    ReturnType<typeof at>,
  ];
  assert.ok(day.baseMeanKw > 2 * night.baseMeanKw && night.baseMeanKw > sunday.baseMeanKw);
  assert.ok(day.lossKw > night.lossKw && sunday.lossKw > 0.4);
});

test('a machine that is stopped is not metered, and a meter that is stopped meters nothing', () => {
  const [compressor] = DEFAULT_FACTORY.machines as [MachineDescription];
  const stopS = FROM_S + 9 * 3600 + 600;
  const events: JournalEvent[] = [
    { kind: 'stop', machineIds: [compressor.id], sequence: 1, timeS: stopS },
    { kind: 'start', machineIds: [compressor.id], sequence: 2, timeS: stopS + 901 },
    { kind: 'stop', machineIds: [METER.id], sequence: 3, timeS: stopS + 1800 },
    { kind: 'start', machineIds: [METER.id], sequence: 4, timeS: stopS + 2700 },
  ];
  const fleet = createFleet([factoryOf(60)], { journal: new Journal(DEFAULT_SETTINGS, events) });
  const whole = read(fleet, stopS - 600, stopS + 3600);
  const { machinesKw, meter } = balance(whole, 60, fleet);
  // A machine is silent from the very second at which it is stopped.
  assert.equal(meter.size, 70 - 16);
  const gapsKw = [...meter].map(
    ([tS, values]) => (values[P] as number) - (machinesKw.get(tS) ?? 0),
  );
  assert.ok(Math.max(...gapsKw) - Math.min(...gapsKw) < 4, 'base load and losses alone');
  for (const seekS of [stopS + 30, stopS + 900, stopS + 930, stopS + 2000, stopS + 2730]) {
    const rows = read(fleet, seekS, stopS + 3600);
    assert.deepEqual(
      rows,
      whole.filter(({ timeMs }) => timeMs > seekS * 1000),
    );
  }
});

test('in a registry, a meter is a row of type other that declares it', () => {
  const { description, faults } = readMachineRow(
    {
      id: METER.id,
      factory_id: DEFAULT_FACTORY.id,
      name: 'Main-Meter',
      description: null,
      type: 'other',
      rated_power_kw: 630,
      rated_voltage_v: null,
      rated_current_a: null,
      rated_frequency_hz: null,
      data_interval_seconds: 60,
      mqtt_topic: 'factory/demo/main-meter',
      is_active: true,
      is_critical: false,
      metadata: { simulator_type: 'meter' },
    },
    null,
    machineTypes,
  );
  assert.deepEqual(faults, []);
  assert.deepEqual(description, { ...METER, ratedPowerKw: 630 });
});

test('the meter has one message per reading, and a status with the mode that no channel reports', () => {
  const journal = new Journal(DEFAULT_SETTINGS, [
    { kind: 'stop', machineIds: [METER.id], sequence: 1, timeS: FROM_S + 150 },
  ]);
  const fleet = createFleet([factoryOf(60)], { journal });
  const machine = fleet.byId.get(METER.id) as Fleet['machines'][number];
  assert.deepEqual(
    machine.type.channels.map(({ name }) => name),
    ['energy'],
  );
  const reader = createReader(fleet, { machines: [machine] });
  const batch = new Batch();
  reader.seek(FROM_S * 1000);
  reader.read((FROM_S + 300) * 1000, batch);
  const encoder = new JsonEncoder();
  const statuses = Array.from({ length: batch.length }, (_, row) => {
    const bytes = new Uint8Array(MESSAGE_BYTES_MAX);
    return JSON.parse(
      new TextDecoder().decode(bytes.subarray(0, encoder.status(batch, row, bytes, 0))),
    );
  });
  assert.deepEqual(
    statuses.map(({ operating_mode, is_running }) => [operating_mode, is_running]),
    [RUNNING, RUNNING, OFFLINE].map((mode) => [OPERATING_MODES[mode], mode === RUNNING]),
  );
  assert.ok(statuses[0].current_power_kw > 50);
});
