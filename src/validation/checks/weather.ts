import type { ClimateDescription } from '../../core/factory.ts';
import { type Check, Inapplicable } from '../check.ts';
import { SUMMER, winter } from '../extent.ts';
import type { Laboratory, Specimen } from '../laboratory.ts';
import type { Series } from '../series.ts';
import { deviation, extremes, mean } from '../statistics.ts';

const DAY_S = 86_400;
/** Weather is read every ten minutes, the distance of its own knots. */
const INTERVAL_S = 600;
const READINGS_A_DAY = DAY_S / INTERVAL_S;
/** Means are those of the default climate; others are shifted, so they are compared after it. */
const DEFAULT: ClimateDescription = { baseTempC: 15, summerOffsetK: 15, winterOffsetK: -10 };

/** The weather, as machines publish it. */
export const weather: readonly Check[] = [
  {
    id: 'weather.jja_mean',
    on: 'slowest',
    byTrial: (laboratory, specimen) => [mean(temperatures(laboratory, specimen, warmMonths))],
    simulated: 'June to August, every 10 min',
  },
  {
    id: 'weather.djf_mean',
    on: 'slowest',
    byTrial: (laboratory, specimen) => [mean(temperatures(laboratory, specimen, coldMonths))],
    simulated: 'December to February, every 10 min',
  },
  {
    id: 'weather.daily_sigma',
    on: 'slowest',
    byTrial: (laboratory, specimen) => [dailyDeviationK(laboratory, specimen)],
    simulated: 'December to February of 20 winters, every 10 min',
  },
  { id: 'weather.peak_hour', on: 'slowest', inReadings: (series) => [peakSolarHour(series)] },
  {
    id: 'weather.range_jja',
    on: 'slowest',
    byTrial: (laboratory, specimen) => [meanRangeK(temperatures(laboratory, specimen, warmMonths))],
    simulated: 'June to August, every 10 min',
  },
  {
    id: 'weather.rh_bounds',
    on: 'slowest',
    inReadings: (series) => extremes(series.column('outdoor_humidity_percent')),
  },
];

type Months = (specimen: Specimen) => readonly [fromS: number, toS: number];

const warmMonths: Months = ({ factory }) => (factory.latitude < 0 ? winter(0) : SUMMER);
const coldMonths: Months = ({ factory }) => (factory.latitude < 0 ? SUMMER : winter(0));

function temperatures(laboratory: Laboratory, specimen: Specimen, months: Months): Float64Array {
  const { baseTempC, summerOffsetK, winterOffsetK } = specimen.factory.climate;
  const isDefault =
    baseTempC === DEFAULT.baseTempC &&
    summerOffsetK === DEFAULT.summerOffsetK &&
    winterOffsetK === DEFAULT.winterOffsetK;
  if (!isDefault) throw new Inapplicable('the factory has a climate of its own');
  return read(laboratory, specimen, months(specimen));
}

function read(
  laboratory: Laboratory,
  specimen: Specimen,
  [fromS, toS]: readonly [number, number],
): Float64Array {
  const trial = { fromS, toS, intervalS: INTERVAL_S };
  return laboratory.read(specimen, trial).column('outdoor_temp_c');
}

function dailyDeviationK(laboratory: Laboratory, specimen: Specimen): number {
  const isSouthern = specimen.factory.latitude < 0;
  const means: number[] = [];
  for (let year = 0; year < laboratory.extent.winters; year++) {
    const [fromS, toS] = winter(year);
    const half = isSouthern ? 182 * DAY_S : 0;
    const values = read(laboratory, specimen, [fromS + half, toS + half]);
    for (const day of days(values)) means.push(mean(day));
  }
  return deviation(means);
}

function days(values: Float64Array): Float64Array[] {
  return Array.from({ length: Math.floor(values.length / READINGS_A_DAY) }, (_, i) =>
    values.subarray(i * READINGS_A_DAY, (i + 1) * READINGS_A_DAY),
  );
}

function meanRangeK(values: Float64Array): number {
  const ranges = days(values).map((day) => {
    const [least, most] = extremes(day);
    return most - least;
  });
  return mean(ranges);
}

/** The half hour of the solar day that is the warmest on the mean of all days. */
function peakSolarHour(series: Series): number {
  const sums = new Float64Array(48);
  const counts = new Float64Array(48);
  const values = series.column('outdoor_temp_c');
  for (const [i, tS] of series.timesS.entries()) {
    const hour = tS / 3600 + series.factory.longitude / 15;
    const half = ((Math.floor(2 * hour) % 48) + 48) % 48;
    sums[half] = (sums[half] as number) + (values[i] as number);
    counts[half] = (counts[half] as number) + 1;
  }
  const means = sums.map((sum, half) => sum / (counts[half] as number));
  return means.indexOf(Math.max(...means)) / 2 + 0.25;
}
