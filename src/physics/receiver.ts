import { ATMOSPHERE_BAR } from './air.ts';

/**
 * The gauge pressure of an air receiver while the inflow is constant, or falls linearly with the
 * pressure, and users and leaks draw in proportion to the absolute pressure:
 *
 *     dp/dt = f · (q₀ + q₁ p − d · (p + p₀)),  p(t) = p_limit + (p_start − p_limit) e^(−b t)
 *
 * with the rate f at which the rated flow raises the pressure, flows as shares of the rated flow,
 * and the draw d per bar of absolute pressure.
 */
export interface Course {
  startBar: number;
  limitBar: number;
  /** b [1/s]. */
  perS: number;
  endBar: number;
  /** q₀ and q₁. */
  flowShare: number;
  flowPerBar: number;
}

/**
 * Sets limit, rate and end of a course from its start and its flow.
 *
 * @param lowerBar - Ends the course if the pressure falls to it from above; NaN: no lower end.
 * @param upperBar - Ends the course if the pressure rises to it from below; NaN: no upper end.
 * @returns The duration: `lengthS`, or the time until it reaches one of those pressures.
 */
export function setCourse(
  x: Course,
  drawPerBar: number,
  fillBarPerS: number,
  lengthS: number,
  lowerBar: number,
  upperBar: number,
): number {
  const perBar = drawPerBar - x.flowPerBar;
  x.perS = fillBarPerS * perBar;
  x.limitBar = (x.flowShare - drawPerBar * ATMOSPHERE_BAR) / perBar;
  const swingBar = x.startBar - x.limitBar;
  x.endBar = x.limitBar + swingBar * Math.exp(-x.perS * lengthS);
  const isAbove = x.startBar < upperBar && x.endBar >= upperBar;
  if (!isAbove && !(x.startBar > lowerBar && x.endBar <= lowerBar)) return lengthS;
  x.endBar = isAbove ? upperBar : lowerBar;
  return Math.min(lengthS, Math.log(swingBar / (x.endBar - x.limitBar)) / x.perS);
}

/** Holds the pressure of a course: the receiver is closed, or inflow equals draw. */
export function setSteadyCourse(x: Course, drawPerBar: number, fillBarPerS: number): void {
  x.perS = fillBarPerS * drawPerBar;
  x.limitBar = x.startBar;
  x.endBar = x.startBar;
}

/**
 * The flow that brings a receiver to a pressure in a given time, as a share of the rated flow;
 * below 0 or above 1 if no compressor can.
 */
export function regulatedFlowShare(
  startBar: number,
  wantedBar: number,
  drawPerBar: number,
  fillBarPerS: number,
  inS: number,
): number {
  const left = Math.exp(-fillBarPerS * drawPerBar * inS);
  return drawPerBar * ((wantedBar - startBar * left) / (1 - left) + ATMOSPHERE_BAR);
}

/**
 * The integral of the pressure of a course over time, between two remaining shares of it [bar·s].
 */
export function barSeconds(
  { startBar, limitBar, perS }: Readonly<Course>,
  lengthS: number,
  fromDecay: number,
  toDecay: number,
): number {
  return limitBar * lengthS + ((startBar - limitBar) * (fromDecay - toDecay)) / perS;
}

/** The integral of the squared pressure of a course over time [bar²·s]. */
export function squareBarSeconds(
  { startBar, limitBar, perS }: Readonly<Course>,
  lengthS: number,
  fromDecay: number,
  toDecay: number,
): number {
  const swingBar = startBar - limitBar;
  const mixed = 2 * limitBar * (fromDecay - toDecay);
  const squared = (swingBar * (fromDecay * fromDecay - toDecay * toDecay)) / 2;
  return limitBar * limitBar * lengthS + (swingBar * (mixed + squared)) / perS;
}

/** Inflow since the start of a course, as seconds of the rated flow. */
export function passedS(x: Readonly<Course>, afterS: number, decay: number): number {
  const steadyS = x.flowShare * afterS;
  return x.flowPerBar === 0 ? steadyS : steadyS + x.flowPerBar * barSeconds(x, afterS, 1, decay);
}

/**
 * Time a compressor needs to fill a network from one pressure to a higher one [s]; infinite if it
 * cannot.
 *
 * @param flowShare - Delivered flow, as a share of the rated flow.
 */
export function fillingS(
  fromBar: number,
  toBar: number,
  flowShare: number,
  drawPerBar: number,
  fillBarPerS: number,
): number {
  const limitBar = flowShare / drawPerBar - ATMOSPHERE_BAR;
  if (limitBar <= toBar) return Number.POSITIVE_INFINITY;
  return Math.log((limitBar - fromBar) / (limitBar - toBar)) / (fillBarPerS * drawPerBar);
}
