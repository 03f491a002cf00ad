/**
 * Efficiency of a four-pole induction motor of class IE3 at rated load, as a share.
 *
 *     η[%] = 0.0773 l³ − 1.8951 l² + 9.2984 l + 83.7025,  l = log₁₀(P_N / kW)
 *
 * @param ratedPowerKw - Shaft power, 0.12 to 200 kW; above, the value at 200 kW holds.
 * @see IEC 60034-30-1:2014, annex A, interpolation coefficients for 50 Hz.
 */
export function motorEfficiencyShare(ratedPowerKw: number): number {
  const l = Math.log(Math.min(200, Math.max(0.12, ratedPowerKw))) / Math.LN10;
  return (((0.0773 * l - 1.8951) * l + 9.2984) * l + 83.7025) / 100;
}

/**
 * Losses of an induction motor fed by the mains [kW]: a constant part and one that grows with the
 * square of the load, so that efficiency is best at 85 % of it.
 *
 *     P_loss = P_N (1/η_N − 1) (0.42 + 0.58 x²)
 *
 * @param loadShare - Shaft power as a share of the rated one.
 * @see US DOE, Determining Electric Motor Load and Efficiency, fig. 1.
 */
export function motorLossKw(
  ratedPowerKw: number,
  efficiencyShare: number,
  loadShare: number,
): number {
  return motorMeanLossKw(ratedPowerKw, efficiencyShare, loadShare * loadShare);
}

/**
 * The mean of {@link motorLossKw} over a time in which the load changes: all it takes of the load
 * is the mean of its square.
 */
export function motorMeanLossKw(
  ratedPowerKw: number,
  efficiencyShare: number,
  meanSquareShare: number,
): number {
  return ratedPowerKw * (1 / efficiencyShare - 1) * (0.42 + 0.58 * meanSquareShare);
}

/** Power factor of a motor at rated load, and reactive over active power then. */
const RATED_POWER_FACTOR = 0.87;
const RATED_REACTIVE = Math.sqrt(1 - RATED_POWER_FACTOR * RATED_POWER_FACTOR) / RATED_POWER_FACTOR;

/**
 * Reactive power of an induction motor fed by the mains [kvar]: mostly magnetisation, so it hardly
 * falls when the load does. Power factor 0.87, 0.76, 0.54 at 100, 50, 25 % of rated input.
 *
 * @see US DOE, Determining Electric Motor Load and Efficiency, fig. 2.
 */
export function motorReactiveKvar(powerKw: number, ratedInputKw: number): number {
  const x = powerKw / ratedInputKw;
  return ratedInputKw * RATED_REACTIVE * (0.67 + 0.33 * x * x);
}

/** Power factor of a load that takes `powerKw` and `reactiveKvar`; 1 where it takes neither. */
export function powerFactor(powerKw: number, reactiveKvar: number): number {
  const apparent = Math.sqrt(powerKw * powerKw + reactiveKvar * reactiveKvar);
  return apparent > 0 ? powerKw / apparent : 1;
}

/** What a machine's controls take while it is serviced [kW]: 0.5 % of its power, at least 0.1. */
export function controlPowerKw(ratedPowerKw: number): number {
  return Math.max(0.1, 0.005 * ratedPowerKw);
}

/** Power factor of a small control transformer: what is left when a main contactor is open. */
export const CONTROL_POWER_FACTOR = 0.6;

/**
 * Power factor of a six-pulse variable-speed drive with a choke: 0.95 − 0.28 · exp(−4.5 P / P_N).
 * It includes the distortion, so it falls at low load though the displacement factor does not.
 */
export function drivePowerFactor(powerKw: number, ratedPowerKw: number): number {
  return 0.95 - 0.28 * Math.exp((-4.5 * powerKw) / ratedPowerKw);
}

/** Power factor of an induction motor that runs up from standstill: mostly magnetisation. */
const STARTING_POWER_FACTOR = 0.35;
/** Current of a start in star against the rated one: at standstill, and when it is run up. */
const STARTING_CURRENTS = [2.2, 0.5] as const;
/** How long a star-delta start takes [s]. */
export const STAR_DELTA_S = 8;
/** What the first second of a start takes off the voltage at the motor's terminals. */
export const STARTING_DIP_SHARE = 0.02;

/**
 * Power of a motor in a star-delta start, as a share of that at full load: a third of the 6.5-fold
 * current of a direct start, falling evenly as the motor runs up, at a poor power factor.
 *
 * @param afterS - Since the start began, up to {@link STAR_DELTA_S}.
 * @see IEC 60034-12, starting performance.
 */
export function starDeltaPowerShare(afterS: number): number {
  const [first, last] = STARTING_CURRENTS;
  const currentShare = first + ((last - first) * afterS) / STAR_DELTA_S;
  return (currentShare * STARTING_POWER_FACTOR) / RATED_POWER_FACTOR;
}

/** Reactive power of a motor that starts, per active power. */
export const STARTING_REACTIVE =
  Math.sqrt(1 - STARTING_POWER_FACTOR * STARTING_POWER_FACTOR) / STARTING_POWER_FACTOR;
