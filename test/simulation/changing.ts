/** Stories of dated changes and stops, made by hand. */
import { Batch, READING } from '../../src/core/batch.ts';
import type { FactoryDescription, Machine } from '../../src/core/factory.ts';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import type { ChangeEvent, ChangeOccurrence, StopEvent, Story } from '../../src/core/story.ts';
import { createFleet, type Fleet } from '../../src/simulation/fleet.ts';
import { createReader, type ReaderOptions } from '../../src/simulation/reader.ts';

const CALM = {
  enableAnomalies: false,
  anomalyProbability: 0,
  weekendProductionFactor: null,
};
/** A Monday. */
export const FROM_S = Date.UTC(2026, 2, 2, 9) / 1000;

type Span = readonly [beginS: number, endS: number];

/** A stop of machines, in seconds after the start. */
export function stopOf(
  id: string,
  machineIds: readonly string[],
  ...spans: readonly Span[]
): StopEvent {
  const all = spans.map(([from, to], index) => {
    return { index, beginS: FROM_S + from, endS: FROM_S + to, machineIds };
  });
  return {
    class: 'stop',
    id,
    machineIds,
    between: (fromS, toS) => all.filter(({ beginS, endS }) => beginS < toS && endS > fromS),
  };
}

/** A change, in seconds after the start; without an end, for good. */
export function changeOf(
  id: string,
  [from, to]: readonly [number, number?],
  what: Omit<Partial<ChangeOccurrence>, 'index' | 'beginS' | 'endS'>,
): ChangeEvent {
  const { machine, add = [], remove = [], calendar, networks, climate } = what;
  const endS = to === undefined ? Number.POSITIVE_INFINITY : FROM_S + to;
  const occurrence: ChangeOccurrence = {
    as: 'measure',
    ...what,
    index: 0,
    beginS: FROM_S + from,
    endS,
  };
  const isWhole = calendar !== undefined || networks !== undefined || climate !== undefined;
  const own = [...(machine ? [machine.id] : []), ...add.map((each) => each.id), ...remove];
  return {
    class: 'change',
    id,
    machineIds: isWhole ? [] : own,
    movesMachines: add.length + remove.length > 0 || machine?.type !== undefined,
    adds: add,
    between: (fromS, toS) => (occurrence.beginS < toS && endS > fromS ? [occurrence] : []),
  };
}

export function fleetOf(
  factory: FactoryDescription,
  events: Story['events'],
  journal: readonly JournalEvent[] = [],
): Fleet {
  const story: Story = { name: 'changes', factoryId: factory.id, seed: 1, events };
  const stories = events.length > 0 ? [story] : [];
  return createFleet([factory], { journal: new Journal(CALM, journal), stories });
}

/** A row of a reader: what it is, when, and its values. */
export interface Row {
  readonly id: string;
  readonly type: string;
  readonly tS: number;
  readonly isReading: boolean;
  readonly mode: number;
  readonly powerKw: number;
  readonly values: readonly number[];
}

/** The rows of a window, statuses at changes only. */
export function rowsOf(fleet: Fleet, from: number, to: number, options: ReaderOptions = {}): Row[] {
  const reader = createReader(fleet, { statusIntervalS: 366 * 86_400, ...options });
  reader.seek(1000 * (FROM_S + from));
  return read(reader, to);
}

export function read(reader: ReturnType<typeof createReader>, to: number, capacity = 4096): Row[] {
  const rows: Row[] = [];
  const batch = new Batch(capacity);
  for (let isDone = false; !isDone; ) {
    batch.clear();
    isDone = reader.read(1000 * (FROM_S + to), batch);
    for (let row = 0; row < batch.length; row++) {
      const { id, type } = batch.machines[row] as Machine;
      const at = row * ROW_WIDTH;
      const isReading = ((batch.flags[row] as number) & READING) !== 0;
      rows.push({
        id,
        type: type.type,
        tS: (batch.timesMs[row] as number) / 1000 - FROM_S,
        isReading,
        mode: batch.values[at + type.modeColumn] as number,
        powerKw: isReading ? (batch.values[at + type.electricityColumn] as number) : 0,
        values: isReading
          ? Array.from(batch.values.subarray(at, at + type.fields.length), (each) =>
              Number.isNaN(each) ? -1e9 : each,
            )
          : [],
      });
    }
  }
  return rows;
}

/** The sum of the energy of some rows in whole milliwatt-hours, of all carriers. */
export function energyMwh(fleet: Fleet, rows: readonly Row[]): number {
  let sum = 0;
  for (const { id, isReading, values } of rows) {
    if (!isReading) continue;
    const { type } = fleet.byId.get(id) as Machine;
    sum += Math.round(1e6 * type.energyTakenKwh(Float64Array.from(values), 0));
  }
  return sum;
}
