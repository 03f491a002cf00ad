import { clamp } from './heat.ts';

const KELVIN = 273.15;
/** The evaporating refrigerant is so much colder than the water it cools [K]. */
const EVAPORATOR_APPROACH_K = 4;
/** Below this the fans hold the head pressure up [°C]. */
const CONDENSING_LEAST_C = 30;
/** Heat that a cubic metre of water takes up per kelvin [kWh]. */
const WATER_KWH_PER_M3_K = 1.163;

/**
 * Condensing temperature of an air-cooled chiller [°C]: the air's, plus an approach that grows
 * with the heat to be got rid of, but never under the 30 °C of head-pressure control.
 *
 *     T_c = max(30, T_out + (5 + 9 n/N) · g)
 *
 * @param stageShare - Stages that run, of all.
 * @param approachFactor - 1 with clean coils.
 */
export function condensingTempC(
  outdoorTempC: number,
  stageShare: number,
  approachFactor: number,
): number {
  return Math.max(CONDENSING_LEAST_C, outdoorTempC + (5 + 9 * stageShare) * approachFactor);
}

/**
 * Cooling for each unit of electricity that an ideal machine gives between water at
 * `chilledTempC` and `condensingTempC`, with the evaporator's approach; without a limit where the
 * temperatures meet.
 */
export function carnotCop(chilledTempC: number, condensingTempC: number): number {
  const evaporatingK = chilledTempC + KELVIN - EVAPORATOR_APPROACH_K;
  return evaporatingK / (condensingTempC + KELVIN - evaporatingK);
}

/**
 * Cooling capacity against that at 35 °C outside and 7 °C water: 0.8 % less per kelvin of warmer
 * air, 3 % more per kelvin of warmer water.
 *
 * @see EnergyPlus, datasets/AirCooledChiller.idf, capacity curves.
 */
export function chillerCapacityShare(outdoorTempC: number, chilledTempC: number): number {
  return clamp(1 - 0.008 * (outdoorTempC - 35), 0.75, 1.12) * (1 + 0.03 * (chilledTempC - 7));
}

/**
 * Power of a fan on a drive as a share of that at full flow: 5 % drive and belt, the rest with
 * the power 2.7 of the flow, since a pressure is kept in the duct; 1 at full flow.
 */
export function fanPowerShare(flowShare: number): number {
  return 0.05 + (flowShare > 0 ? 0.95 * Math.exp(2.7 * Math.log(flowShare)) : 0);
}

/**
 * Sun through a building's windows as a share of its peak: a half sine from 6 to 18 h solar time,
 * dimmed by clouds, and lower in winter; 0 at night, 1 at noon in summer with a quarter of the sky
 * under clouds.
 */
export function solarShare(solarHour: number, cloudShare: number, summerShare: number): number {
  const height = Math.max(0, Math.sin((Math.PI * (solarHour - 6)) / 12));
  return (height * (1 - 0.6 * cloudShare) * (0.55 + 0.45 * summerShare)) / 0.85;
}

/** Cooling goes from nothing to all over this band, from so much below the set point [K]. */
const BAND_K = 1.5;
const BAND_BELOW_K = 0.25;

/** How much of all cooling a proportional controller calls for, 0 to 1; 1/6 at the set point. */
export function coolingCallShare(zoneTempC: number, setpointTempC: number): number {
  return clamp((zoneTempC - setpointTempC + BAND_BELOW_K) / BAND_K, 0, 1);
}

/**
 * Temperature of a zone on its way to a limit that it would reach in the end: at the start where
 * all of the way is left, at the limit where nothing is; never under that of its heating.
 */
export function zoneTempC(
  startTempC: number,
  limitTempC: number,
  leftShare: number,
  heatedTempC: number,
): number {
  return Math.max(heatedTempC, limitTempC + (startTempC - limitTempC) * leftShare);
}

/** Outdoor air serves to cool when it is so much colder than the zone, and is mixed to this. */
const ECONOMISER_K = 3;
const SUPPLY_LEAST_C = 13;
/** Of the air, the rest cannot be replaced. */
const ECONOMISER_SHARE = 0.85;

/**
 * Cooling that outdoor air can give in place of cold water [kW]; 0 unless it is 3 K colder than
 * the zone, and no more when it is colder than 13 °C, to which it is mixed.
 *
 * @param airKwPerK - Heat that the supply air carries per kelvin.
 */
export function economiserMostKw(
  zoneTempC: number,
  outdoorTempC: number,
  airKwPerK: number,
): number {
  if (outdoorTempC >= zoneTempC - ECONOMISER_K) return 0;
  const differenceK = Math.max(0, zoneTempC - Math.max(outdoorTempC, SUPPLY_LEAST_C));
  return ECONOMISER_SHARE * airKwPerK * differenceK;
}

/** Water flow that carries `heatKw` at a difference of `differenceK` [m³/h]. */
export function waterFlowM3h(heatKw: number, differenceK: number): number {
  return heatKw / (WATER_KWH_PER_M3_K * differenceK);
}

/** How much warmer water gets that takes up `heatKw` [K]; 0 where none flows. */
export function waterWarmingK(heatKw: number, flowM3h: number): number {
  return flowM3h > 0 ? heatKw / (WATER_KWH_PER_M3_K * flowM3h) : 0;
}
