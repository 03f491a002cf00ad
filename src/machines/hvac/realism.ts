import type { Readings } from '../../core/readings.ts';
import {
  type Check,
  checksOf,
  ratios,
  type TestBench,
  withConditions,
} from '../../core/realism.ts';
import { mean, percentiles } from '../../core/statistics.ts';

const DAY_S = 86_400;
/** Ambient temperatures, loads and weights of AHRI 551/591 for air-cooled chillers. */
const PART_LOADS = [
  { outdoorTempC: 35, loadShare: 1, weight: 0.01 },
  { outdoorTempC: 27, loadShare: 0.75, weight: 0.42 },
  { outdoorTempC: 19, loadShare: 0.5, weight: 0.45 },
  { outdoorTempC: 13, loadShare: 0.25, weight: 0.12 },
];
/** Process cooling and internal heat that together produce every number of stages. */
const DUTIES = [
  { processShare: 0.1, internalGainShare: 0.1 },
  { processShare: 0.25, internalGainShare: 0.2 },
  { processShare: 0.45, internalGainShare: 0.2 },
  { processShare: 0.4, internalGainShare: 0.6 },
];
const WATER_C = 7;
/** Comfort is guaranteed from this load. */
const COMFORT_LOAD = 0.5;
const SUMMER_SHARE = 0.9;

const check = checksOf('hvac');

/** Checks of air conditioning: efficiency of the chiller, comfort of the zone, a fault. */
export const hvacChecks: readonly Check[] = [
  check('hvac.cop35', 'chiller COP all stages, 35/7 degC', [2.6, 3.2], {
    source: 'EnergyPlus AirCooledChiller data set 2.61-3.17',
    conditions: 'fixed conditions',
    simulated: '4 days of 35 °C outside, each with another duty; all stages on, water at 7 °C',
    byExperiment: (bench) => copAt(bench, 35).at(-1)?.cop ?? Number.NaN,
  }),
  check('hvac.iplv', 'AHRI-weighted COP', [3.7, 5], {
    source: 'AHRI 550/590-551/591',
    conditions: 'fixed conditions',
    simulated: '4 days, each with another duty, at 35, 27, 19 and 13 °C outside',
    byExperiment: partLoadCop,
  }),
  check('hvac.cop_range', 'cop 1..99 percentile, any season', [2, 6], {
    source: 'air-cooled catalogues',
    inReadings: (readings) => {
      const known = readings.column('cop').filter((cop) => !Number.isNaN(cop));
      return percentiles(known, [0.01, 0.99]);
    },
  }),
  check('hvac.tin', 'indoor_temp_c 1..99 percentile in Jul, F>=0.5', [21, 24.5], {
    unit: 'degC',
    source: 'setpoint 22 +- comfort band',
    simulated: '28 d of the summer, load of 50 % and more',
    inReadings: (readings) => {
      if (!isSummer(readings)) return undefined;
      const { loads } = readings;
      const isOccupied = (i: number) => (loads[i] as number) >= COMFORT_LOAD;
      return percentiles(readings.pick('indoor_temp_c', isOccupied), [0.01, 0.99]);
    },
  }),
  check('hvac.tchw', 'chilled_water_supply_temp_c mean', [6, 8], {
    unit: 'degC',
    source: '7 degC design',
    inReadings: (readings) => readings.mean('chilled_water_supply_temp_c'),
  }),
  check('hvac.balance', '|P_chiller*cop - Q_evap|/Q_ref', [0, 0.01], {
    source: 'definition of COP',
    simulated: 'two days of each season, every reading, true powers',
    byExperiment: imbalance,
  }),
  check('hvac.ref15', 'COP ratio, refrigerant_leak s=1.5', [0.89, 0.96], {
    source: 'Kim & Braun 2012 (-25 % charge: COP -15 %, capacity -20 %)',
    ...ratios('refrigerant_leak', 1.5, 'cop'),
  }),
];

function isSummer(readings: Readings): boolean {
  const middleS = readings.timesS[Math.floor(readings.length / 2)] ?? 0;
  return readings.machine.site.at(middleS).summerShare > SUMMER_SHARE;
}

/** A COP at a load. */
interface Point {
  readonly loadShare: number;
  readonly cop: number;
}

/** Published COP for each number of stages that run for whole readings with water at 7 °C. */
function copAt(bench: TestBench, outdoorTempC: number): readonly Point[] {
  const sums = new Map<number, number[]>();
  for (const parameters of DUTIES) {
    const readings = bench.read({
      fromS: bench.firstS,
      toS: bench.firstS + DAY_S,
      parameters: { waterSetpointTempC: WATER_C, ...parameters },
      site: withConditions({ outdoorTempC, load: 1, dewPointC: 5 }),
    });
    const cop = readings.at('cop');
    const water = readings.at('chilled_water_supply_temp_c');
    for (const [i, percent] of readings.column('speed_percent').entries()) {
      if (percent === 0 || Math.abs(water(i) - WATER_C) > 0.75) continue;
      const cops = sums.get(percent);
      if (cops) cops.push(cop(i));
      else sums.set(percent, [cop(i)]);
    }
  }
  // A stage that starts within a reading produces a rare percentage of its own.
  return [...sums]
    .filter(([, cops]) => cops.length >= 60)
    .sort(([a], [b]) => a - b)
    .map(([percent, cops]) => ({ loadShare: percent / 100, cop: mean(cops) }));
}

function partLoadCop(bench: TestBench): number {
  let sum = 0;
  for (const { outdoorTempC, loadShare, weight } of PART_LOADS)
    sum += weight * interpolated(copAt(bench, outdoorTempC), loadShare);
  return sum;
}

/** COP at a load, interpolated between known loads; the nearest known value beyond them. */
function interpolated(known: readonly Point[], loadShare: number): number {
  const below = known.findLast((each) => each.loadShare <= loadShare) ?? known[0];
  const above = known.find((each) => each.loadShare >= loadShare) ?? known.at(-1);
  if (!below || !above) return Number.NaN;
  if (above.loadShare === below.loadShare) return below.cop;
  const u = (loadShare - below.loadShare) / (above.loadShare - below.loadShare);
  return below.cop + (above.cop - below.cop) * Math.min(1, Math.max(0, u));
}

/**
 * Difference between the cooling and the chiller's power times its COP, as a share of the rated
 * cooling. Uses the state of the machine: the chiller has no meter of its own.
 */
function imbalance(bench: TestBench): number {
  const refKw = bench.read({ fromS: 0, toS: 0 }).parameter('refKw');
  let worst = 0;
  for (const { fromS } of bench.extent.seasons)
    bench.visitStates({ fromS, toS: fromS + 2 * DAY_S }, (state) => {
      const cop = state['cop'] as number;
      if (Number.isNaN(cop)) return;
      const coolingKw = (state['compressorMeanKw'] as number) * cop;
      const differenceKw = coolingKw - (state['throughputUnitsPerHour'] as number);
      worst = Math.max(worst, Math.abs(differenceKw) / refKw);
    });
  return worst;
}
