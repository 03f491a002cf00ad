/** Power of a flow under pressure [kW]: bar · L/min / 600. */
export function hydraulicPowerKw(pressureBar: number, flowLMin: number): number {
  return (pressureBar * flowLMin) / 600;
}

/**
 * Hydraulic power of an axial piston pump at full pressure and flow, as a share of its motor's
 * rated power.
 */
export const FULL_HYDRAULIC_SHARE = 1.25 * 0.87;

/**
 * Friction torque of a piston pump, as a share of its motor's torque: a constant part, and one
 * proportional to the pressure.
 */
const DRAG_SHARE = 0.045;
const PRESSURE_DRAG_SHARE = 0.035;

/**
 * The load x of a pump's motor and its delivered flow q while the pressure changes linearly, as
 * polynomials of the elapsed share u of that time. The flow is constant, or falls with the eighth
 * power of time:
 *
 *     x(u) = a₀ + a₁u + a₂u² − (b₀ + b₁u) u⁸,  q(u) = c₀ + c₁u − c₈u⁸
 */
export interface PumpLoad {
  load0: number;
  load1: number;
  load2: number;
  drop0: number;
  drop1: number;
  flow0: number;
  flow1: number;
  flow8: number;
}

/** No load and no flow: a record to overwrite. */
export const NO_LOAD: Readonly<PumpLoad> = {
  load0: 0,
  load1: 0,
  load2: 0,
  drop0: 0,
  drop1: 0,
  flow0: 0,
  flow1: 0,
  flow8: 0,
};

/**
 * Shaft power of a piston pump as a share of its motor's rated power; pressure and flow are shares
 * of their full values.
 *
 *     x = 1.0875 p (q + k p) + 0.045 + 0.035 p
 *
 * Overall efficiency 0.89 at full pressure and flow; never less than the hydraulic power.
 *
 * @param leakShare - k, leakage at full pressure, as a share of the full flow.
 * @param dragFactor - Friction relative to a warm pump.
 * @see Casey, Machinery Lubrication: overall efficiency of axial piston pumps up to 92 %.
 */
export function pumpShaftShare(
  pressureShare: number,
  flowShare: number,
  leakShare: number,
  dragFactor = 1,
): number {
  const flow = flowShare + leakShare * pressureShare;
  const drag = DRAG_SHARE + PRESSURE_DRAG_SHARE * pressureShare;
  return FULL_HYDRAULIC_SHARE * pressureShare * flow + dragFactor * drag;
}

/**
 * Writes {@link pumpShaftShare} and the flow to `x` as polynomials, for a pressure that changes
 * linearly from `fromShare` to `toShare`.
 *
 * @param flowShare - Initial useful flow.
 * @param insideLeakShare - Leakage inside the pump at full pressure: it costs power, but is not
 *   delivered.
 * @param outsideLeakShare - Leakage downstream of the pump, which delivers it too.
 * @param cutOff - 1: the flow falls like 1 − u⁸, as in a pump that swivels back under pressure; 0:
 *   it is constant.
 * @param dragFactor - Friction relative to a warm pump.
 */
export function setPumpLoad(
  x: PumpLoad,
  fromShare: number,
  toShare: number,
  flowShare: number,
  insideLeakShare: number,
  outsideLeakShare: number,
  cutOff: number,
  dragFactor = 1,
): void {
  const slope = toShare - fromShare;
  const perPressure = dragFactor * PRESSURE_DRAG_SHARE + FULL_HYDRAULIC_SHARE * flowShare;
  const perSquare = FULL_HYDRAULIC_SHARE * (insideLeakShare + outsideLeakShare);
  x.load0 = dragFactor * DRAG_SHARE + (perPressure + perSquare * fromShare) * fromShare;
  x.load1 = (perPressure + 2 * perSquare * fromShare) * slope;
  x.load2 = perSquare * slope * slope;
  x.drop0 = cutOff * FULL_HYDRAULIC_SHARE * flowShare * fromShare;
  x.drop1 = cutOff * FULL_HYDRAULIC_SHARE * flowShare * slope;
  x.flow0 = flowShare + outsideLeakShare * fromShare;
  x.flow1 = outsideLeakShare * slope;
  x.flow8 = cutOff * flowShare;
}

/**
 * Mean hydraulic power of a pump while it builds up pressure, as a share of its motor's rated
 * power: a flow that is constant or falls like 1 − u⁸, plus a leak downstream, against a linearly
 * changing pressure. The falling flow meets 8/9 of the initial pressure and 2/5 of its rise.
 */
export function buildPowerShare(
  fromShare: number,
  toShare: number,
  flowShare: number,
  outsideLeakShare: number,
  cutOff: number,
): number {
  const slope = toShare - fromShare;
  const met = fromShare + slope / 2 - cutOff * (fromShare / 9 + slope / 10);
  const square = fromShare * toShare + (slope * slope) / 3;
  return FULL_HYDRAULIC_SHARE * (flowShare * met + outsideLeakShare * square);
}

/**
 * Flow of a fixed-displacement pump, as a share of that of a variable one on the same motor: what
 * the motor can drive at full pressure for as long as the pressure is held.
 */
export const FIXED_FLOW_SHARE = 0.7;

/** The integral of the flow of a {@link PumpLoad} from 0 to u. */
export function pumpFlowSum(x: Readonly<PumpLoad>, u: number): number {
  const u2 = u * u;
  return u * (x.flow0 + (u * x.flow1) / 2 - (x.flow8 * u2 * u2 * u2 * u2) / 9);
}

/** The integral of the load of a {@link PumpLoad} from 0 to u. */
export function pumpLoadSum(x: Readonly<PumpLoad>, u: number): number {
  const u2 = u * u;
  const u8 = u2 * u2 * u2 * u2;
  return (
    u * (x.load0 + u * (x.load1 / 2 + (u * x.load2) / 3)) -
    u * u8 * (x.drop0 / 9 + (u * x.drop1) / 10)
  );
}

/** The integral of the square of that load from 0 to u, which a motor's copper losses need. */
export function pumpLoadSquareSum(x: Readonly<PumpLoad>, u: number): number {
  const { load0: a0, load1: a1, load2: a2, drop0: b0, drop1: b1 } = x;
  const u2 = u * u;
  const u8 = u2 * u2 * u2 * u2;
  const steady =
    a0 * a0 +
    u * (a0 * a1 + u * ((a1 * a1 + 2 * a0 * a2) / 3 + u * ((a1 * a2) / 2 + (u * a2 * a2) / 5)));
  const mixed =
    (a0 * b0) / 9 +
    u * ((a0 * b1 + a1 * b0) / 10 + u * ((a1 * b1 + a2 * b0) / 11 + (u * a2 * b1) / 12));
  const dropped = (b0 * b0) / 17 + u * ((b0 * b1) / 9 + (u * b1 * b1) / 19);
  return u * (steady - u8 * (2 * mixed - u8 * dropped));
}
