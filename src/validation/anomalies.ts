import { type Check, checksOf, type TestBench } from '../core/realism.ts';
import { percentiles } from '../core/statistics.ts';

const DAY_S = 86_400;
/** Reading interval [s]: no random anomaly is shorter than twenty minutes, so none is missed. */
const INTERVAL_S = 600;
const MACHINES = 20;

const check = checksOf('all');

/** Checks of how often anomalies occur, and of how machines vibrate without one. */
export const anomalyChecks: readonly Check[] = [
  check(
    'auto.anomaly_rate',
    'automatic anomalies per machine-day (>=1000 machine-days)',
    [0.07, 0.13],
    {
      unit: '1/d',
      source: 'ANOMALY_PROBABILITY 0.10, binomial',
      conditions: 'anomalies on',
      on: 'slowest',
      simulated: '20 machines of a type, every 10 min',
      byExperiment: ratePerDay,
    },
  ),
  check('vib.healthy', 'vibration_mm_s 1..99 percentile, healthy', [0.5, 4.5], {
    unit: 'mm/s',
    source: 'ISO 10816-1 class II / 10816-3 zones A-B (C limit 4.5)',
    inReadings: (readings) => {
      const isShaken = readings.machine.type.fields.some(({ name }) => name === 'vibration_mm_s');
      return isShaken ? percentiles(readings.column('vibration_mm_s'), [0.01, 0.99]) : undefined;
    },
  }),
];

/** Anomalies that began per machine-day, counted from the labels of the readings. */
function ratePerDay(bench: TestBench): number {
  const days = Math.ceil(bench.extent.machineDays / MACHINES);
  const experiment = {
    fromS: bench.firstS,
    toS: bench.firstS + days * DAY_S,
    intervalS: INTERVAL_S,
    hasAnomalies: true,
  };
  let begun = 0;
  for (let i = 0; i < MACHINES; i++) {
    const machine = { ...bench.machine, id: `${bench.machine.id}/${i}` };
    let active = 0;
    for (const faults of bench.of(machine).read(experiment).faults) {
      begun += bits(faults & ~active);
      active = faults;
    }
  }
  return begun / (days * MACHINES);
}

function bits(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
