import type { Site } from './site.ts';

/** Voltage drop along a machine's feeder at rated power, as a share of the voltage. */
const FEEDER_DROP_SHARE = 0.01;
/** Limits of the power factor that a meter shows. */
const POWER_FACTOR_MIN = 0.05;
const POWER_FACTOR_MAX = 0.99;

const SQRT3 = Math.sqrt(3);

/**
 * Power as the machine's meter shows it [kW]: the true mean power with one bounded gain error, to
 * three decimals. Every other electrical field follows from it, so that all of them agree.
 *
 * @param error - Within ±1.
 */
export function meteredPowerKw(powerKw: number, noiseShare: number, error: number): number {
  return rounded(powerKw * (1 + noiseShare * error), 1e3);
}

/**
 * Writes the six electrical fields of a reading to `values`, starting at `at`: power, energy,
 * voltage, current, power factor, frequency. Current and energy are computed last, from the
 * rounded power, voltage and power factor, so that √3 · V · I · pf = P and E = P · Δ / 3600 hold
 * on the wire.
 *
 * @param powerKw - From {@link meteredPowerKw}.
 * @param powerFactor - At that power.
 * @param intervalS - Length of the interval that ends at `tS`.
 * @param dipShare - How far a motor start lowers the voltage at its terminals.
 */
export function writeElectricity(
  values: Float64Array,
  at: number,
  powerKw: number,
  ratedPowerKw: number,
  powerFactor: number,
  site: Site,
  tS: number,
  intervalS: number,
  dipShare: number,
): void {
  const drop = (FEEDER_DROP_SHARE * powerKw) / ratedPowerKw + dipShare;
  const voltageV = rounded(site.voltageV(tS) * (1 - drop), 1e2);
  const bounded = Math.min(POWER_FACTOR_MAX, Math.max(POWER_FACTOR_MIN, powerFactor));
  const shownPowerFactor = rounded(bounded, 1e4);
  values[at] = powerKw;
  values[at + 1] = rounded((powerKw * intervalS) / 3600, 1e6);
  values[at + 2] = voltageV;
  values[at + 3] = rounded((1000 * powerKw) / (SQRT3 * voltageV * shownPowerFactor), 1e2);
  values[at + 4] = shownPowerFactor;
  values[at + 5] = rounded(site.frequencyHz(tS), 1e3);
}

/** Rounds to a multiple of 1 / `scale`; eight times as fast as `Math.round` (see core/row.ts). */
function rounded(value: number, scale: number): number {
  return Math.floor(value * scale + 0.5) / scale;
}
