import { Random } from '../core/random.ts';
import type { Readings } from '../core/readings.ts';
import { type Check, checksOf, NotApplicable, type TestBench } from '../core/realism.ts';
import { mean } from '../core/statistics.ts';

const DAY_S = 86_400;
const HOUR_S = 3600;
const SQRT3 = Math.sqrt(3);
/** Power is published to the watt; two rounded numbers differ by up to this without noise. */
const ROUNDING_KW = 0.001;
/**
 * Calendar for which the range applies: the default one, with two full shifts and these shares.
 */
const DEFAULT_SHARES = { restShare: 0.5, weekendShare: 0.3 };

const check = checksOf('all');

/** Checks that apply to every machine type. */
export const everyMachineChecks: readonly Check[] = [
  check('common.pvi', 'max(|sqrt(3)*V*I*pf/1000 - P| - 3e-4*P)', [0, 0.005], {
    unit: 'kW',
    source: 'three-phase identity; rounding analysis',
    inReadings: (readings) => {
      const power = readings.at('power_kw');
      const voltage = readings.at('voltage_v');
      const current = readings.at('current_a');
      const factor = readings.at('power_factor');
      return worst(readings, (i) => {
        const shownKw = (SQRT3 * (voltage(i) * current(i)) * factor(i)) / 1000;
        return Math.abs(shownKw - power(i)) - 3e-4 * power(i);
      });
    },
  }),
  check('common.energy', 'max |energy_kwh - power_kw*interval/3600|', [0, 1e-6], {
    unit: 'kWh',
    source: 'contract',
    inReadings: (readings) => {
      const power = readings.at('power_kw');
      const energy = readings.at('energy_kwh');
      return worst(readings, (i) => Math.abs(energy(i) - (power(i) * readings.intervalS) / 3600));
    },
  }),
  check('common.additivity', 'noise-free relative |E(10 s) - sum E(1 s)|', [0, 1e-9], {
    source: 'contract (exact integration)',
    conditions: 'noise off',
    simulated: '6 h every 1 s and every 10 s, true mean power',
    byExperiment: additivityError,
  }),
  check('common.counts', 'max |production_count - good - bad|', [0, 0], {
    unit: 'units',
    source: 'contract',
    inReadings: (readings) => {
      if (!readings.has('production_count'))
        throw new NotApplicable(`machines of type ${readings.machine.type.type} count nothing`);
      const all = readings.at('production_count');
      const good = readings.at('production_count_good');
      const bad = readings.at('production_count_bad');
      return worst(readings, (i) => Math.abs(all(i) - (good(i) + bad(i))));
    },
  }),
  check('common.noise_bound', 'max |P_noised/P_true - 1| with noise_level 0.03', [0, 0.03], {
    source: 'seed: +-3-5 % noise',
    simulated: '2 d with the meter’s noise at 3 % and at 0',
    byExperiment: noiseShare,
  }),
  check(
    'common.replay',
    'number of differing published fields, replay vs seek+advance at random t',
    [0, 0],
    {
      unit: 'fields',
      source: 'contract',
      conditions: 'any',
      simulated: '10 min at three random instants, read on from 6 h before and sought',
      byExperiment: replayDifferences,
    },
  ),
  check('common.weekly_shift', 'mean step shift factor over a plain week', [0.68, 0.682], {
    source: 'seed shift table',
    on: 'slowest',
    simulated: 'a week of the calendar, every 60 s',
    byExperiment: weeklyLoad,
  }),
];

/** The largest error over all readings, 0 if there is none. */
function worst({ length }: Readings, error: (i: number) => number): number {
  let most = 0;
  for (let i = 0; i < length; i++) most = Math.max(most, error(i));
  return most;
}

/**
 * Uses the state of the machine: published energy is rounded to a milliwatt-hour, a thousand times
 * too coarse.
 */
function additivityError(bench: TestBench): number {
  const fromS = bench.fullHourS(bench.firstS) - 3 * HOUR_S;
  const span = { fromS, toS: fromS + 6 * HOUR_S };
  const fine: number[] = [];
  const coarse: number[] = [];
  bench.visitStates({ ...span, intervalS: 1 }, (state, tS) => {
    const block = Math.ceil((tS - fromS) / 10) - 1;
    fine[block] = (fine[block] ?? 0) + (state['powerKw'] as number);
  });
  bench.visitStates({ ...span, intervalS: 10 }, (state) => {
    coarse.push(10 * (state['powerKw'] as number));
  });
  return Math.max(...coarse.map((kws, i) => Math.abs((fine[i] as number) / kws - 1)));
}

function noiseShare(bench: TestBench): number {
  const span = { fromS: bench.firstS, toS: bench.firstS + 2 * DAY_S };
  const power = (meterNoiseShare: number) =>
    bench.read({ ...span, parameters: { meterNoiseShare } }).column('power_kw');
  const truth = power(0);
  let most = 0;
  for (const [i, powerKw] of power(0.03).entries()) {
    const trueKw = truth[i] as number;
    most = Math.max(most, (Math.abs(powerKw - trueKw) - ROUNDING_KW) / trueKw);
  }
  return most;
}

/** Number of published values that differ, bit for bit. */
function replayDifferences(bench: TestBench): number {
  const random = new Random(bench.seed, 'replay');
  let differences = 0;
  for (const [i, { fromS }] of bench.extent.seasons.entries()) {
    const soughtS = Math.round(fromS + DAY_S * (1 + 5 * random.uniform(0, i)));
    const toS = soughtS + 600;
    const sought = bench.read({ fromS: soughtS, toS });
    const replayed = bench.read({ fromS: soughtS - 6 * HOUR_S, toS });
    const before = replayed.length - sought.length;
    for (const { name } of sought.machine.type.fields) {
      const expected = replayed.column(name).subarray(before);
      for (const [j, value] of sought.column(name).entries())
        if (!Object.is(value, expected[j])) differences++;
    }
  }
  return differences;
}

/**
 * Mean load of a plain week, from the calendar: no machine publishes the load. The ten-minute
 * transitions between levels leave the mean over a week unchanged.
 */
function weeklyLoad(bench: TestBench): number {
  const { calendar } = bench.factory;
  const hours = calendar.shifts.map((each) => (each.endMinute - each.startMinute) * each.loadShare);
  const isDefault =
    calendar.restShare === DEFAULT_SHARES.restShare &&
    calendar.weekendShare === DEFAULT_SHARES.weekendShare &&
    hours.reduce((sum, each) => sum + each, 0) === 16 * 60;
  if (!isDefault) throw new NotApplicable('the factory has a calendar of its own');
  const fromS = bench.firstS;
  const { site } = bench.read({ fromS, toS: fromS }).machine;
  const minutes = Float64Array.from({ length: 7 * 1440 }, (_, i) => site.at(fromS + 60 * i).load);
  return mean(minutes);
}
