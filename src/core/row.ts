import { ELECTRICITY, type Field } from './field.ts';
import type { Instant, Site } from './site.ts';

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

/** Rounds to a multiple of 1 / `scale`; eight times as fast as `Math.round`. */
export function rounded(value: number, scale: number): number {
  return Math.floor(value * scale + 0.5) / scale;
}

/**
 * Writes a machine's published fields, except the electrical ones, to `values`, starting at `at`:
 * with sensor noise, rounded to their decimals, NaN for no value. Then it resets the sums of the
 * interval to 0.
 *
 * @param hash - Random bits of the reading; the error of each sensor is derived from them.
 * @param noiseFactor - Scales the error of every sensor.
 */
export type RowWriter = (
  state: Record<string, number>,
  instant: Readonly<Instant>,
  hash: number,
  noiseFactor: number,
  values: Float64Array,
  at: number,
) => void;

/**
 * Published fields that belong to the site: all its machines report the same values, without
 * errors.
 */
export const SITE_FIELDS = ['outdoorTempC', 'outdoorHumidityPercent'] as const;

/**
 * Compiles the row writer of a machine type from its fields and its sums.
 *
 * It generates one statement per field, with its key, column and scale as constants: reading some
 * twenty properties by name in a loop costs three times as much as the physics (bench/models). The
 * code is generated from these tables alone, never from user input. `Math.floor(x + 0.5)` rounds
 * eight times as fast as `Math.round(x)`, and the two agree on every number with a decimal limit.
 */
export function compileRowWriter(fields: readonly Field[], sums: readonly string[]): RowWriter {
  const own = fields.filter(({ key }) => !(key in ELECTRICITY));
  const statements = own.map((field) => statement(field, own));
  for (const sum of sums) statements.push(`state.${checked(sum)} = 0;`);
  return new Function(
    'state, instant, hash, noiseFactor, values, at',
    `let h = 0;\n${statements.join('\n')}`,
  ) as RowWriter;
}

function statement(field: Field, all: readonly Field[]): string {
  const { key, column, kind, decimals, noise } = field;
  const isOfSite = SITE_FIELDS.some((each) => each === key);
  const value = `${isOfSite ? 'instant' : 'state'}.${checked(key)}`;
  const target = `values[at + ${column}]`;
  // One instrument, reported in two channels: both show the same error.
  const first = all.find((each) => each.key === key)?.column ?? column;
  if (first !== column) return `${target} = values[at + ${first}];`;
  if (kind !== 'number') return `${target} = ${value};`;
  const scale = Number(`1e${decimals}`);
  const rounded = (noisy: string) =>
    `${target} = Math.floor((${noisy}) * ${scale} + 0.5) / ${scale} + 0;`;
  if (!noise) return rounded(value);
  const error = `noiseFactor * ${whiteText('h')}`;
  const draw = `${whiteDraw('hash', column)}\n`;
  return noise.share
    ? draw + rounded(`${value} * (1 + ${noise.share} * ${error})`)
    : draw + rounded(`${value} + ${noise.offset ?? 0} * ${error}`);
}

/** @throws TypeError for a key that cannot be part of a state. */
function checked(key: string): string {
  if (!/^[a-z][A-Za-z0-9]*$/.test(key)) throw new TypeError(`not a key: ${key}`);
  return key;
}

/**
 * The statements that put a sensor's own random bits into `h`: one round of the finaliser of
 * MurmurHash3 over the reading's bits and the column. Inlined as text to avoid a call per field.
 */
function whiteDraw(hash: string, column: number): string {
  const salt = Math.imul(column + 1, 0x9e3779b1);
  return [
    `h = Math.imul(${hash} ^ ${salt}, 0x85ebca6b);`,
    'h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);',
    'h ^= h >>> 16;',
  ].join('\n');
}

/** A number within ±1 from the four bytes of `h`, as in {@link Random.white}. */
function whiteText(h: string): string {
  const low = `(${h} & 255) + ((${h} >>> 8) & 255)`;
  return `((${low} + ((${h} >>> 16) & 255) + (${h} >>> 24) - 510) / 510)`;
}
