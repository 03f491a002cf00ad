import { RUNNING } from '../../core/field.ts';
import type { Choice, Readings } from '../../core/readings.ts';
import {
  anHour,
  type Check,
  checksOf,
  NotApplicable,
  ratios,
  type TestBench,
} from '../../core/realism.ts';
import { mean, percentiles } from '../../core/statistics.ts';
import { compressor } from './compressor.ts';

const HOUR_S = 3600;
const DAY_S = 86_400;
/** Unloaded time after which the sump has blown down. */
const SETTLED_S = 60;
const SIZES_KW = [15, 22, 30, 37, 45, 55, 75];
/** Ten US gallons of storage per cubic foot per minute, in m³ per m³/min. */
const TEN_GALLONS_PER_CFM = (10 * 3.785_411_784e-3) / 0.028_316_846_6;
/** A constant demand of half the flow. */
const HALF_FLOW = { leakShare: 0.5, demandShare: 0 };

const check = checksOf('compressor');

/** Checks of compressors: specific power, part load, pressure, leaks, power factor, faults. */
export const compressorChecks: readonly Check[] = [
  check('comp.sp_full', 'full-load package power / FAD at 7 bar, any size 15-75 kW', [5.5, 7.6], {
    unit: 'kW/(m3/min)',
    source: 'CAGI sheets; MEASUR 5.5-5.6 (large)',
    conditions: 'continuously loaded',
    simulated: '6 h of 7 sizes, every 1 s; loaded at 6.9 to 7.1 bar',
    byExperiment: (bench) => SIZES_KW.map((sizeKw) => fullSpecificPower(bench, sizeKw)),
  }),
  check('comp.sp_floor', 'minimum of mean SP over any load', [4.76, null], {
    unit: 'kW/(m3/min)',
    source: 'isentropic work 1.013->8.013 bar',
    inReadings: leastSpecificPower,
  }),
  check('comp.unloaded', 'settled unloaded power / full-load power', [0.2, 0.35], {
    source: 'Marshall (25 %); MEASUR 20-25 %',
    inReadings: (readings) => readings.mean('power_kw', settled(readings)) / fullLoadKw(readings),
  }),
  check('comp.blowdown', 'time from unload to floor+5 % of full power', [20, 60], {
    unit: 's',
    source: 'MEASUR default 40 s',
    inReadings: blowDownS,
  }),
  check('comp.curve50_10gal', 'P/P_full at 50 % flow, storage 10 gal/cfm', [0.62, 0.7], {
    source: 'DOE/CAC Sourcebook load-unload curves',
    conditions: 'constant demand',
    simulated: '12 h at a constant demand of half the flow, every 1 s',
    byExperiment: halfFlowShare,
  }),
  check('comp.curve50_vsd', 'P/P_full at 50 % flow, variable speed', [0.5, 0.62], {
    source: 'DOE/CAC Sourcebook part-load curves',
    conditions: 'constant demand',
    simulated: '6 h at a constant demand of half the flow, every 1 s',
    byExperiment: (bench) => controlledShare(bench, 'vsd'),
  }),
  check('comp.curve50_mod', 'P/P_full at 50 % flow, inlet modulation', [0.8, 0.92], {
    source: 'DOE/CAC Sourcebook part-load curves',
    conditions: 'constant demand',
    simulated: '6 h at a constant demand of half the flow, every 1 s',
    byExperiment: (bench) => controlledShare(bench, 'modulation'),
  }),
  check('comp.press_range', 'pressure_bar 0.1..99.9 percentile', [6.3, 7.4], {
    unit: 'bar',
    source: 'seed 6-8 bar; band 6.6-7.3',
    inReadings: (readings) => percentiles(readings.column('pressure_bar'), [0.001, 0.999]),
  }),
  check('comp.leakshare', 'weekly mean leak flow / mean flow', [0.1, 0.3], {
    source: 'DOE Compressed Air Tip Sheet 3',
    simulated: 'a week as it is, and a week with all users shut off, every 1 s',
    byExperiment: leakShare,
  }),
  check('comp.pf_loaded', 'mean power_factor loaded', [0.82, 0.9], {
    source: 'DOE motor fact sheet fig. 2',
    inReadings: (readings) => readings.mean('power_factor', loaded(readings)),
  }),
  check('comp.pf_unloaded', 'mean power_factor settled unloaded', [0.45, 0.68], {
    source: 'DOE motor fact sheet fig. 2',
    inReadings: (readings) => readings.mean('power_factor', settled(readings)),
  }),
  check('comp.leak15', 'mean power ratio, leak s=1.5', [1.08, 1.22], {
    source: 'model mapping',
    ...ratios('leak', 1.5, 'power_kw'),
  }),
  check('comp.leak5_bad', 'bad share of m3, leak s=5', [0.5, 1], {
    source: 'model mapping',
    ...anHour((bench) =>
      bench
        .pairs('leak', 5)
        .map(
          ({ faulty }) => faulty.total('production_count_bad') / faulty.total('production_count'),
        ),
    ),
  }),
  check('comp.bear5_vib', 'vibration ratio, bearing_fault s=5', [3.6, 4.4], {
    source: 'model mapping; ISO 10816-3 zone D',
    ...ratios('bearing_fault', 5, 'vibration_mm_s'),
  }),
  check('comp.bear5_p', 'mean power ratio, bearing_fault s=5', [1, 1.03], {
    source: 'model mapping (friction small)',
    ...ratios('bearing_fault', 5, 'power_kw'),
  }),
];

/** Selects readings during which, and next to which, air flows throughout. */
function loaded(readings: Readings): Choice {
  const flow = readings.at('flow_rate_m3h');
  return (i) => flow(i - 1) > 0 && flow(i) > 0 && flow(i + 1) > 0;
}

/** Idle with the motor on, for long enough that the blow-down is over. */
function settled(readings: Readings): Choice {
  const idleS = unloadedS(readings);
  const speed = readings.at('speed_percent');
  return (i) => (idleS[i] as number) >= SETTLED_S && speed(i) > 0;
}

/** For each reading, how long the compressor has been idle. */
function unloadedS(readings: Readings): Float64Array {
  let idleS = 0;
  return readings.column('operating_mode').map((mode) => {
    idleS = mode === RUNNING ? 0 : idleS + readings.intervalS;
    return idleS;
  });
}

function fullLoadKw(readings: Readings): number {
  return readings.mean('power_kw', loaded(readings));
}

function fullSpecificPower(bench: TestBench, ratedPowerKw: number): number {
  const fromS = bench.fullHourS(bench.firstS);
  const readings = bench.read({
    fromS,
    toS: fromS + 6 * HOUR_S,
    intervalS: 1,
    ratedPowerKw,
    parameters: { cutInBar: 6.6, cutOutBar: 7.3 },
  });
  const pressure = readings.at('pressure_bar');
  const isLoaded = loaded(readings);
  const isAtSeven: Choice = (i) => isLoaded(i) && Math.abs(pressure(i) - 7) < 0.1;
  return readings.mean('power_kw', isAtSeven) / (readings.mean('flow_rate_m3h', isAtSeven) / 60);
}

/** The lowest hourly specific power. */
function leastSpecificPower(readings: Readings): number {
  const energy = readings.column('energy_kwh');
  const flow = readings.column('flow_rate_m3h');
  const size = Math.round(HOUR_S / readings.intervalS);
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at + size <= readings.length; at += size) {
    const powerKw = energy.subarray(at, at + size).reduce((sum, kwh) => sum + kwh, 0);
    least = Math.min(least, powerKw / (mean(flow.subarray(at, at + size)) / 60));
  }
  return least;
}

/** Time after unloading until the mean power reaches the floor plus 5 % of full power. */
function blowDownS(readings: Readings): number {
  const idleS = unloadedS(readings);
  const floorKw = readings.mean('power_kw', settled(readings));
  const limitKw = floorKw + 0.05 * fullLoadKw(readings);
  for (let afterS = readings.intervalS; afterS <= 120; afterS += readings.intervalS)
    if (readings.mean('power_kw', (i) => idleS[i] === afterS) <= limitKw) return afterS;
  return Number.NaN;
}

function halfFlowShare(bench: TestBench): number {
  const fromS = bench.firstS + 6 * HOUR_S;
  const readings = bench.read({
    fromS,
    toS: fromS + 12 * HOUR_S,
    intervalS: 1,
    parameters: { storageShare: TEN_GALLONS_PER_CFM, ...HALF_FLOW },
  });
  return readings.mean('power_kw') / fullLoadKw(readings);
}

/** Power at half flow under another control, relative to full load of a load/unload compressor. */
function controlledShare(bench: TestBench, control: string): number {
  const fromS = bench.fullHourS(bench.firstS);
  const choices = compressor.parameters['control']?.choices ?? [];
  const under = (name: string) => {
    const parameters = { ...HALF_FLOW, control: choices.indexOf(name) };
    return bench.read({ fromS, toS: fromS + 6 * HOUR_S, intervalS: 1, parameters });
  };
  return under(control).mean('power_kw') / fullLoadKw(under('load_unload'));
}

/** Leakage as a leak test finds it: the flow that remains when all users are shut off. */
function leakShare(bench: TestBench): number[] {
  const { seasons, fastDays } = bench.extent;
  return seasons.map(({ fromS }) => {
    const week = { fromS, toS: fromS + Math.min(7, fastDays) * DAY_S };
    const lost = bench.read({ ...week, parameters: { demandShare: 0 } }).mean('flow_rate_m3h');
    const flowM3h = bench.read(week).mean('flow_rate_m3h');
    if (flowM3h === 0) throw new NotApplicable('no air was used');
    return lost / flowM3h;
  });
}
