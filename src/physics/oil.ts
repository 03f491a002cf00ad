import { lag } from './heat.ts';

/** Time constant of a hydraulic unit's oil without the cooler [s]. */
export const OIL_TAU_S = 2400;
/** How much hotter than the hall oil becomes if all of the rated power heats it: 50 °C at work. */
const RATED_RISE_K = 195;
/** Part of a build's hydraulic power that the press takes; the rest heats the oil in the tank. */
export const WORK_SHARE = 0.8;
/** Above this the cooler's thermostat opens wide; it leaves so much of the further rise. */
const COOLER_TEMP_C = 55;
const COOLED_SHARE = 0.35;
/**
 * Hotter oil leaks more and is heated more: that gain slows forgetting down, by one half at most.
 * A leak that could slow it further keeps the oil above the cooler's threshold, where the gain is
 * a third of that.
 */
export const OIL_GAIN_MAX = 0.5;
/**
 * Part of the oil's heat that its water cooler takes; tank, pipes and cylinders give the rest to
 * the hall.
 *
 * XX
 *   installed power.
 */
export const WATER_COOLED_SHARE = 0.7;

/** Where a block found the oil [°C] and since when, and the hall's temperature in it. */
interface Oil {
  readonly oilFromS: number;
  readonly oilTempC: number;
  readonly hallTempC: number;
}

/**
 * Oil temperature at an instant of the block [°C]: a first-order lag behind what the mean heat
 * since the block began leads to. An open thermostat gives the oil a better cooled way to the
 * hall, so it also follows faster.
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
