import { FORGETTING_TAUS, onGrid } from './heat.ts';

/**
 * Torque of a belt conveyor at its drive, as a share of the motor's rated torque: the friction of
 * the empty belt plus the load of the goods. It does not depend on speed (no fan law), so power
 * grows with the speed, not with its cube.
 *
 * @param fullShare - Torque with a full belt.
 * @param emptyShare - Share of it that the empty belt needs.
 * @param frictionFactor - Friction relative to a belt in good repair.
 * @param loadingShare - Goods on the belt; 1 is full.
 * @see DIN 22101:2011, sections on main resistances.
 */
export function conveyorTorqueShare(
  fullShare: number,
  emptyShare: number,
  frictionFactor: number,
  loadingShare: number,
): number {
  return fullShare * (emptyShare * frictionFactor + (1 - emptyShare) * loadingShare);
}

/**
 * Losses of a drive-fed motor at constant flux, as a share of its losses at rated speed and
 * torque: hysteresis grows with the frequency, eddy currents with its square, copper losses with
 * the square of the torque.
 *
 *     P_loss / P_loss,N = 0.42 (0.6 n + 0.4 n²) + 0.58 τ²
 *
 * @see IEC 60034-30-1 for P_loss,N; the parts are those of a mains-fed motor
 *   ({@link motorLossKw}).
 */
export function drivenMotorLossShare(speedShare: number, torqueShare: number): number {
  const iron = (0.6 + 0.4 * speedShare) * speedShare;
  return 0.42 * iron + 0.58 * torqueShare * torqueShare;
}

/**
 * Losses of a variable-speed drive, as a share of the motor's rated power: a constant part for its
 * supply, conduction with the current, switching and choke with the power; 96.6 % efficiency at
 * full power, 93 % at a third of the speed.
 *
 *     P_loss / P_N = 0.012 + 0.010 τ + 0.013 τ n
 *
 * @see US DOE, Motor Tip Sheet 11, Adjustable speed drive part-load efficiency.
 */
export function driveLossShare(speedShare: number, torqueShare: number): number {
  return 0.012 + (0.01 + 0.013 * speedShare) * torqueShare;
}

/**
 * Input of a motor with its drive, as a share of the motor's rated power: shaft power and both
 * losses. At constant torque it is a quadratic function of the speed.
 *
 * @param ratedLossShare - 1/η_N − 1.
 */
export function drivenMotorInputShare(
  speedShare: number,
  torqueShare: number,
  ratedLossShare: number,
): number {
  return (
    speedShare * torqueShare +
    ratedLossShare * drivenMotorLossShare(speedShare, torqueShare) +
    driveLossShare(speedShare, torqueShare)
  );
}

/** Temperature rise of a frame at rated losses and speed [K]: class B, measured outside. */
const RATED_RISE_K = 45;

/**
 * Temperature rise of a motor's frame above the air [K]. A fan on the motor's own shaft cools it,
 * so the same losses heat it more at low speed; 45 K at rated losses and speed.
 *
 *     ΔT = 45 K · (P_loss / P_loss,N)^0.9 / (0.45 + 0.55 n)
 */
export function frameRiseK(lossShare: number, speedShare: number): number {
  if (lossShare <= 0) return 0;
  return (RATED_RISE_K * Math.exp(0.9 * Math.log(lossShare))) / (0.45 + 0.55 * speedShare);
}

/** Extra friction of cold bearings and grease, relative to warm ones, and how it decays. */
const COLD_FRICTION_SHARE = 0.08;
const WARM_UP_TAU_S = 600;

/**
 * Friction of a machine at a time after its start, relative to a warm machine: 1.08 at the start
 * and before, exactly 1 after about two hours.
 *
 *     1 + 0.08 e^(−t / 600 s)
 */
export function warmUpFactor(afterS: number): number {
  if (afterS > FORGETTING_TAUS * WARM_UP_TAU_S) return 1;
  return onGrid(1 + COLD_FRICTION_SHARE * Math.exp(-Math.max(0, afterS) / WARM_UP_TAU_S));
}
