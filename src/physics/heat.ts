/** A first-order lag: `value` after `dtS` seconds on its way to `target`, at `tauS`. */
export function lag(value: number, target: number, tauS: number, dtS: number): number {
  return target + (value - target) * Math.exp(-dtS / tauS);
}

/**
 * A slow quantity on a grid of 1e-6: two histories that came closer than that become equal, to
 * the bit, so that a reader may start in the middle.
 */
export function onGrid(value: number): number {
  return Math.floor(value * 1e6 + 0.5) / 1e6;
}

/**
 * How many time constants a lagged quantity needs until nothing of its past is left on the grid:
 * a difference of 20 K, 2·10⁷ steps of it, has then a chance of 10⁻¹² to survive as one step.
 */
export const FORGETTING_TAUS = 45;

/** A value within limits: the nearer limit where it lies outside. */
export function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
