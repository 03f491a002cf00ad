import { clamp } from './heat.ts';

const KELVIN = 273.15;
/** Evaporating refrigerant temperature below that of the water it cools [K]. */
const EVAPORATOR_APPROACH_K = 4;
/** The fans keep the condensing temperature from falling below this [°C]. */
const CONDENSING_LEAST_C = 30;
/** Heat capacity of a cubic metre of water [kWh/K]. */
const WATER_KWH_PER_M3_K = 1.163;

/**
 * Condensing temperature of an air-cooled chiller [°C]: the air temperature plus an approach that
 * grows with the rejected heat, but at least the 30 °C of head-pressure control.
 *
 *     T_c = max(30, T_out + (5 + 9 n/N) · g)
 *
 * @param stageShare - Running stages, as a share of all.
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
 * Coefficient of performance of an ideal chiller between water at `chilledTempC` and
 * `condensingTempC`, including the evaporator's approach; infinite if the temperatures meet.
 */
export function carnotCop(chilledTempC: number, condensingTempC: number): number {
  const evaporatingK = chilledTempC + KELVIN - EVAPORATOR_APPROACH_K;
  return evaporatingK / (condensingTempC + KELVIN - evaporatingK);
}

/**
 * Cooling capacity relative to that at 35 °C outdoors and 7 °C water: 0.8 % less per kelvin of
 * warmer air, 3 % more per kelvin of warmer water.
 *
 * @see EnergyPlus, datasets/AirCooledChiller.idf, capacity curves.
 */
export function chillerCapacityShare(outdoorTempC: number, chilledTempC: number): number {
  return clamp(1 - 0.008 * (outdoorTempC - 35), 0.75, 1.12) * (1 + 0.03 * (chilledTempC - 7));
}

/**
 * Power of a fan on a drive, as a share of its power at full flow: 5 % for drive and belt, and the
 * rest with the power 2.7 of the flow, since the duct pressure is controlled; 1 at full flow.
 */
export function fanPowerShare(flowShare: number): number {
  return 0.05 + (flowShare > 0 ? 0.95 * Math.exp(2.7 * Math.log(flowShare)) : 0);
}

/**
 * Solar gain through a building's windows, as a share of its peak: a half sine from 6 to 18 h
 * solar time, reduced by clouds and in winter; 0 at night, 1 at summer noon with a quarter of the
 * sky covered by clouds.
 */
export function solarShare(solarHour: number, cloudShare: number, summerShare: number): number {
  const height = Math.max(0, Math.sin((Math.PI * (solarHour - 6)) / 12));
  return (height * (1 - 0.6 * cloudShare) * (0.55 + 0.45 * summerShare)) / 0.85;
}

/** Cooling rises from none to full over this band, starting this far below the set point [K]. */
const BAND_K = 1.5;
const BAND_BELOW_K = 0.25;

/** Share of full cooling that a proportional controller requests, 0 to 1; 1/6 at the set point. */
export function coolingCallShare(zoneTempC: number, setpointTempC: number): number {
  return clamp((zoneTempC - setpointTempC + BAND_BELOW_K) / BAND_K, 0, 1);
}

/**
 * Zone temperature on its way to a final limit: at the start value when the whole way remains, at
 * the limit when none does; never below the heating set point.
 */
export function zoneTempC(
  startTempC: number,
  limitTempC: number,
  leftShare: number,
  heatedTempC: number,
): number {
  return Math.max(heatedTempC, limitTempC + (startTempC - limitTempC) * leftShare);
}

/**
 * The economiser runs when outdoor air is this much colder than the zone, and mixes it to this
 * temperature.
 */
const ECONOMISER_K = 3;
const SUPPLY_LEAST_C = 13;
/** Largest share of outdoor air in the supply air. */
const ECONOMISER_SHARE = 0.85;

/**
 * Cooling that outdoor air can provide instead of chilled water [kW]; 0 unless it is 3 K colder
 * than the zone, and no more below 13 °C, the temperature to which it is mixed.
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

/** Water flow that carries `heatKw` at a temperature difference of `differenceK` [m³/h]. */
export function waterFlowM3h(heatKw: number, differenceK: number): number {
  return heatKw / (WATER_KWH_PER_M3_K * differenceK);
}

/** Temperature rise of water that absorbs `heatKw` [K]; 0 without flow. */
export function waterWarmingK(heatKw: number, flowM3h: number): number {
  return flowM3h > 0 ? heatKw / (WATER_KWH_PER_M3_K * flowM3h) : 0;
}
