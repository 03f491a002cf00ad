import { Batch } from '../../core/batch.ts';
import { createReader } from '../../simulation/reader.ts';
import type { Check } from '../check.ts';
import type { Laboratory, Specimen } from '../laboratory.ts';
import type { Series } from '../series.ts';
import { percentiles } from '../statistics.ts';

const DAY_S = 86_400;
/** No automatic anomaly is shorter than twenty minutes, so none is missed [s]. */
const INTERVAL_S = 600;
const MACHINES = 20;

/** How often anomalies come, and how machines shake without one. */
export const anomalies: readonly Check[] = [
  {
    id: 'auto.anomaly_rate',
    on: 'slowest',
    /** Counts in the labels that the readings carry in the ground truth. */
    byTrial: (laboratory, specimen) => [ratePerDay(laboratory, specimen)],
    simulated: '20 machines of a type, every 10 min',
  },
  {
    id: 'vib.healthy',
    inReadings: (series) => {
      const isShaken = series.machine.type.fields.some(({ name }) => name === 'vibration_mm_s');
      return isShaken ? vibration(series) : undefined;
    },
  },
];

function vibration(series: Series): number[] {
  return percentiles(series.column('vibration_mm_s'), [0.01, 0.99]);
}

/** Anomalies that began, over machine-days. */
function ratePerDay(laboratory: Laboratory, { factory, machine }: Specimen): number {
  const { faults: _planned, ...healthy } = machine;
  const machines = Array.from({ length: MACHINES }, (_, i) => ({
    ...healthy,
    id: `${machine.id}/${i}`,
    intervalS: INTERVAL_S,
  }));
  const reader = createReader(laboratory.fleet({ ...factory, machines }, true));
  const days = Math.ceil(laboratory.extent.machineDays / MACHINES);
  const fromS = laboratory.extent.seasons[0]?.fromS ?? 0;
  const active = new Map<string, number>();
  const batch = new Batch();
  let count = 0;
  reader.seek(fromS * 1000);
  for (let isDone = false; !isDone; ) {
    batch.clear();
    isDone = reader.read((fromS + days * DAY_S) * 1000, batch);
    for (let i = 0; i < batch.length; i++) {
      const id = batch.machines[i]?.id ?? '';
      const faults = batch.faults[i] as number;
      count += bits(faults & ~(active.get(id) ?? 0));
      active.set(id, faults);
    }
  }
  return count / (days * MACHINES);
}

function bits(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
