import { Random } from '../../core/random.ts';
import type { Check } from '../check.ts';
import { Inapplicable } from '../check.ts';
import type { Laboratory, Specimen } from '../laboratory.ts';
import type { Series } from '../series.ts';
import { mean } from '../statistics.ts';

const DAY_S = 86_400;
const HOUR_S = 3600;
const SQRT3 = Math.sqrt(3);
/** Power is told to the watt; two rounded numbers differ by so much without any noise [kW]. */
const ROUNDING_KW = 0.001;
/** The range holds for the default calendar: two full shifts and these shares. */
const DEFAULT_SHARES = { restShare: 0.5, weekendShare: 0.3 };

/** What holds for every machine, whatever its type. */
export const everyMachine: readonly Check[] = [
  { id: 'common.pvi', inReadings: (series) => [identityErrorKw(series)] },
  { id: 'common.energy', inReadings: (series) => [energyErrorKwh(series)] },
  {
    id: 'common.additivity',
    /**
     * Looks inside: published energy is rounded to a milliwatt-hour, a thousand times too coarse.
     */
    byTrial: (laboratory, specimen) => [additivityError(laboratory, specimen)],
    simulated: '6 h every 1 s and every 10 s, true mean power',
  },
  { id: 'common.counts', inReadings: (series) => [countError(series)] },
  {
    id: 'common.noise_bound',
    byTrial: (laboratory, specimen) => [noiseShare(laboratory, specimen)],
    simulated: '2 d with the meter’s noise at 3 % and at 0',
  },
  {
    id: 'common.replay',
    byTrial: (laboratory, specimen) => [replayDifferences(laboratory, specimen)],
    simulated: '10 min at three random instants, read on from 6 h before and sought',
  },
  {
    id: 'common.weekly_shift',
    on: 'slowest',
    /**
     * From the calendar: no machine publishes the load. The plan goes from step to step within
     * ten minutes, which leaves the mean over a week what it is.
     */
    byTrial: (laboratory, specimen) => [weeklyLoad(laboratory, specimen)],
    simulated: 'a week of the calendar, every 60 s',
  },
];

function identityErrorKw(series: Series): number {
  const power = series.column('power_kw');
  const voltage = series.column('voltage_v');
  const current = series.column('current_a');
  const factor = series.column('power_factor');
  let worst = 0;
  for (let i = 0; i < series.length; i++) {
    const p = power[i] as number;
    const ui = (voltage[i] as number) * (current[i] as number);
    const shownKw = (SQRT3 * ui * (factor[i] as number)) / 1000;
    worst = Math.max(worst, Math.abs(shownKw - p) - 3e-4 * p);
  }
  return worst;
}

function energyErrorKwh(series: Series): number {
  const power = series.column('power_kw');
  const energy = series.column('energy_kwh');
  let worst = 0;
  for (let i = 0; i < series.length; i++) {
    const expectedKwh = ((power[i] as number) * series.intervalS) / 3600;
    worst = Math.max(worst, Math.abs((energy[i] as number) - expectedKwh));
  }
  return worst;
}

function additivityError(laboratory: Laboratory, specimen: Specimen): number {
  const fromS = laboratory.fullHourS(specimen, firstS(laboratory)) - 3 * HOUR_S;
  const trial = { fromS, toS: fromS + 6 * HOUR_S };
  const fine: number[] = [];
  const coarse: number[] = [];
  laboratory.inside(specimen, { ...trial, intervalS: 1 }, (state, tS) => {
    const block = Math.ceil((tS - fromS) / 10) - 1;
    fine[block] = (fine[block] ?? 0) + (state['powerKw'] as number);
  });
  laboratory.inside(specimen, { ...trial, intervalS: 10 }, (state) => {
    coarse.push(10 * (state['powerKw'] as number));
  });
  return Math.max(...coarse.map((kws, i) => Math.abs((fine[i] as number) / kws - 1)));
}

function countError(series: Series): number {
  const all = series.column('production_count');
  const good = series.column('production_count_good');
  const bad = series.column('production_count_bad');
  let worst = 0;
  for (let i = 0; i < series.length; i++) {
    const sum = (good[i] as number) + (bad[i] as number);
    worst = Math.max(worst, Math.abs((all[i] as number) - sum));
  }
  return worst;
}

function noiseShare(laboratory: Laboratory, specimen: Specimen): number {
  const fromS = firstS(laboratory);
  const trial = { fromS, toS: fromS + 2 * DAY_S };
  const noisy = laboratory.read(specimen, { ...trial, parameters: { meterNoiseShare: 0.03 } });
  const quiet = laboratory.read(specimen, { ...trial, parameters: { meterNoiseShare: 0 } });
  const truth = quiet.column('power_kw');
  let worst = 0;
  for (const [i, powerKw] of noisy.column('power_kw').entries()) {
    const trueKw = truth[i] as number;
    worst = Math.max(worst, (Math.abs(powerKw - trueKw) - ROUNDING_KW) / trueKw);
  }
  return worst;
}

/** Published numbers that are not the same, to the bit. */
function replayDifferences(laboratory: Laboratory, specimen: Specimen): number {
  const random = new Random(laboratory.seed, 'replay');
  let differences = 0;
  for (const [i, { fromS }] of laboratory.extent.seasons.entries()) {
    const soughtS = Math.round(fromS + DAY_S * (1 + 5 * random.uniform(0, i)));
    const toS = soughtS + 600;
    const sought = laboratory.read(specimen, { fromS: soughtS, toS });
    const replayed = laboratory.read(specimen, { fromS: soughtS - 6 * HOUR_S, toS });
    const before = replayed.length - sought.length;
    for (const { name } of sought.machine.type.fields) {
      const expected = replayed.column(name).subarray(before);
      for (const [j, value] of sought.column(name).entries())
        if (!Object.is(value, expected[j])) differences++;
    }
  }
  return differences;
}

/** Mean load of a plain week. */
function weeklyLoad(laboratory: Laboratory, specimen: Specimen): number {
  const { calendar } = specimen.factory;
  const hours = calendar.shifts.map((each) => (each.endMinute - each.startMinute) * each.loadShare);
  const isDefault =
    calendar.restShare === DEFAULT_SHARES.restShare &&
    calendar.weekendShare === DEFAULT_SHARES.weekendShare &&
    hours.reduce((sum, each) => sum + each, 0) === 16 * 60;
  if (!isDefault) throw new Inapplicable('the factory has a calendar of its own');
  const fromS = firstS(laboratory);
  const { site } = laboratory.read(specimen, { fromS, toS: fromS }).machine;
  const minutes = Float64Array.from({ length: 7 * 1440 }, (_, i) => site.at(fromS + 60 * i).load);
  return mean(minutes);
}

function firstS({ extent }: Laboratory): number {
  return extent.seasons[0]?.fromS ?? 0;
}
