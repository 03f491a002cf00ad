import type { Check } from '../check.ts';
import { type Laboratory, type Specimen, withConditions } from '../laboratory.ts';
import { ratios } from '../ratios.ts';
import { pick, type Series } from '../series.ts';
import { mean, percentiles } from '../statistics.ts';

const DAY_S = 86_400;
/** Ambient temperatures, loads and weights of AHRI 551/591 for air-cooled chillers. */
const PART_LOADS = [
  { outdoorTempC: 35, loadShare: 1, weight: 0.01 },
  { outdoorTempC: 27, loadShare: 0.75, weight: 0.42 },
  { outdoorTempC: 19, loadShare: 0.5, weight: 0.45 },
  { outdoorTempC: 13, loadShare: 0.25, weight: 0.12 },
];
/** Cooling of processes and heat in the building that bring about all numbers of stages. */
const DUTIES = [
  { processShare: 0.1, internalGainShare: 0.1 },
  { processShare: 0.25, internalGainShare: 0.2 },
  { processShare: 0.45, internalGainShare: 0.2 },
  { processShare: 0.4, internalGainShare: 0.6 },
];
const WATER_C = 7;
/** From this load on comfort is promised. */
const COMFORT_LOAD = 0.5;
const SUMMER_SHARE = 0.9;

/** Air conditioning: the chiller’s efficiency, the zone’s comfort, a fault. */
export const hvac: readonly Check[] = [
  {
    id: 'hvac.cop35',
    byTrial: (laboratory, specimen) => [copAt(laboratory, specimen, 35).at(-1)?.cop ?? Number.NaN],
    simulated: '4 days of 35 °C outside, each with another duty; all stages on, water at 7 °C',
  },
  {
    id: 'hvac.iplv',
    byTrial: partLoadCop,
    simulated: '4 days, each with another duty, at 35, 27, 19 and 13 °C outside',
  },
  {
    id: 'hvac.cop_range',
    inReadings: (series) => percentiles(known(series.column('cop')), [0.01, 0.99]),
  },
  {
    id: 'hvac.tin',
    inReadings: (series) => {
      if (!isSummer(series)) return undefined;
      const { loads } = series;
      const temps = series.column('indoor_temp_c');
      const occupied = pick(temps, (i) => (loads[i] as number) >= COMFORT_LOAD);
      return percentiles(occupied, [0.01, 0.99]);
    },
    simulated: '28 d of the summer, load of 50 % and more',
  },
  {
    id: 'hvac.tchw',
    inReadings: (series) => [mean(series.column('chilled_water_supply_temp_c'))],
  },
  {
    id: 'hvac.balance',
    /** Looks inside: the chiller has no meter of its own, and its share of power is not told. */
    byTrial: (laboratory, specimen) => [imbalance(laboratory, specimen)],
    simulated: 'two days of each season, every reading, true powers',
  },
  { id: 'hvac.ref15', byTrial: ratios('refrigerant_leak', 1.5, 'cop') },
];

function known(values: Float64Array): Float64Array {
  return values.filter((value) => !Number.isNaN(value));
}

function isSummer(series: Series): boolean {
  const middleS = series.timesS[Math.floor(series.length / 2)] ?? 0;
  return series.machine.site.at(middleS).summerShare > SUMMER_SHARE;
}

/** Published COP for each number of stages that runs for whole readings with water at 7 °C. */
function copAt(
  laboratory: Laboratory,
  specimen: Specimen,
  outdoorTempC: number,
): { readonly loadShare: number; readonly cop: number }[] {
  const fromS = laboratory.extent.seasons[0]?.fromS ?? 0;
  const sums = new Map<number, number[]>();
  for (const parameters of DUTIES) {
    const series = laboratory.read(specimen, {
      fromS,
      toS: fromS + DAY_S,
      parameters: { waterSetpointTempC: WATER_C, ...parameters },
      surroundings: withConditions({ outdoorTempC, load: 1, dewPointC: 5 }),
    });
    const cop = series.column('cop');
    const water = series.column('chilled_water_supply_temp_c');
    for (const [i, percent] of series.column('speed_percent').entries()) {
      if (percent === 0 || Math.abs((water[i] as number) - WATER_C) > 0.75) continue;
      const cops = sums.get(percent);
      if (cops) cops.push(cop[i] as number);
      else sums.set(percent, [cop[i] as number]);
    }
  }
  // A stage that starts in a reading makes a percentage of its own, which is rare.
  return [...sums]
    .filter(([, cops]) => cops.length >= 60)
    .sort(([a], [b]) => a - b)
    .map(([percent, cops]) => ({ loadShare: percent / 100, cop: mean(cops) }));
}

function partLoadCop(laboratory: Laboratory, specimen: Specimen): number[] {
  let sum = 0;
  for (const { outdoorTempC, loadShare, weight } of PART_LOADS)
    sum += weight * interpolated(copAt(laboratory, specimen, outdoorTempC), loadShare);
  return [sum];
}

/** COP at a load between those at which it is known; the nearest one beyond them. */
function interpolated(
  known: readonly { readonly loadShare: number; readonly cop: number }[],
  loadShare: number,
): number {
  const below = known.findLast((each) => each.loadShare <= loadShare) ?? known[0];
  const above = known.find((each) => each.loadShare >= loadShare) ?? known.at(-1);
  if (!below || !above) return Number.NaN;
  if (above.loadShare === below.loadShare) return below.cop;
  const u = (loadShare - below.loadShare) / (above.loadShare - below.loadShare);
  return below.cop + (above.cop - below.cop) * Math.min(1, Math.max(0, u));
}

/** Cooling against the chiller’s power times its COP, as a share of the rated cooling. */
function imbalance(laboratory: Laboratory, specimen: Specimen): number {
  const { parameters } = laboratory.read(specimen, { fromS: 0, toS: 0 }).machine;
  const refKw = parameters['refKw'] as number;
  let worst = 0;
  for (const { fromS } of laboratory.extent.seasons)
    laboratory.inside(specimen, { fromS, toS: fromS + 2 * DAY_S }, (state) => {
      const cop = state['cop'] as number;
      if (Number.isNaN(cop)) return;
      const coolingKw = (state['compressorMeanKw'] as number) * cop;
      const differenceKw = coolingKw - (state['throughputUnitsPerHour'] as number);
      worst = Math.max(worst, Math.abs(differenceKw) / refKw);
    });
  return worst;
}
