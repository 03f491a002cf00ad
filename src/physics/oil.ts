import { lag } from './heat.ts';

/** Time constant of a hydraulic unit's oil without the cooler [s]. */
export const OIL_TAU_S = 2400;
/**
 * Temperature rise of the oil above the hall if all of the rated power heats it: 50 °C at work.
 */
const RATED_RISE_K = 195;
/** Share of hydraulic power that does work in the press; the rest heats the oil in the tank. */
export const WORK_SHARE = 0.8;
/**
 * Temperature at which the cooler's thermostat opens fully, and the share of any further rise that
 * remains.
 */
const COOLER_TEMP_C = 55;
const COOLED_SHARE = 0.35;
/**
 * Hotter oil leaks more and so is heated more; this feedback slows the decay of the past by half
 * at most. A leak that could slow it further keeps the oil above the cooler's threshold, where the
 * feedback is a third of that.
 */
export const OIL_GAIN_MAX = 0.5;

/**
 * Part of the oil's heat that its water cooler takes; tank, pipes and cylinders give the rest to
 * the hall.
 */
export const WATER_COOLED_SHARE = 0.7;

/** Initial oil temperature of a block [°C], its start time, and the hall temperature in it. */
interface Oil {
  readonly oilFromS: number;
  readonly oilTempC: number;
  readonly hallTempC: number;
}

/**
 * Oil temperature at an instant of the block [°C]: a first-order lag behind the equilibrium for
 * the mean heat since the block began. An open thermostat improves the cooling of the oil, so the
 * oil also follows faster.
 *
 * @param heatSumS - Heat since the block began, as a share of the rated power times seconds.
 */
export function oilTempC(oil: Oil, tS: number, heatSumS: number): number {
  const sinceS = tS - oil.oilFromS;
  const limitTempC = oil.hallTempC + (RATED_RISE_K * heatSumS) / sinceS;
  if (oil.oilTempC <= COOLER_TEMP_C) return lag(oil.oilTempC, limitTempC, OIL_TAU_S, sinceS);
  const cooledTempC = COOLER_TEMP_C + COOLED_SHARE * (limitTempC - COOLER_TEMP_C);
  return lag(oil.oilTempC, cooledTempC, COOLED_SHARE * OIL_TAU_S, sinceS);
}
