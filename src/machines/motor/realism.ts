import { RUNNING } from '../../core/field.ts';
import type { Choice, Readings } from '../../core/readings.ts';
import {
  type Check,
  checksOf,
  ratios,
  type TestBench,
  withConditions,
} from '../../core/realism.ts';
import { leastSquares } from '../../core/statistics.ts';

const HOUR_S = 3600;
/** A load at which the conveyor would need more than its full speed. */
const BEYOND_FULL_LOAD = 1.15;
/** Goods for a belt at four fifths of its capacity; beyond a full belt, goods would fall off. */
const DEMAND_SHARE = 0.7;
/** Speed that counts as full [%]. */
const FULL_SPEED_PERCENT = 99.5;

const check = checksOf('motor');

/** Checks of conveyors: efficiency, empty belt, items, heat, faults. */
export const motorChecks: readonly Check[] = [
  check('mot.eta_full', 'shaft/electric at full belt and speed (22 kW)', [0.87, 0.93], {
    source: 'IEC 60034-30-1 IE3 93.0 % x VFD 96-97 %',
    conditions: 'fixed conditions',
    simulated:
      '24 h at full speed, the belt about 80 % full; a line through power over items an hour',
    byExperiment: fullEfficiency,
  }),
  check('mot.empty', 'empty/full belt power at full speed', [0.35, 0.5], {
    source: 'conveyor practice / DIN 22101',
    conditions: 'fixed conditions',
    simulated: '24 h at full speed, the belt empty and about 80 % full',
    byExperiment: (bench) => {
      const empty = atFullSpeed(bench, 0);
      return empty.mean('power_kw', isAtSpeed(empty)) / fullPowerKw(bench);
    },
  }),
  check('mot.pf', 'power_factor at F=1', [0.9, 0.96], {
    source: '6-pulse VFD with choke',
    inReadings: (readings) => {
      const mode = readings.at('operating_mode');
      return readings.mean('power_factor', (i) => readings.isFull(i) && mode(i) === RUNNING);
    },
  }),
  check('mot.items', 'weekday F=1 items/h', [2700, 3300], {
    unit: '1/h',
    source: 'derived (30 m/min, 2 items/m)',
    inReadings: (readings) =>
      readings.total('production_count', readings.isFull) / readings.hours(readings.isFull),
  }),
  check('mot.defects', 'bad share', [0.017, 0.023], {
    source: 'parameter 2 %',
    inReadings: (readings) =>
      readings.total('production_count_bad') / readings.total('production_count'),
  }),
  check('mot.temp', 'machine_temp_c mean at F=1', [50, 75], {
    unit: 'degC',
    source: 'class B rise, frame',
    inReadings: (readings) => readings.mean('machine_temp_c', readings.isFull),
  }),
  check('mot.slip5_p', 'power ratio, belt_slip s=5', [0.95, 1.05], {
    source: 'model mapping (slip loss replaces transport work)',
    ...ratios('belt_slip', 5, 'power_kw'),
  }),
  check('mot.bear5', 'power ratio, bearing_wear s=5', [1.1, 1.18], {
    source: 'model mapping',
    ...ratios('bearing_wear', 5, 'power_kw'),
  }),
];

function atFullSpeed(bench: TestBench, demandShare: number): Readings {
  return bench.read({
    fromS: bench.firstS,
    toS: bench.firstS + 24 * HOUR_S,
    parameters: { demandShare, stopShare: 0 },
    site: withConditions({ load: BEYOND_FULL_LOAD }),
  });
}

function isAtSpeed(readings: Readings): Choice {
  const speed = readings.at('speed_percent');
  return (i) => speed(i) >= FULL_SPEED_PERCENT;
}

/** Power with a full belt, from a line through power over items per hour at full speed. */
function fullPowerKw(bench: TestBench): number {
  const readings = atFullSpeed(bench, DEMAND_SHARE);
  const isFast = isAtSpeed(readings);
  const items = readings.pick('throughput_units_per_hour', isFast);
  const { intercept, slope } = leastSquares(items, readings.pick('power_kw', isFast));
  const fullItems =
    60 *
    readings.parameter('beltSpeedMMin') *
    readings.parameter('itemsPerMetre') *
    (1 - readings.parameter('slipShare'));
  return intercept + slope * fullItems;
}

/** The shaft has no meter: its power follows from the nameplate torque for a full belt. */
function fullEfficiency(bench: TestBench): number {
  const plate = bench.read({ fromS: 0, toS: 0 });
  const shaftKw = plate.parameter('ratedPowerKw') * plate.parameter('fullTorqueShare');
  return shaftKw / fullPowerKw(bench);
}
