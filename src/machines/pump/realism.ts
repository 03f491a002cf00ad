import { IDLE, RUNNING } from '../../core/field.ts';
import { type Choice, pick, type Readings } from '../../core/readings.ts';
import {
  anHour,
  type Check,
  checksOf,
  type TestBench,
  withConditions,
} from '../../core/realism.ts';
import { mean } from '../../core/statistics.ts';
import { motorEfficiencyShare } from '../../physics/electricity.ts';

const HOUR_S = 3600;
/**
 * Pressure counts as held if it changes by less than this in a second, to allow for the sensor's
 * error [bar].
 */
const HELD_BAR = 4;
/** Pressure between cycles is far below this, any working pressure above it [bar]. */
const WORKING_MIN_BAR = 100;
/** Recipe for the check of held pressure: the set pressure itself. */
const AT_SET_PRESSURE = { setBar: 180, recipeMinShare: 1, recipeMaxShare: 1 };
/** Load at which few cycles keep the oil at working temperature although all flow heats it. */
const FEW_CYCLES_LOAD = 0.2;
/** Power [kW] of a flow [m³/h] at a pressure [bar]. */
const KW_PER_BAR_M3H = 1 / 36;

const check = checksOf('pump');

/** Checks of hydraulic units: efficiency, power of the phases, parts, oil, faults. */
export const pumpChecks: readonly Check[] = [
  check('pump.eta', 'hydraulic/shaft at full pressure and flow', [0.82, 0.93], {
    source: 'axial piston ~92 % (Machinery Lubrication)',
    conditions: 'fixed conditions',
    simulated: '12 h of few cycles with full flow at full pressure, every 1 s; oil at 45 to 55 °C',
    byExperiment: efficiency,
  }),
  check('pump.standby', 'standby power / rated', [0.05, 0.12], {
    source: 'load-sensing standby',
    inReadings: (readings) => standbyKw(readings) / readings.parameter('ratedPowerKw'),
  }),
  check('pump.hold', 'hold power / rated', [0.1, 0.25], {
    source: 'pressure-compensated deadhead',
    inReadings: (readings) =>
      readings.mean('power_kw', isThroughoutHeld(readings)) / readings.parameter('ratedPowerKw'),
  }),
  check('pump.parts', 'parts per hour F=1', [30, 45], {
    unit: '1/h',
    source: 'derived from cycle 84-90 s',
    inReadings: (readings) =>
      readings.total('production_count', readings.isFull) / readings.hours(readings.isFull),
  }),
  check('pump.oil', 'machine_temp_c mean at F=1', [40, 60], {
    unit: 'degC',
    source: 'hydraulic practice 40-60 degC',
    inReadings: (readings) => readings.mean('machine_temp_c', readings.isFull),
  }),
  check('pump.work', 'min(P*dt - int p*Q/600 dt)', [0, null], {
    unit: 'kWs',
    source: 'energy conservation',
    simulated: '6 h of full production, every 1 s',
    byExperiment: leastSurplusKws,
  }),
  check('pump.seal5_p', 'mean hold pressure, seal_leak s=5 (set 180)', [158, 166], {
    unit: 'bar',
    source: 'model mapping',
    ...anHour((bench) =>
      bench
        .pairs('seal_leak', 5, { intervalS: 1, parameters: AT_SET_PRESSURE })
        .map(({ faulty }) => faulty.mean('pressure_bar', isHeld(faulty))),
    ),
  }),
  check('pump.valve5', 'standby power ratio, valve_fault s=5', [1.7, 2.3], {
    source: 'model mapping',
    ...anHour((bench) =>
      bench
        .pairs('valve_fault', 5, { intervalS: 1 })
        .map(({ faulty, healthy }) => standbyKw(faulty) / standbyKw(healthy)),
    ),
  }),
];

/** Idle at both ends of the interval: a cycle is longer than an interval. */
function standbyKw(readings: Readings): number {
  const mode = readings.at('operating_mode');
  return readings.mean('power_kw', (i) => mode(i) === IDLE && mode(i - 1) === IDLE);
}

/** Selects readings at the pressure of the recipe at both ends of the interval. */
function isThroughoutHeld(readings: Readings): Choice {
  const mode = readings.at('operating_mode');
  const pressure = readings.at('pressure_bar');
  const recipe = readings.at('recipe_id');
  const isAtPressure = (i: number) => mode(i) === RUNNING && pressure(i) > 0.985 * recipe(i);
  return (i) => i > 0 && isAtPressure(i) && isAtPressure(i - 1);
}

/**
 * Selects readings at a working pressure that neither rises nor falls; for readings of every
 * second.
 */
function isHeld(readings: Readings): Choice {
  const pressure = readings.at('pressure_bar');
  const isSame = (a: number, b: number) => Math.abs(pressure(a) - pressure(b)) < HELD_BAR;
  return (i) => pressure(i) > WORKING_MIN_BAR && isSame(i, i - 1) && isSame(i, i + 1);
}

/** Shaft power is the metered power times the efficiency of an IE3 motor, as on its nameplate. */
function efficiency(bench: TestBench): number {
  const readings = bench.read({
    fromS: bench.firstS,
    toS: bench.firstS + 12 * HOUR_S,
    intervalS: 1,
    parameters: { ...AT_SET_PRESSURE, holdFlowShare: 1 },
    site: withConditions({ load: FEW_CYCLES_LOAD }),
  });
  const pressure = readings.at('pressure_bar');
  const oil = readings.at('machine_temp_c');
  const isHolding = isHeld(readings);
  const isChosen: Choice = (i) => isHolding(i) && Math.abs(oil(i) - 50) < 5;
  const hydraulicKw = readings
    .column('flow_rate_m3h')
    .map((m3h, i) => m3h * pressure(i) * KW_PER_BAR_M3H);
  const shaftKw =
    readings.mean('power_kw', isChosen) * motorEfficiencyShare(readings.parameter('ratedPowerKw'));
  return mean(pick(hydraulicKw, isChosen)) / shaftKw;
}

/** The least amount by which the electrical energy of a second exceeds its hydraulic work. */
function leastSurplusKws(bench: TestBench): number {
  const fromS = bench.fullHourS(bench.firstS);
  const readings = bench.read({ fromS, toS: fromS + 6 * HOUR_S, intervalS: 1 });
  const power = readings.at('power_kw');
  const flow = readings.at('flow_rate_m3h');
  const pressure = readings.at('pressure_bar');
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < readings.length; i++) {
    const meanBar = (pressure(i - 1) + pressure(i)) / 2;
    const workKw = meanBar * flow(i) * KW_PER_BAR_M3H;
    least = Math.min(least, power(i) - workKw);
  }
  return least;
}
