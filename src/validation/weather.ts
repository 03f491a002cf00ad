import type { ClimateDescription } from '../core/factory.ts';
import type { Readings } from '../core/readings.ts';
import { type Check, checksOf, NotApplicable, type TestBench } from '../core/realism.ts';
import { deviation, extremes, mean } from '../core/statistics.ts';

const DAY_S = 86_400;
/** Reading interval of weather [s]: the spacing of its knots. */
const INTERVAL_S = 600;
const READINGS_A_DAY = DAY_S / INTERVAL_S;
const YEAR = 2026;
/** The ranges of means are those of the default climate. */
const DEFAULT: ClimateDescription = { baseTempC: 15, summerOffsetK: 15, winterOffsetK: -10 };

const check = checksOf('weather');

/** Checks of the weather of the default climate, as machines publish it. */
export const weatherChecks: readonly Check[] = [
  check('weather.jja_mean', 'mean outdoor_temp_c Jun-Aug', [28, 32], {
    unit: 'degC',
    source: 'seed: 15+15',
    on: 'slowest',
    simulated: 'June to August, every 10 min',
    byExperiment: (bench) => mean(monthsC(bench, true)),
  }),
  check('weather.djf_mean', 'mean outdoor_temp_c Dec-Feb', [3, 7], {
    unit: 'degC',
    source: 'seed: 15-10',
    on: 'slowest',
    simulated: 'December to February, every 10 min',
    byExperiment: (bench) => mean(monthsC(bench, false)),
  }),
  check('weather.daily_sigma', 'std of de-seasonalised daily mean', [2, 5], {
    unit: 'K',
    source: 'weather-derivative OU/AR literature',
    conditions: '20 winters',
    on: 'slowest',
    simulated: 'December to February of 20 winters, every 10 min',
    byExperiment: dailyDeviationK,
  }),
  check('weather.peak_hour', 'solar hour of mean daily maximum', [13, 16], {
    unit: 'h',
    source: 'ASHRAE RP-1363 / Fundamentals ch.14',
    on: 'slowest',
    inReadings: peakSolarHour,
  }),
  check('weather.range_jja', 'mean daily range Jun-Aug', [9, 15], {
    unit: 'K',
    source: 'ASHRAE mean daily range, continental',
    on: 'slowest',
    simulated: 'June to August, every 10 min',
    byExperiment: meanRangeK,
  }),
  check('weather.rh_bounds', 'min/max outdoor_humidity_percent', [5, 100], {
    unit: '%',
    source: 'physics',
    on: 'slowest',
    inReadings: (readings) => extremes(readings.column('outdoor_humidity_percent')),
  }),
];

type Span = readonly [fromS: number, toS: number];

/** June to August. */
const SUMMER: Span = [Date.UTC(YEAR, 5, 1) / 1000, Date.UTC(YEAR, 8, 1) / 1000];

/** December to February of the winter that ends this many years before {@link YEAR}. */
function winter(yearsBefore: number): Span {
  const year = YEAR - yearsBefore;
  return [Date.UTC(year - 1, 11, 1) / 1000, Date.UTC(year, 2, 1) / 1000];
}

function temperaturesC(bench: TestBench, [fromS, toS]: Span): Float64Array {
  return bench.read({ fromS, toS, intervalS: INTERVAL_S }).column('outdoor_temp_c');
}

/** Temperatures of the warm or the cold months. */
function monthsC(bench: TestBench, areWarm: boolean): Float64Array {
  const { climate, latitude } = bench.factory;
  const isDefault =
    climate.baseTempC === DEFAULT.baseTempC &&
    climate.summerOffsetK === DEFAULT.summerOffsetK &&
    climate.winterOffsetK === DEFAULT.winterOffsetK;
  if (!isDefault) throw new NotApplicable('the factory has a climate of its own');
  return temperaturesC(bench, areWarm === latitude >= 0 ? SUMMER : winter(0));
}

function dailyDeviationK(bench: TestBench): number {
  const southernS = bench.factory.latitude < 0 ? 182 * DAY_S : 0;
  const means: number[] = [];
  for (let year = 0; year < bench.extent.winters; year++) {
    const [fromS, toS] = winter(year);
    for (const day of days(temperaturesC(bench, [fromS + southernS, toS + southernS])))
      means.push(mean(day));
  }
  return deviation(means);
}

function days(values: Float64Array): Float64Array[] {
  return Array.from({ length: Math.floor(values.length / READINGS_A_DAY) }, (_, i) =>
    values.subarray(i * READINGS_A_DAY, (i + 1) * READINGS_A_DAY),
  );
}

function meanRangeK(bench: TestBench): number {
  const ranges = days(monthsC(bench, true)).map((day) => {
    const [least, most] = extremes(day);
    return most - least;
  });
  return mean(ranges);
}

/** The half hour of the solar day that is warmest on average over all days. */
function peakSolarHour(readings: Readings): number {
  const sums = new Float64Array(48);
  const counts = new Float64Array(48);
  const values = readings.column('outdoor_temp_c');
  for (const [i, tS] of readings.timesS.entries()) {
    const hour = tS / 3600 + readings.factory.longitude / 15;
    const half = ((Math.floor(2 * hour) % 48) + 48) % 48;
    sums[half] = (sums[half] as number) + (values[i] as number);
    counts[half] = (counts[half] as number) + 1;
  }
  const means = sums.map((sum, half) => sum / (counts[half] as number));
  return means.indexOf(Math.max(...means)) / 2 + 0.25;
}
