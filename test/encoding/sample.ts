/** Machine types for these tests, and batches filled by hand or by a fleet. */

import fc from 'fast-check';
import { Batch, READING } from '../../src/core/batch.ts';
import type { Machine } from '../../src/core/factory.ts';
import {
  decimal,
  ELECTRICITY,
  type Field,
  OPERATING_MODES,
  PRODUCTION,
  text,
} from '../../src/core/field.ts';
import { defineMachine, type MachineType, ROW_WIDTH } from '../../src/core/machine.ts';
import { Random } from '../../src/core/random.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';

export const TIME_MS = Date.UTC(2025, 9, 9, 12);
export const MACHINE_ID = 'c0000000-0000-0000-0000-000000000001';

/** Recipes that every format must escape. */
export const RECIPES = [
  'plain',
  'say "when"',
  'a,b',
  'two\r\nlines',
  'back\\slash',
  'Öl № 5 🛢',
  '',
];

function sampleType(type: string, channels: object, alerts: object = {}): MachineType {
  return defineMachine({ type, channels, sums: [], alerts, faults: {}, parameters: {} } as never);
}

/** A machine with texts and two alerts. */
export const filler = sampleType(
  'filler',
  {
    energy: ELECTRICITY,
    production: {
      ...PRODUCTION,
      recipeId: text((code) => RECIPES[code] ?? `R-${code}`),
      batchId: text((code) => `B-${code}`),
    },
    environmental: { machineTempC: decimal(2), pressureBar: decimal(3), vibrationMmS: decimal(4) },
  },
  {
    HIGH_TEMPERATURE: { message: 'It is "hot"', level: () => 0 },
    LOW_PRESSURE: { message: 'Pressure is low', level: () => 0 },
    HIGH_VIBRATION: { message: 'Vibration is high', level: () => 0 },
  },
);

/** A machine that uses gas and makes steam; its channels are not in the order of flat records. */
export const boiler = sampleType('boiler', {
  electricity: ELECTRICITY,
  natural_gas: {
    flowRateM3h: decimal(3),
    consumptionM3: decimal(4),
    pressureBar: decimal(3),
    temperatureC: decimal(2),
    calorificValueKwhM3: decimal(3),
  },
  steam: {
    flowRateKgH: decimal(2),
    consumptionKg: decimal(3),
    pressureBar: decimal(3),
    temperatureC: decimal(2),
    enthalpyKjKg: decimal(1),
  },
  production: PRODUCTION,
  environmental: { outdoorTempC: decimal(2), machineTempC: decimal(2), pressureBar: decimal(3) },
});

export function machineOf(type: MachineType, id = MACHINE_ID): Machine {
  const topic = `factory/demo/${type.type}-1`;
  return { id, name: id, type, topic, intervalMs: 1000 } as Machine;
}

/** One row of a batch, as a test states it. */
export interface SampleRow {
  readonly machine: Machine;
  /** Values by wire name; 0 if not given. */
  readonly values?: Readonly<Record<string, number>>;
  readonly timeMs?: number;
  readonly flags?: number;
  readonly alerts?: number;
}

export function batchOf(...rows: readonly SampleRow[]): Batch {
  const batch = new Batch(rows.length);
  for (const { machine, values = {}, timeMs = TIME_MS, flags = READING, alerts = 0 } of rows) {
    const row = batch.length++;
    batch.machines[row] = machine;
    batch.timesMs[row] = timeMs;
    batch.flags[row] = flags;
    batch.alerts[row] = alerts;
    const fields = new Map<string, Field>();
    for (const field of machine.type.fields)
      if (!fields.has(field.name)) fields.set(field.name, field);
    for (const [name, value] of Object.entries(values)) {
      const field = fields.get(name);
      if (!field) throw new RangeError(`${machine.type.type} has no ${name}`);
      batch.values[row * ROW_WIDTH + field.column] = value;
    }
  }
  return batch;
}

/** Rows of a factory with two machines of every type, at intervals of 10 s. */
export function fleetBatch(): Batch {
  const machines = machineTypes.flatMap(({ type, parameters: { ratedPowerKw } }, i) =>
    [1, 2].map((n) => ({
      id: `c0000000-0000-0000-000${n}-${String(i).padStart(12, '0')}`,
      name: `${type}-${n}`,
      type,
      ratedPowerKw: ratedPowerKw?.value ?? 1,
      intervalS: 10,
      topic: `factory/demo/${type}-${n}`,
    })),
  );
  const batch = new Batch(1000);
  const reader = createReader(createFleet([{ ...DEFAULT_FACTORY, machines }]));
  reader.seek(TIME_MS);
  reader.read(TIME_MS + 86_400_000, batch);
  return batch;
}

/** The text that one step of an encoder wrote. */
export function written(write: (bytes: Uint8Array, at: number) => number): string {
  const bytes = new Uint8Array(8192);
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, write(bytes, 0)));
}

/** Random readings of some machine types, like those of models: rounded, some values missing. */
export function anyBatch(types: readonly MachineType[], rowsMax = 60): fc.Arbitrary<Batch> {
  const machines = types.flatMap((type, i) =>
    ['a', 'b, "b"'].map((name) => ({ ...machineOf(type, `${name} ${i}`), intervalMs: 250 })),
  );
  return fc
    .record({ seed: fc.integer(), rows: fc.nat(rowsMax) })
    .map(({ seed, rows }) => randomBatch(machines, seed, rows));
}

function randomBatch(machines: readonly Machine[], seed: number, rows: number): Batch {
  const random = new Random(seed, 'batch');
  let draws = 0;
  const draw = (below: number) => Math.floor(random.uniform(0, draws++) * below);
  const batch = new Batch(rows);
  for (; batch.length < rows; batch.length++) {
    const row = batch.length;
    const machine = machines[draw(machines.length)] as Machine;
    const { faultTypes, fields } = machine.type;
    batch.machines[row] = machine;
    batch.timesMs[row] = TIME_MS + 250 * (row >> 2);
    batch.flags[row] = READING;
    batch.faults[row] = draw(2) * draw(2 ** Math.min(faultTypes.length, 5));
    for (const { column, kind, decimals } of fields)
      batch.values[row * ROW_WIDTH + column] =
        draw(8) === 0
          ? Number.NaN
          : kind === 'mode'
            ? draw(OPERATING_MODES.length)
            : kind === 'text'
              ? draw(RECIPES.length + 2)
              : decimalNumber(draw(4), draw(2_000_001) / 1e6 - 1, kind === 'count' ? 0 : decimals);
  }
  return batch;
}

/** A number of up to six digits before the point, within ±1, ±1,000 or ±1,000,000. */
function decimalNumber(size: number, share: number, decimals: number): number {
  const scale = Number(`1e${decimals}`);
  return Math.round(share * ([0, 1, 1e3, 1e6][size] as number) * scale) / scale + 0;
}
