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
 * Losses of a mains-fed induction motor [kW]: a constant part and one that grows with the square
 * of the load, so that efficiency peaks at 85 % load.
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
 * Mean of {@link motorLossKw} over a time of varying load; it needs only the mean square of the
 * load.
 */
export function motorMeanLossKw(
  ratedPowerKw: number,
  efficiencyShare: number,
  meanSquareShare: number,
): number {
  return ratedPowerKw * (1 / efficiencyShare - 1) * (0.42 + 0.58 * meanSquareShare);
}

/** Power factor of a motor at rated load, and the ratio of reactive to active power there. */
const RATED_POWER_FACTOR = 0.87;
const RATED_REACTIVE = Math.sqrt(1 - RATED_POWER_FACTOR * RATED_POWER_FACTOR) / RATED_POWER_FACTOR;

/**
 * Reactive power of a mains-fed induction motor [kvar]: mostly magnetisation, so it hardly falls
 * with the load. Power factor 0.87, 0.76, 0.54 at 100, 50, 25 % of rated input.
 *
 * @see US DOE, Determining Electric Motor Load and Efficiency, fig. 2.
 */
export function motorReactiveKvar(powerKw: number, ratedInputKw: number): number {
  const x = powerKw / ratedInputKw;
  return ratedInputKw * RATED_REACTIVE * (0.67 + 0.33 * x * x);
}

/** Power factor of a load of `powerKw` and `reactiveKvar`; 1 if both are 0. */
export function powerFactor(powerKw: number, reactiveKvar: number): number {
  const apparent = Math.sqrt(powerKw * powerKw + reactiveKvar * reactiveKvar);
  return apparent > 0 ? powerKw / apparent : 1;
}

/**
 * Power of a machine's controls during maintenance [kW]: 0.5 % of its rated power, at least 0.1.
 */
export function controlPowerKw(ratedPowerKw: number): number {
  return Math.max(0.1, 0.005 * ratedPowerKw);
}

/**
 * Power factor of a small control transformer: the remaining load when a main contactor is open.
 */
export const CONTROL_POWER_FACTOR = 0.6;

/**
 * Power factor of a six-pulse variable-speed drive with a choke: 0.95 − 0.28 · exp(−4.5 P / P_N).
 * It includes distortion, so it falls at low load although the displacement factor does not.
 */
export function drivePowerFactor(powerKw: number, ratedPowerKw: number): number {
  return 0.95 - 0.28 * Math.exp((-4.5 * powerKw) / ratedPowerKw);
}

/** Power factor of an induction motor that accelerates from standstill: mostly magnetisation. */
const STARTING_POWER_FACTOR = 0.35;
/** Current of a start in star, relative to the rated current: at standstill, and at full speed. */
const STARTING_CURRENTS = [2.2, 0.5] as const;
/** Duration of a star-delta start [s]. */
export const STAR_DELTA_S = 8;
/** Voltage dip at the motor's terminals in the first second of a start. */
export const STARTING_DIP_SHARE = 0.02;

/**
 * Power of a motor during a star-delta start, as a share of its full-load power: a third of the
 * 6.5-fold current of a direct start, falling linearly as the motor accelerates, at a poor power
 * factor.
 *
 * @param afterS - Since the start began, up to {@link STAR_DELTA_S}.
 * @see IEC 60034-12, starting performance.
 */
export function starDeltaPowerShare(afterS: number): number {
  const [first, last] = STARTING_CURRENTS;
  const currentShare = first + ((last - first) * afterS) / STAR_DELTA_S;
  return (currentShare * STARTING_POWER_FACTOR) / RATED_POWER_FACTOR;
}

/** Reactive power of a starting motor, per active power. */
export const STARTING_REACTIVE =
  Math.sqrt(1 - STARTING_POWER_FACTOR * STARTING_POWER_FACTOR) / STARTING_POWER_FACTOR;
