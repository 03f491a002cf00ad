/**
 * A first-order lag: `value` after `dtS` seconds of approaching `target` with time constant
 * `tauS`.
 */
export function lag(value: number, target: number, tauS: number, dtS: number): number {
  return target + (value - target) * Math.exp(-dtS / tauS);
}

/**
 * Rounds a slow quantity to a grid of 1e-6. Two histories that come closer than that become equal,
 * bit for bit, so that a reader may start in the middle.
 */
export function onGrid(value: number): number {
  return Math.floor(value * 1e6 + 0.5) / 1e6;
}

/**
 * Time constants after which the grid retains nothing of a lagged quantity's past: a difference of
 * 20 K, 2·10⁷ steps of the grid, then has a chance of 10⁻¹² to survive as one step.
 */
export const FORGETTING_TAUS = 45;

/** Clamps a value to limits. */
export function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
