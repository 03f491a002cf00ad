import type { Values } from '../../core/machine.ts';
import type { Random } from '../../core/random.ts';
import type { Site } from '../../core/site.ts';
import { ATMOSPHERE_BAR, SPEED_POWER, THROTTLED_POWER } from '../../physics/air.ts';
import { STAR_DELTA_S } from '../../physics/electricity.ts';
import { clamp } from '../../physics/heat.ts';
import { type Course, fillingS, regulatedFlowShare } from '../../physics/receiver.ts';

/** States of the compressor. Delivery begins in `LOADED`, when the intake has opened. */
export const LOADING = 0;
export const LOADED = 1;
export const UNLOADED = 2;
export const STANDBY = 3;
/** The daily capacity check: at cut-out, held there with just the flow that is drawn. */
export const HOLDING = 4;
/** The motor accelerates; then it idles until it may load. */
export const STARTING = 5;
export const IDLING = 6;
/** In maintenance: the motor is off and the receiver closed. */
export const SERVICED = 7;

/** Kinds of control: the indexes of the parameter `control`. */
export const VARIABLE_SPEED = 1;
export const MODULATION = 2;

/** Gauge pressure for which ratings apply. */
export const REFERENCE_BAR = 7;
/** Absolute pressure for which ratings apply. */
export const REFERENCE_ABSOLUTE_BAR = REFERENCE_BAR + ATMOSPHERE_BAR;
/** Local second of the day at which the capacity check begins, and its length. */
export const CHECK_AT_S = 3 * 3600;
export const CHECK_S = 300;
/** When a check begins, no compressor's pressure is below this, except after an overload. */
const LOWEST_BEFORE_CHECK_BAR = 5.8;
/** How long before the check a reader starts if it does not know the pressure. */
export const LEAD_S = 1800;
/** Idling time after a start; unloaded time before a maintenance. */
const IDLING_S = 10;
const SOFT_STOP_S = 30;
/** A variable-speed drive keeps the pressure within this of its set point. */
const REGULATION_BAR = 0.05;

const REGULATION = 4;

type State = Course &
  Values<
    | ('segmentS' | 'phase' | 'phaseS' | 'capacityShare' | 'partShare' | 'partPerBar' | 'decay')
    | ('checkS' | 'checkDemandShare' | 'isSettled' | 'deliveredM3')
  >;
type Parameters = Values<
  | ('control' | 'cutInBar' | 'topBar' | 'holdBar' | 'leastSpeedShare' | 'fillBarPerS')
  | ('throttleFromBar' | 'throttleBandBar' | 'throttleLeastShare' | 'loadDelayS' | 'autoStopS')
  | ('maintenanceFromS' | 'maintenanceUntilS')
>;

/** The phase of a segment, given the phase of the previous segment. */
export function phaseAt(
  s: Readonly<State>,
  p: Parameters,
  tS: number,
  isChecking: boolean,
  drawnShare: number,
): number {
  const { phase } = s;
  const inPhaseS = tS - s.phaseS;
  if (tS >= p.maintenanceFromS && tS < p.maintenanceUntilS) return SERVICED;
  if (tS >= p.maintenanceFromS - SOFT_STOP_S) return phase === STANDBY ? STANDBY : UNLOADED;
  const isToLoad = s.startBar <= p.cutInBar || isChecking;
  switch (phase) {
    case SERVICED:
      return STARTING;
    case STARTING:
      return inPhaseS >= STAR_DELTA_S ? IDLING : STARTING;
    case IDLING:
      if (inPhaseS >= IDLING_S && isToLoad) return LOADING;
      return inPhaseS >= p.autoStopS ? STANDBY : IDLING;
    case STANDBY:
      return isToLoad ? STARTING : STANDBY;
    case UNLOADED:
      if (isToLoad) return LOADING;
      return inPhaseS >= p.autoStopS ? STANDBY : UNLOADED;
    case LOADING:
      return inPhaseS >= p.loadDelayS ? LOADED : LOADING;
    case HOLDING:
      if (!isChecking) return p.control === 0 ? UNLOADED : LOADED;
      return drawnShare > s.capacityShare ? LOADED : HOLDING;
    default: {
      if (s.startBar < p.topBar) return LOADED;
      if (!isChecking) return UNLOADED;
      return drawnShare > s.capacityShare ? LOADED : HOLDING;
    }
  }
}

/** Sets the flow into the receiver in the segment, and the power it takes. */
export function setFlow(
  s: State,
  p: Parameters,
  random: Random,
  drawPerBar: number,
  drawnShare: number,
  isChecking: boolean,
  endS: number,
): void {
  s.flowPerBar = 0;
  s.flowShare = s.phase === LOADED ? s.capacityShare : s.phase === HOLDING ? drawnShare : 0;
  if (s.flowShare === 0) return;
  const isRegulated = s.phase === LOADED && !isChecking;
  if (isRegulated && p.control === MODULATION) {
    const overBar = s.startBar - p.throttleFromBar;
    if (overBar > 0 || (overBar === 0 && s.capacityShare > drawnShare)) {
      s.flowPerBar = (-s.capacityShare * (1 - p.throttleLeastShare)) / p.throttleBandBar;
      s.flowShare -= s.flowPerBar * p.throttleFromBar;
    }
  } else if (isRegulated && p.control === VARIABLE_SPEED) {
    const swing = clamp(random.smooth(REGULATION, 60, s.segmentS) / 3, -1, 1);
    const wantedBar = p.holdBar + REGULATION_BAR * swing;
    const inS = endS - s.segmentS;
    const flowShare = regulatedFlowShare(s.startBar, wantedBar, drawPerBar, p.fillBarPerS, inS);
    s.flowShare = clamp(flowShare, p.leastSpeedShare * s.capacityShare, s.capacityShare);
  }
  const { base, perFlow } = p.control === VARIABLE_SPEED ? SPEED_POWER : THROTTLED_POWER;
  s.partShare = base + (perFlow * s.flowShare) / s.capacityShare;
  s.partPerBar = (perFlow * s.flowPerBar) / s.capacityShare;
}

/** Speed of the motor relative to the rated one. */
export function speedShare(s: Readonly<State>, p: Parameters, tS: number): number {
  if (s.phase === STANDBY || s.phase === SERVICED) return 0;
  const isByDrive = p.control === VARIABLE_SPEED;
  const slowShare = isByDrive ? p.leastSpeedShare : 1;
  if (s.phase === STARTING) return slowShare * Math.min(1, (tS - s.phaseS) / STAR_DELTA_S);
  return isByDrive && s.flowShare > 0 ? s.flowShare / s.capacityShare : slowShare;
}

/** Records at the end of a check whether all histories have met in it. */
export function endCheck(s: State, p: Parameters, site: Site, tS: number): void {
  const fromBar = Math.min(LOWEST_BEFORE_CHECK_BAR, p.cutInBar - 0.8);
  const drawPerBar = s.checkDemandShare / REFERENCE_ABSOLUTE_BAR;
  const reachS = fillingS(fromBar, p.topBar, s.capacityShare, drawPerBar, p.fillBarPerS);
  if (s.phase === HOLDING && reachS < CHECK_S - STAR_DELTA_S - IDLING_S - p.loadDelayS)
    s.isSettled = 1;
  s.checkS = nextCheckS(site, tS);
  s.checkDemandShare = 0;
  s.deliveredM3 = 0;
}

/** The first check that begins after an instant. */
export function nextCheckS(site: Site, tS: number): number {
  const nextS = site.lastLocalTimeS(tS + 26 * 3600, CHECK_AT_S);
  const soonerS = site.lastLocalTimeS(nextS - 3600, CHECK_AT_S);
  return soonerS > tS ? soonerS : nextS;
}
