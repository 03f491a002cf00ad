/** Millimetres of mercury per bar: the pressure unit of the Antoine equation. */
const MM_HG_PER_BAR = 750.062;

/** Constants of the Antoine equation for water, 99 to 374 °C. */
const ANTOINE_A = 8.14019;
const ANTOINE_B = 1810.94;
const ANTOINE_C = 244.485;

/**
 * Boiling temperature of water [°C]: 100.0 at 1.013 bar, 184.3 at 11.013 bar.
 *
 *     T = B / (A − log₁₀ p) − C,  p in mmHg
 *
 * @param absoluteBar - 1 to 200; the inverse of {@link saturationBar}.
 * @see Antoine, Comptes rendus 107 (1888); constants for water of the Dortmund Data Bank.
 */
export function saturationTempC(absoluteBar: number): number {
  const decades = Math.log(MM_HG_PER_BAR * absoluteBar) / Math.LN10;
  return ANTOINE_B / (ANTOINE_A - decades) - ANTOINE_C;
}

/** Absolute saturation pressure of steam [bar]: the inverse of {@link saturationTempC}. */
export function saturationBar(tempC: number): number {
  const decades = ANTOINE_A - ANTOINE_B / (tempC + ANTOINE_C);
  return Math.exp(Math.LN10 * decades) / MM_HG_PER_BAR;
}

/**
 * Enthalpy of dry saturated steam above water at 0 °C [kJ/kg]: 2781 at 184 °C, a parabola through
 * the steam tables, within 0.5 of them.
 *
 *     h_g = 2461.2 + 2.6236 T − 0.0048351 T²
 *
 * @param tempC - 100 to 200.
 * @see IAPWS-IF97, table of saturation properties.
 */
export function steamEnthalpyKjKg(tempC: number): number {
  return 2461.2 + (2.6236 - 0.0048351 * tempC) * tempC;
}

/** Coefficients of Siegert's formula for natural gas, and the conversion to gross heat content. */
const SIEGERT_A = 0.66;
const SIEGERT_B = 0.009;
const NET_OF_GROSS = 0.9;
const AIR_OXYGEN_PERCENT = 21;

/**
 * Heat lost with the dry flue gas of natural gas, as a share of the gas's gross heat content: 5.7
 * % at 160 °C and 3.5 % oxygen; 0 if the flue gas is as cold as the air.
 *
 *     q = 0.90 (T_fg − T_air) (0.66 / (21 − O₂) + 0.009) / 100
 *
 * @param oxygenPercent - In the dry flue gas, 0 to 20; more air carries away more heat.
 * @see 1. BImSchV, annex 2, for the net heat content; times 0.90 for the gross.
 */
export function dryFlueLossShare(
  flueTempC: number,
  airTempC: number,
  oxygenPercent: number,
): number {
  const perK = SIEGERT_A / (AIR_OXYGEN_PERCENT - oxygenPercent) + SIEGERT_B;
  return (NET_OF_GROSS * (flueTempC - airTempC) * perK) / 100;
}

/** Losses of a boiler at full load, besides those of its dry flue gas, as shares of its fuel. */
export interface BoilerLosses {
  /** Heat of condensation of the water in the flue gas; 9.9 % for natural gas. */
  readonly latentShare: number;
  /** Loss through the insulation at full load; the heat loss is the same at any load. */
  readonly radiationShare: number;
  /** Loss with the water drained to limit salt. */
  readonly blowDownShare: number;
}

/**
 * Heat in the steam over gross heat of the fuel, calculated from the losses (indirect method).
 *
 *     η = 1 − q_dry − q_latent − q_radiation / y − q_blow-down
 *
 * @param loadShare - Above 0; as it approaches 0, radiation takes all the heat.
 * @see EN 12953-11:2003; ASME PTC 4.
 */
export function boilerEfficiencyShare(
  dryLossShare: number,
  loadShare: number,
  { latentShare, radiationShare, blowDownShare }: BoilerLosses,
): number {
  return 1 - dryLossShare - latentShare - radiationShare / loadShare - blowDownShare;
}

/** Shares of the fan, the feedwater pump and the controls in a boiler's rated electrical power. */
const FAN_SHARE = 0.3;
const PUMP_SHARE = 0.22;
const CONTROL_SHARE = 0.03;

/**
 * Electrical power of a boiler, as a share of its rated electrical power. The fan on its drive
 * follows the power 2.2 of the air flow; the feedwater pump is throttled.
 *
 *     P / P_r = 0.30 f (0.08 + 0.92 a^2.2) + 0.22 (0.35 + 0.65 y) + 0.03
 *
 * @param airShare - a, air to the burner, as a share of that at full load; 0: the fan is off.
 * @param waterShare - y, feedwater, as a share of that at full load.
 * @param fanFactor - f, power of the fan relative to a healthy one.
 */
export function boilerPowerShare(airShare: number, waterShare: number, fanFactor: number): number {
  const fan = airShare > 0 ? 0.08 + 0.92 * Math.exp(2.2 * Math.log(airShare)) : 0;
  return FAN_SHARE * fanFactor * fan + PUMP_SHARE * (0.35 + 0.65 * waterShare) + CONTROL_SHARE;
}
