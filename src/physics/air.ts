/** Standard atmosphere [bar]. */
export const ATMOSPHERE_BAR = 1.013;

/**
 * Least specific work of compression, adiabatic and reversible [kW/(m³/min)]: the lower limit of
 * any compressor's specific power; 4.76 from 1.013 to 8.013 bar.
 *
 *     w = κ/(κ−1) · p₁ · ((p₂/p₁)^((κ−1)/κ) − 1),  κ = 1.4
 *
 * @param inletBar - Absolute.
 * @param outletBar - Absolute.
 * @see ISO 1217:2009, annex on isentropic power.
 */
export function isentropicKwPerM3Min(inletBar: number, outletBar: number): number {
  const exponent = 0.4 / 1.4;
  const ratio = Math.exp(exponent * Math.log(outletBar / inletBar));
  return ((100 * inletBar) / 60 / exponent) * (ratio - 1);
}

/** Free air at 20 °C in a volume flow at `inletTempC`, as a share of that flow. */
export function normalFlowShare(inletTempC: number): number {
  return 293 / (273 + inletTempC);
}

/**
 * Power of a screw compressor with a throttled intake, as a share of its power at full flow and
 * the same pressure: 0.85 at half flow, and 0.7 just to turn the rotors against pressure.
 *
 *     P / P_full = 0.70 + 0.30 q
 *
 * @see US DOE, Improving Compressed Air System Performance, 3rd ed., part-load curve of inlet
 *   valve modulation.
 */
export const THROTTLED_POWER = { base: 0.7, perFlow: 0.3 } as const;

/**
 * Power of a variable-speed screw compressor, as a share of its power at full flow and the same
 * pressure: 0.57 at half flow; 1.02 at full flow because of the losses of its drive.
 *
 *     P / P_full = 0.12 + 0.90 q
 *
 * @see US DOE, ibid., part-load curve of variable-speed control; CAGI data sheets for rotary
 *   compressors with variable-frequency drive.
 */
export const SPEED_POWER = { base: 0.12, perFlow: 0.9 } as const;
