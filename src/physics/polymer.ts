/** A thermoplastic and its moulding temperatures. */
export interface Polymer {
  readonly name: string;
  readonly meltTempC: number;
  /** Temperature of the mould wall. */
  readonly mouldTempC: number;
  /** Centre temperature at which the part can be ejected. */
  readonly ejectTempC: number;
  /** Enthalpy from 20 °C to the melt, including fusion [kJ/kg]. */
  readonly meltKjPerKg: number;
  /** Thermal diffusivity of the melt [mm²/s]. */
  readonly diffusivityMm2PerS: number;
  readonly densityGPerCm3: number;
}

/**
 * Materials of injection moulding machines, in the order of their numbers.
 *
 * Temperatures lie in the processing windows of plastikcity.co.uk and plastic-industry.com;
 * enthalpies and diffusivities come from polymer handbooks.
 */
export const POLYMERS: readonly Polymer[] = [
  polymer('PP', 230, 40, 90, 560, 0.09, 0.905),
  polymer('ABS', 240, 60, 88, 400, 0.1, 1.05),
  polymer('PA66', 285, 80, 150, 700, 0.11, 1.14),
  polymer('PC', 300, 95, 130, 450, 0.12, 1.2),
  polymer('PE-HD', 220, 30, 80, 650, 0.11, 0.955),
];

function polymer(
  name: string,
  meltTempC: number,
  mouldTempC: number,
  ejectTempC: number,
  meltKjPerKg: number,
  diffusivityMm2PerS: number,
  densityGPerCm3: number,
): Polymer {
  return {
    name,
    meltTempC,
    mouldTempC,
    ejectTempC,
    meltKjPerKg,
    diffusivityMm2PerS,
    densityGPerCm3,
  };
}

/**
 * Time until the centre of a moulded plate is cold enough to be ejected [s]: conduction into both
 * faces, first term of the series.
 *
 *     t = s² / (π² a) · ln(8/π² · (T_melt − T_mould) / (T_eject − T_mould))
 *
 * Grows with the square of the wall thickness, and without limit as the mould approaches the
 * ejection temperature.
 *
 * @param mouldTempC - Below the ejection temperature of the polymer.
 * @see Rao, Schumacher: Design Formulas for Plastics Engineers, 2nd ed., §5.3.
 */
export function coolingTimeS(polymer: Polymer, wallMm: number, mouldTempC: number): number {
  const { meltTempC, ejectTempC, diffusivityMm2PerS } = polymer;
  const ratio = (meltTempC - mouldTempC) / (ejectTempC - mouldTempC);
  const pi2 = Math.PI * Math.PI;
  return ((wallMm * wallMm) / (pi2 * diffusivityMm2PerS)) * Math.log((8 / pi2) * ratio);
}

/** Number of phases of {@link cyclePhase}, including the gap between two cycles. */
export const CYCLE_PHASES = 7;

/** Durations of phases [s]; cooling begins with the plasticising of the next shot. */
const CLAMP_S = 3;
const INJECT_S = 3;
const HOLD_S = 6;
const SCREW_S = 11;
const EJECT_S = 5;
/** Least cooling time after the screw has stopped. */
const COOL_LEAST_S = 1.5;

/** End of each phase of a moulding cycle, after its start [s]. */
export interface MouldingCycle {
  readonly injectedS: number;
  readonly heldS: number;
  readonly screwedS: number;
  readonly cooledS: number;
  /** The part is ejected. */
  readonly cycleS: number;
}

/**
 * The cycle of an injection moulding machine: clamping 3 s, injection 3 s, holding 6 s, cooling,
 * ejection 5 s. The screw plasticises the next shot in the first 11 s of cooling and must finish
 * before the mould opens.
 *
 * @param mouldExcessK - Mould temperature above the polymer's normal one.
 * @param injectFactor - Injection time relative to normal; `screwFactor`: plasticising time.
 */
export function mouldingCycle(
  polymer: Polymer,
  wallMm: number,
  mouldExcessK: number,
  injectFactor: number,
  screwFactor: number,
): MouldingCycle {
  const injectedS = CLAMP_S + INJECT_S * injectFactor;
  const heldS = injectedS + HOLD_S;
  const screwS = SCREW_S * screwFactor;
  const coolingS = coolingTimeS(polymer, wallMm, polymer.mouldTempC + mouldExcessK);
  const cooledS = heldS + Math.max(coolingS, screwS + COOL_LEAST_S);
  return { injectedS, heldS, screwedS: heldS + screwS, cooledS, cycleS: cooledS + EJECT_S };
}

/**
 * Phase of a cycle, `afterS` seconds after its start: 0 clamping, 1 injection, 2 holding, 3
 * plasticising, 4 cooling, 5 ejection, 6 the gap before the next cycle.
 */
export function cyclePhase(cycle: MouldingCycle, afterS: number): number {
  if (afterS > cycle.cycleS) return 6;
  if (afterS > cycle.cooledS) return 5;
  if (afterS > cycle.screwedS) return 4;
  if (afterS > cycle.heldS) return 3;
  if (afterS > cycle.injectedS) return 2;
  return afterS > CLAMP_S ? 1 : 0;
}

/** Pump effort in each phase, relative to injection. */
const CLAMP_EFFORT = 0.5;
const INJECT_EFFORT = 1;
const HOLD_EFFORT = 0.38;
const SCREW_EFFORT = 0.6;
const COOL_EFFORT = 0.15;
const EJECT_EFFORT = 0.33;
/** Pump effort between cycles, which maintains the pressure. */
export const REST_EFFORT = 0.12;

/**
 * Integral of the pump effort from the start of a cycle [s]: 0 at the start; grows by
 * {@link REST_EFFORT} per second after the end.
 *
 * @param screwFactor - Plasticising effort relative to normal.
 */
export function effortSeconds(cycle: MouldingCycle, screwFactor: number, afterS: number): number {
  const screwEffort = SCREW_EFFORT * screwFactor;
  return (
    (CLAMP_EFFORT - INJECT_EFFORT) * Math.min(afterS, CLAMP_S) +
    (INJECT_EFFORT - HOLD_EFFORT) * Math.min(afterS, cycle.injectedS) +
    (HOLD_EFFORT - screwEffort) * Math.min(afterS, cycle.heldS) +
    (screwEffort - COOL_EFFORT) * Math.min(afterS, cycle.screwedS) +
    (COOL_EFFORT - EJECT_EFFORT) * Math.min(afterS, cycle.cooledS) +
    (EJECT_EFFORT - REST_EFFORT) * Math.min(afterS, cycle.cycleS) +
    REST_EFFORT * afterS
  );
}
