import type { Check } from '../check.ts';
import type { Laboratory, Specimen } from '../laboratory.ts';
import { type Series, total } from '../series.ts';
import { mean } from '../statistics.ts';

const DAY_S = 86_400;
/** Heat of a cubic metre of gas, gross, and what a kilogram of steam has gained [kWh]. */
const GAS_KWH_PER_M3 = 10.55;
const STEAM_KWH_PER_KG = 0.65;
const ATMOSPHERE_BAR = 1.013;
/** The flue gas shows the burner's load after so long. */
const FLUE_FOLLOWS_S = 600;

/** Steam boilers: efficiency, the line of saturation, the season. */
export const boiler: readonly Check[] = [
  { id: 'boil.eta', inReadings: (series) => [efficiency(series)] },
  {
    id: 'boil.consistency',
    /**
     * The efficiency is that of the indirect method, from the published flue gas and load. The
     * burner must have fired for a while, since a flue follows slowly.
     */
    inReadings: (series) => [inconsistency(series)],
  },
  { id: 'boil.sat', inReadings: (series) => [saturationErrorK(series)] },
  {
    id: 'boil.season',
    byTrial: (laboratory, specimen) => [winterSteamShare(laboratory, specimen)],
    simulated: 'four weeks in January and in July',
  },
];

function efficiency(series: Series): number {
  const gasM3 = total(series.column('natural_gas_consumption_m3'));
  return (
    (STEAM_KWH_PER_KG * total(series.column('steam_consumption_kg'))) / (GAS_KWH_PER_M3 * gasM3)
  );
}

function inconsistency(series: Series): number {
  const gas = series.column('natural_gas_consumption_m3');
  const steam = series.column('steam_consumption_kg');
  const flue = series.column('machine_temp_c');
  const speed = series.column('speed_percent');
  let firingS = 0;
  let worst = 0;
  for (let i = 0; i < series.length; i++) {
    const load = (speed[i] as number) / 100;
    firingS = load > 0 ? firingS + series.intervalS : 0;
    if (firingS < FLUE_FOLLOWS_S) continue;
    const gasKwh = GAS_KWH_PER_M3 * (gas[i] as number);
    const steamKwh = STEAM_KWH_PER_KG * (steam[i] as number);
    const expectedKwh = gasKwh * indirectEfficiency(flue[i] as number, load);
    worst = Math.max(worst, Math.abs(expectedKwh - steamKwh) / gasKwh);
  }
  return worst;
}

/** One less the losses: flue gas (Siegert), its moisture, radiation and blow-down; gross. */
function indirectEfficiency(flueTempC: number, load: number): number {
  const oxygenPercent = 3.5 + 4 * Math.max(0, 0.5 - load);
  const dryPercent = 0.9 * (flueTempC - 25) * (0.66 / (21 - oxygenPercent) + 0.009);
  return 1 - (dryPercent + 9.9 + 0.6 / load + 1.2) / 100;
}

/** Against the Antoine equation of machine and steam tables between 100 and 200 °C. */
function saturationErrorK(series: Series): number {
  const pressure = series.column('steam_pressure_bar');
  const temps = series.column('steam_temperature_c');
  let worst = 0;
  for (const [i, bar] of pressure.entries()) {
    const lg = Math.log(750.062 * (bar + ATMOSPHERE_BAR)) / Math.LN10;
    const saturatedC = 1810.94 / (8.14019 - lg) - 244.485;
    worst = Math.max(worst, Math.abs((temps[i] as number) - saturatedC));
  }
  return worst;
}

function winterSteamShare(laboratory: Laboratory, specimen: Specimen): number {
  const means = [Date.UTC(2026, 0, 5), Date.UTC(2026, 6, 6)].map((fromMs) => {
    const fromS = fromMs / 1000;
    const series = laboratory.read(specimen, { fromS, toS: fromS + 28 * DAY_S });
    return mean(series.column('steam_flow_rate_kg_h'));
  });
  return (means[0] as number) / (means[1] as number);
}
