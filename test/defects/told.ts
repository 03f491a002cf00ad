/** What instruments tell, beside the true readings. */
import { Batch, LOST, PARTIAL, READING } from '../../src/core/batch.ts';
import type { FactoryDescription, Machine } from '../../src/core/factory.ts';
import { Journal } from '../../src/core/journal.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import type { DefectOccurrence } from '../../src/core/occurrence.ts';
import type { DefectEvent, Story } from '../../src/core/story.ts';
import { createFleet, type Fleet } from '../../src/simulation/fleet.ts';
import { createReader, type ReaderOptions } from '../../src/simulation/reader.ts';
import { factoryOf } from '../rows.ts';

export const FROM_S = Date.UTC(2026, 2, 3, 9) / 1000;
export const TO_S = FROM_S + 1200;

const CALM = { enableAnomalies: false, anomalyProbability: 0, weekendProductionFactor: null };

/** A defect to test, from five to fifteen minutes after the start. */
export type DefectOf = Partial<DefectOccurrence> & Pick<DefectOccurrence, 'kind'>;

/** One of each type that reports something of its own. */
const some = factoryOf([{ type: 'pump' }, { type: 'compressor' }]);
export const factory: FactoryDescription = {
  ...some,
  machines: [
    ...some.machines,
    {
      id: '00000000-0000-0000-0000-000000000003',
      name: 'boiler-3',
      type: 'boiler',
      ratedPowerKw: 45,
      intervalS: 30,
      topic: 'factory/demo/boiler-3',
    },
  ],
};
export const [pump, compressor, boiler] = factory.machines.map(({ id }) => id) as [
  string,
  string,
  string,
];

/** A story with defects, each an event of its own. */
export function storyOf(
  defects: readonly DefectOf[],
  factoryId = factory.id,
  name = 'defects',
): Story {
  const events = defects.map((defect, i): DefectEvent => {
    const occurrence: DefectOccurrence = {
      index: 0,
      beginS: FROM_S + 300,
      endS: FROM_S + 900,
      machineIds: [pump],
      values: {},
      ...defect,
    };
    return {
      class: 'defect',
      id: `event-${i + 1}`,
      machineIds: occurrence.machineIds,
      between: (fromS, toS) =>
        occurrence.beginS < toS && occurrence.endS > fromS ? [occurrence] : [],
    };
  });
  return { name, factoryId, seed: 7, events };
}

export function fleetOf(defects: readonly DefectOf[], of: FactoryDescription = factory): Fleet {
  const journal = new Journal(CALM);
  return createFleet([of], { journal, stories: [storyOf(defects, of.id)] });
}

/** The rows of a fleet in a window. */
export function read(fleet: Fleet, options: ReaderOptions = {}, fromS = FROM_S, toS = TO_S): Batch {
  const reader = createReader(fleet, options);
  const batch = new Batch(50_000);
  reader.seek(1000 * fromS);
  if (!reader.read(1000 * toS, batch)) throw new Error('the batch is too small');
  return batch;
}

/** A reading that a machine made, as its row has it. */
export interface Row {
  readonly tS: number;
  readonly machine: Machine;
  readonly values: Float64Array;
  readonly defects: number;
  readonly flags: number;
  readonly toldMs: number;
  readonly receivedMs: number;
  /** Of a partial row: one bit per channel. */
  readonly channels: number;
}

/** The rows that are readings, lost ones included. */
export function readings(batch: Batch): readonly Row[] {
  return Array.from({ length: batch.length }, (_, row): Row => {
    const machine = batch.machines[row] as Machine;
    const at = row * ROW_WIDTH;
    return {
      tS: (batch.timesMs[row] as number) / 1000,
      machine,
      values: batch.values.slice(at, at + machine.type.fields.length),
      defects: batch.defects[row] as number,
      flags: batch.flags[row] as number,
      toldMs: batch.toldMs[row] as number,
      receivedMs: batch.receivedMs[row] as number,
      channels: (batch.flags[row] as number) & PARTIAL ? (batch.channels[row] as number) : -1,
    };
  }).filter(({ flags }) => (flags & (READING | LOST)) !== 0);
}

/** The column of a field of a machine by its wire name. */
export function columnOf({ type }: Machine, name: string): number {
  const field = type.fields.find((each) => each.name === name);
  if (!field) throw new Error(`${type.type} has no ${name}`);
  return field.column;
}

/** The told and the true readings of one machine, side by side. */
export function pairs(
  defects: readonly DefectOf[],
  machineId: string = pump,
  of?: FactoryDescription,
) {
  const fleet = fleetOf(defects, of);
  const own = (options: ReaderOptions) =>
    readings(read(fleet, options)).filter(({ machine }) => machine.id === machineId);
  const truth = own({ isTrue: true });
  return own({}).map((told, i) => ({ told, true: truth[i] as Row }));
}
