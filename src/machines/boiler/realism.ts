import type { Readings } from '../../core/readings.ts';
import { type Check, checksOf, type TestBench } from '../../core/realism.ts';

const DAY_S = 86_400;
/** Gross heat of a cubic metre of gas, and heat added to a kilogram of steam [kWh]. */
const GAS_KWH_PER_M3 = 10.55;
const STEAM_KWH_PER_KG = 0.65;
const ATMOSPHERE_BAR = 1.013;
/** Time after which the flue gas reflects the burner's load. */
const FLUE_FOLLOWS_S = 600;

const check = checksOf('boiler');

/** Checks of steam boilers: efficiency, saturation curve, season. */
export const boilerChecks: readonly Check[] = [
  check('boil.eta', 'steam enthalpy gain / gas energy (gross)', [0.78, 0.86], {
    source: 'DOE Steam Sourcebook; Siegert',
    inReadings: (readings) =>
      (STEAM_KWH_PER_KG * readings.total('steam_consumption_kg')) /
      (GAS_KWH_PER_M3 * readings.total('natural_gas_consumption_m3')),
  }),
  check(
    'boil.consistency',
    '|gas*10.55*eta - steam*0.650|/gas energy, firing intervals',
    [0, 0.002],
    { source: 'energy balance (efficiency once)', inReadings: inconsistency },
  ),
  check('boil.sat', 'max |T_steam - T_sat(p)|', [0, 0.5], {
    unit: 'K',
    source: 'steam tables',
    inReadings: saturationErrorK,
  }),
  check('boil.season', 'steam Jan / Jul', [1.05, 1.6], {
    source: 'heating demand',
    simulated: 'four weeks in January and in July',
    byExperiment: (bench) =>
      meanSteamKgH(bench, Date.UTC(2026, 0, 5)) / meanSteamKgH(bench, Date.UTC(2026, 6, 6)),
  }),
];

/**
 * Compares with the efficiency of the indirect method, from the published flue gas and load. The
 * burner must have fired for some time, since the flue responds slowly.
 */
function inconsistency(readings: Readings): number {
  const gas = readings.at('natural_gas_consumption_m3');
  const steam = readings.at('steam_consumption_kg');
  const flue = readings.at('machine_temp_c');
  let firingS = 0;
  let worst = 0;
  for (const [i, percent] of readings.column('speed_percent').entries()) {
    const load = percent / 100;
    firingS = load > 0 ? firingS + readings.intervalS : 0;
    if (firingS < FLUE_FOLLOWS_S) continue;
    const gasKwh = GAS_KWH_PER_M3 * gas(i);
    const steamKwh = STEAM_KWH_PER_KG * steam(i);
    const expectedKwh = gasKwh * indirectEfficiency(flue(i), load);
    worst = Math.max(worst, Math.abs(expectedKwh - steamKwh) / gasKwh);
  }
  return worst;
}

/** One minus the losses: flue gas (Siegert), its moisture, radiation and blow-down; gross. */
function indirectEfficiency(flueTempC: number, load: number): number {
  const oxygenPercent = 3.5 + 4 * Math.max(0, 0.5 - load);
  const dryPercent = 0.9 * (flueTempC - 25) * (0.66 / (21 - oxygenPercent) + 0.009);
  return 1 - (dryPercent + 9.9 + 0.6 / load + 1.2) / 100;
}

/**
 * Deviation from the Antoine equation used in mechanical engineering and steam tables, between 100
 * and 200 °C.
 */
function saturationErrorK(readings: Readings): number {
  const tempC = readings.at('steam_temperature_c');
  let worst = 0;
  for (const [i, bar] of readings.column('steam_pressure_bar').entries()) {
    const lg = Math.log(750.062 * (bar + ATMOSPHERE_BAR)) / Math.LN10;
    const saturatedC = 1810.94 / (8.14019 - lg) - 244.485;
    worst = Math.max(worst, Math.abs(tempC(i) - saturatedC));
  }
  return worst;
}

/** Mean over four weeks. */
function meanSteamKgH(bench: TestBench, fromMs: number): number {
  const fromS = fromMs / 1000;
  return bench.read({ fromS, toS: fromS + 28 * DAY_S }).mean('steam_flow_rate_kg_h');
}
