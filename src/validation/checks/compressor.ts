import { RUNNING } from '../../core/field.ts';
import { compressor as model } from '../../machines/compressor/compressor.ts';
import { type Check, Inapplicable } from '../check.ts';
import type { Laboratory, Specimen } from '../laboratory.ts';
import { ratios } from '../ratios.ts';
import { pick, type Series, total } from '../series.ts';
import { mean, percentiles } from '../statistics.ts';

const HOUR_S = 3600;
const WEEK_S = 7 * 86_400;
/** Unloaded for so long, the sump has blown down [s]. */
const SETTLED_S = 60;
const SIZES_KW = [15, 22, 30, 37, 45, 55, 75];
/** Ten US gallons of storage for each cubic foot a minute, in m³ for each m³/min. */
const TEN_GALLONS_PER_CFM = (10 * 3.785_411_784e-3) / 0.028_316_846_6;

/** Compressors: specific power, part load, pressure, leaks, power factor, faults. */
export const compressor: readonly Check[] = [
  {
    id: 'comp.sp_full',
    byTrial: (laboratory, specimen) =>
      SIZES_KW.map((ratedPowerKw) => fullSpecificPower(laboratory, specimen, ratedPowerKw)),
    simulated: '6 h of 7 sizes, every 1 s; loaded at 6.9 to 7.1 bar',
  },
  { id: 'comp.sp_floor', inReadings: (series) => [leastSpecificPower(series)] },
  {
    id: 'comp.unloaded',
    inReadings: (series) => [meanOf(series, 'power_kw', settled(series)) / fullLoadKw(series)],
  },
  { id: 'comp.blowdown', inReadings: (series) => [blowDownS(series)] },
  {
    id: 'comp.curve50_10gal',
    byTrial: halfFlowShare,
    simulated: '12 h at a constant demand of half the flow, every 1 s',
  },
  ...(['vsd', 'modulation'] as const).map((control) => ({
    id: `comp.curve50_${control.slice(0, 3)}`,
    byTrial: (laboratory: Laboratory, specimen: Specimen) =>
      controlledShare(laboratory, specimen, control),
    simulated: '6 h at a constant demand of half the flow, every 1 s',
  })),
  {
    id: 'comp.press_range',
    inReadings: (series) => percentiles(series.column('pressure_bar'), [0.001, 0.999]),
  },
  {
    id: 'comp.leakshare',
    /** As a leak test finds it: the flow that remains when no one uses air. */
    byTrial: leakShare,
    simulated: 'a week as it is, and a week with all users shut off, every 1 s',
  },
  {
    id: 'comp.pf_loaded',
    inReadings: (series) => [meanOf(series, 'power_factor', loaded(series))],
  },
  {
    id: 'comp.pf_unloaded',
    inReadings: (series) => [meanOf(series, 'power_factor', settled(series))],
  },
  { id: 'comp.leak15', byTrial: ratios('leak', 1.5, 'power_kw') },
  {
    id: 'comp.leak5_bad',
    byTrial: (laboratory, specimen) =>
      laboratory
        .pairs(specimen, 'leak', 5)
        .map(
          ({ faulty }) =>
            total(faulty.column('production_count_bad')) / total(faulty.column('production_count')),
        ),
  },
  { id: 'comp.bear5_vib', byTrial: ratios('bearing_fault', 5, 'vibration_mm_s') },
  { id: 'comp.bear5_p', byTrial: ratios('bearing_fault', 5, 'power_kw') },
];

type Choice = (i: number) => boolean;

function meanOf(series: Series, name: string, isChosen: Choice): number {
  return mean(pick(series.column(name), isChosen));
}

/** Air flows throughout the reading and those beside it. */
function loaded(series: Series): Choice {
  const flow = series.column('flow_rate_m3h');
  return (i) => (flow[i - 1] ?? 0) > 0 && (flow[i] as number) > 0 && (flow[i + 1] ?? 0) > 0;
}

/** Idle with its motor on, and long enough for the blow-down to be over. */
function settled(series: Series): Choice {
  const idleS = unloadedS(series);
  const speed = series.column('speed_percent');
  return (i) => (idleS[i] as number) >= SETTLED_S && (speed[i] as number) > 0;
}

/** For each reading, how long the compressor has been idle. */
function unloadedS(series: Series): Float64Array {
  const mode = series.column('operating_mode');
  let idleS = 0;
  return mode.map((each) => {
    idleS = each === RUNNING ? 0 : idleS + series.intervalS;
    return idleS;
  });
}

function fullLoadKw(series: Series): number {
  return meanOf(series, 'power_kw', loaded(series));
}

function fullSpecificPower(
  laboratory: Laboratory,
  specimen: Specimen,
  ratedPowerKw: number,
): number {
  const startS = laboratory.fullHourS(specimen, laboratory.extent.seasons[0]?.fromS ?? 0);
  const series = laboratory.read(specimen, {
    fromS: startS,
    toS: startS + 6 * HOUR_S,
    intervalS: 1,
    ratedPowerKw,
    parameters: { cutInBar: 6.6, cutOutBar: 7.3 },
  });
  const pressure = series.column('pressure_bar');
  const isLoaded = loaded(series);
  const isAtSeven: Choice = (i) => isLoaded(i) && Math.abs((pressure[i] as number) - 7) < 0.1;
  const flowM3Min = meanOf(series, 'flow_rate_m3h', isAtSeven) / 60;
  return meanOf(series, 'power_kw', isAtSeven) / flowM3Min;
}

/** The least of the specific powers of all hours. */
function leastSpecificPower(series: Series): number {
  const energy = series.column('energy_kwh');
  const flow = series.column('flow_rate_m3h');
  const size = Math.round(HOUR_S / series.intervalS);
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at + size <= series.length; at += size) {
    const powerKw = total(energy.subarray(at, at + size));
    const flowM3Min = mean(flow.subarray(at, at + size)) / 60;
    least = Math.min(least, powerKw / flowM3Min);
  }
  return least;
}

/** How long after unloading the mean power comes to the floor and a twentieth of full power. */
function blowDownS(series: Series): number {
  const power = series.column('power_kw');
  const idleS = unloadedS(series);
  const floorKw = meanOf(series, 'power_kw', settled(series));
  const limitKw = floorKw + 0.05 * fullLoadKw(series);
  for (let afterS = series.intervalS; afterS <= 120; afterS += series.intervalS) {
    const meanKw = mean(pick(power, (i) => idleS[i] === afterS));
    if (meanKw <= limitKw) return afterS;
  }
  return Number.NaN;
}

function halfFlowShare(laboratory: Laboratory, specimen: Specimen): number[] {
  const fromS = (laboratory.extent.seasons[0]?.fromS ?? 0) + 6 * HOUR_S;
  const series = laboratory.read(specimen, {
    fromS,
    toS: fromS + 12 * HOUR_S,
    intervalS: 1,
    parameters: { storageShare: TEN_GALLONS_PER_CFM, leakShare: 0.5, demandShare: 0 },
  });
  return [mean(series.column('power_kw')) / fullLoadKw(series)];
}

/** Half the flow under another control, against the full load of one that loads and unloads. */
function controlledShare(laboratory: Laboratory, specimen: Specimen, control: string): number[] {
  const choices = model.parameters['control']?.choices ?? [];
  const startS = laboratory.fullHourS(specimen, laboratory.extent.seasons[0]?.fromS ?? 0);
  const trial = { fromS: startS, toS: startS + 6 * HOUR_S, intervalS: 1 };
  const parameters = { leakShare: 0.5, demandShare: 0 };
  const under = (name: string) => {
    const changes = { ...parameters, control: choices.indexOf(name) };
    return laboratory.read(specimen, { ...trial, parameters: changes });
  };
  const controlled = mean(under(control).column('power_kw'));
  return [controlled / fullLoadKw(under('load_unload'))];
}

function leakShare(laboratory: Laboratory, specimen: Specimen): number[] {
  const { seasons, fastDays } = laboratory.extent;
  return seasons.map(({ fromS }) => {
    const trial = { fromS, toS: fromS + Math.min(WEEK_S, fastDays * 86_400) };
    const used = laboratory.read(specimen, trial);
    const lost = laboratory.read(specimen, { ...trial, parameters: { demandShare: 0 } });
    const flowM3h = mean(used.column('flow_rate_m3h'));
    if (flowM3h === 0) throw new Inapplicable('no air was used');
    return mean(lost.column('flow_rate_m3h')) / flowM3h;
  });
}
