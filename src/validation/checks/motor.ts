import { RUNNING } from '../../core/field.ts';
import type { Check } from '../check.ts';
import { type Laboratory, type Specimen, withConditions } from '../laboratory.ts';
import { ratios } from '../ratios.ts';
import { pick, type Series, total } from '../series.ts';
import { leastSquares, mean } from '../statistics.ts';

const HOUR_S = 3600;
/** A load at which the conveyor is asked for more than its full speed. */
const BEYOND_FULL_LOAD = 1.15;
/** Goods for a belt that is four fifths full: what is more than full would fall off. */
const DEMAND_SHARE = 0.7;
/** Speed that counts as full [%]. */
const FULL_SPEED_PERCENT = 99.5;

/** Conveyors: efficiency, the empty belt, items, heat, faults. */
export const motor: readonly Check[] = [
  {
    id: 'mot.eta_full',
    /** The shaft has no meter: its power is that of the nameplate's torque for a full belt. */
    byTrial: (laboratory, specimen) => [fullEfficiency(laboratory, specimen)],
    simulated:
      '24 h at full speed, the belt about 80 % full; a line through power over items an hour',
  },
  {
    id: 'mot.empty',
    byTrial: (laboratory, specimen) => [emptyShare(laboratory, specimen)],
    simulated: '24 h at full speed, the belt empty and about 80 % full',
  },
  {
    id: 'mot.pf',
    inReadings: (series) => [meanOf(series, 'power_factor')],
  },
  {
    id: 'mot.items',
    inReadings: (series) => {
      const isFull = (i: number) => series.isFull(i);
      const items = total(series.column('production_count'), isFull);
      const readings = total(new Float64Array(series.length).fill(1), isFull);
      return [items / ((readings * series.intervalS) / HOUR_S)];
    },
  },
  {
    id: 'mot.defects',
    inReadings: (series) => [
      total(series.column('production_count_bad')) / total(series.column('production_count')),
    ],
  },
  {
    id: 'mot.temp',
    inReadings: (series) => [mean(pick(series.column('machine_temp_c'), (i) => series.isFull(i)))],
  },
  { id: 'mot.slip5_p', byTrial: ratios('belt_slip', 5, 'power_kw') },
  { id: 'mot.bear5', byTrial: ratios('bearing_wear', 5, 'power_kw') },
];

/** The mean of a field at full production, while it runs. */
function meanOf(series: Series, name: string): number {
  const mode = series.column('operating_mode');
  return mean(pick(series.column(name), (i) => series.isFull(i) && mode[i] === RUNNING));
}

/** Power at full speed over items an hour: the line of a conveyor's energy. */
function line(laboratory: Laboratory, specimen: Specimen) {
  const series = atFullSpeed(laboratory, specimen, DEMAND_SHARE);
  const isFast = atSpeed(series);
  const items = pick(series.column('throughput_units_per_hour'), isFast);
  return { series, ...leastSquares(items, pick(series.column('power_kw'), isFast)) };
}

function atFullSpeed(laboratory: Laboratory, specimen: Specimen, demandShare: number): Series {
  const fromS = laboratory.extent.seasons[0]?.fromS ?? 0;
  return laboratory.read(specimen, {
    fromS,
    toS: fromS + 24 * HOUR_S,
    parameters: { demandShare, stopShare: 0 },
    surroundings: withConditions({ load: BEYOND_FULL_LOAD }),
  });
}

function atSpeed(series: Series): (i: number) => boolean {
  const speed = series.column('speed_percent');
  return (i) => (speed[i] as number) >= FULL_SPEED_PERCENT;
}

function fullPowerKw(laboratory: Laboratory, specimen: Specimen): number {
  const { intercept, slope, series } = line(laboratory, specimen);
  const { beltSpeedMMin, itemsPerMetre, slipShare } = series.machine.parameters;
  const fullItems =
    60 * (beltSpeedMMin as number) * (itemsPerMetre as number) * (1 - (slipShare as number));
  return intercept + slope * fullItems;
}

function fullEfficiency(laboratory: Laboratory, specimen: Specimen): number {
  const { parameters } = laboratory.read(specimen, { fromS: 0, toS: 0 }).machine;
  const shaftKw =
    (parameters['ratedPowerKw'] as number) * (parameters['fullTorqueShare'] as number);
  return shaftKw / fullPowerKw(laboratory, specimen);
}

function emptyShare(laboratory: Laboratory, specimen: Specimen): number {
  const series = atFullSpeed(laboratory, specimen, 0);
  const emptyKw = mean(pick(series.column('power_kw'), atSpeed(series)));
  return emptyKw / fullPowerKw(laboratory, specimen);
}
