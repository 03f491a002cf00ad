import { IDLE, RUNNING } from '../../core/field.ts';
import { motorEfficiencyShare } from '../../physics/electricity.ts';
import type { Check } from '../check.ts';
import { type Laboratory, type Specimen, withConditions } from '../laboratory.ts';
import { pick, type Series, total } from '../series.ts';
import { mean } from '../statistics.ts';

const HOUR_S = 3600;
/** Pressure that changes by less than this in a second is held, for the sensor's error [bar]. */
const HELD_BAR = 4;
/** Between cycles pressure lies far below that of any working one [bar]. */
const WORKING_MIN_BAR = 100;
/** The recipe of the bound on held pressure: the set pressure itself. */
const AT_SET_PRESSURE = { setBar: 180, recipeMinShare: 1, recipeMaxShare: 1 };
/** So few cycles keep the oil at its working temperature, though all flow heats it. */
const FEW_CYCLES_LOAD = 0.2;
/** Power [kW] of a flow [m³/h] at a pressure [bar]. */
const KW_PER_BAR_M3H = 1 / 36;

/** Hydraulic units: efficiency, power of the phases, parts, oil, faults. */
export const pump: readonly Check[] = [
  {
    id: 'pump.eta',
    /** Shaft power is the metered one times the efficiency of an IE3 motor, as on its plate. */
    byTrial: (laboratory, specimen) => [efficiency(laboratory, specimen)],
    simulated: '12 h of few cycles with full flow at full pressure, every 1 s; oil at 45 to 55 °C',
  },
  {
    id: 'pump.standby',
    inReadings: (series) => [shareOfRated(series, isThroughoutIdle(series))],
  },
  { id: 'pump.hold', inReadings: (series) => [shareOfRated(series, isThroughoutHeld(series))] },
  {
    id: 'pump.parts',
    inReadings: (series) => {
      const isFull = (i: number) => series.isFull(i);
      const readings = total(new Float64Array(series.length).fill(1), isFull);
      const hours = (readings * series.intervalS) / HOUR_S;
      return [total(series.column('production_count'), isFull) / hours];
    },
  },
  {
    id: 'pump.oil',
    inReadings: (series) => [mean(pick(series.column('machine_temp_c'), (i) => series.isFull(i)))],
  },
  {
    id: 'pump.work',
    byTrial: (laboratory, specimen) => [leastSurplusKws(laboratory, specimen)],
    simulated: '6 h of full production, every 1 s',
  },
  {
    id: 'pump.seal5_p',
    byTrial: (laboratory, specimen) => {
      const changes = { intervalS: 1, parameters: AT_SET_PRESSURE };
      return laboratory
        .pairs(specimen, 'seal_leak', 5, changes)
        .map(({ faulty }) => mean(pick(faulty.column('pressure_bar'), isHeld(faulty))));
    },
  },
  {
    id: 'pump.valve5',
    byTrial: (laboratory, specimen) =>
      laboratory
        .pairs(specimen, 'valve_fault', 5, { intervalS: 1 })
        .map(({ faulty, healthy }) => standbyKw(faulty) / standbyKw(healthy)),
  },
];

type Choice = (i: number) => boolean;

function shareOfRated(series: Series, isChosen: Choice): number {
  const ratedKw = series.machine.parameters['ratedPowerKw'] as number;
  return mean(pick(series.column('power_kw'), isChosen)) / ratedKw;
}

function standbyKw(series: Series): number {
  return mean(pick(series.column('power_kw'), isThroughoutIdle(series)));
}

/** Idle at both ends of the interval: a cycle is longer than one. */
function isThroughoutIdle(series: Series): Choice {
  const mode = series.column('operating_mode');
  return (i) => mode[i] === IDLE && mode[i - 1] === IDLE;
}

/** At the recipe's pressure at both ends of the interval. */
function isThroughoutHeld(series: Series): Choice {
  const mode = series.column('operating_mode');
  const pressure = series.column('pressure_bar');
  const recipe = series.column('recipe_id');
  const isAtPressure = (i: number) =>
    mode[i] === RUNNING && (pressure[i] as number) > 0.985 * (recipe[i] as number);
  return (i) => i > 0 && isAtPressure(i) && isAtPressure(i - 1);
}

/** At a working pressure that neither rises nor falls: for readings of every second. */
function isHeld(series: Series): Choice {
  const pressure = series.column('pressure_bar');
  const isSame = (a: number, b: number) =>
    Math.abs((pressure[a] ?? 0) - (pressure[b] ?? 0)) < HELD_BAR;
  return (i) => (pressure[i] as number) > WORKING_MIN_BAR && isSame(i, i - 1) && isSame(i, i + 1);
}

function efficiency(laboratory: Laboratory, specimen: Specimen): number {
  const fromS = laboratory.extent.seasons[0]?.fromS ?? 0;
  const series = laboratory.read(specimen, {
    fromS,
    toS: fromS + 12 * HOUR_S,
    intervalS: 1,
    parameters: { ...AT_SET_PRESSURE, holdFlowShare: 1 },
    surroundings: withConditions({ load: FEW_CYCLES_LOAD }),
  });
  const flow = series.column('flow_rate_m3h');
  const pressure = series.column('pressure_bar');
  const oil = series.column('machine_temp_c');
  const isHolding = isHeld(series);
  const isChosen: Choice = (i) => isHolding(i) && Math.abs((oil[i] as number) - 50) < 5;
  const hydraulic = flow.map((m3h, i) => m3h * (pressure[i] as number) * KW_PER_BAR_M3H);
  const ratedKw = series.machine.parameters['ratedPowerKw'] as number;
  const inputKw = mean(pick(series.column('power_kw'), isChosen));
  return mean(pick(hydraulic, isChosen)) / (inputKw * motorEfficiencyShare(ratedKw));
}

/** The least of what every second's electrical energy exceeds its hydraulic work by. */
function leastSurplusKws(laboratory: Laboratory, specimen: Specimen): number {
  const startS = laboratory.fullHourS(specimen, laboratory.extent.seasons[0]?.fromS ?? 0);
  const series = laboratory.read(specimen, {
    fromS: startS,
    toS: startS + 6 * HOUR_S,
    intervalS: 1,
  });
  const power = series.column('power_kw');
  const flow = series.column('flow_rate_m3h');
  const pressure = series.column('pressure_bar');
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < series.length; i++) {
    const meanBar = ((pressure[i - 1] as number) + (pressure[i] as number)) / 2;
    const workKw = meanBar * (flow[i] as number) * KW_PER_BAR_M3H;
    least = Math.min(least, (power[i] as number) - workKw);
  }
  return least;
}
