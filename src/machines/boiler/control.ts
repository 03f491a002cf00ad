import type { Values } from '../../core/machine.ts';
import type { Random } from '../../core/random.ts';
import type { Site } from '../../core/site.ts';
import { clamp, lag } from '../../physics/heat.ts';

/**
 * States of the burner. `LIGHT_OFF` and `HEATING` bring the water of an idle boiler to pressure;
 * `OFF`: in maintenance.
 */
export const PURGE = 0;
export const HEATING = 1;
export const FIRING = 2;
export const LIGHT_OFF = 3;
export const OFF = 4;
const STANDBY = 5;

/** The decision to modulate or to cycle lasts this long. */
export const WINDOW_S = 900;
/** The burner controller acts at every multiple of this. */
export const SLOT_S = 30;
/** Shortest off-time: for less, the burner stays on at its lowest load. */
const OFF_LEAST_S = 60;
/**
 * Time the boiler is purged with air before the burner may be lit; EN 746-2 requires five air
 * changes.
 */
export const PURGE_S = 40;
/** Steam is counted per day. */
export const DAY_S = 86_400;
/** Time the flame is monitored at the lowest load before the load may rise. */
export const LIGHT_OFF_S = 10;
/** Amplitude of the pressure while the burner cycles [bar]. */
const CYCLE_BAR = 0.5;
/** From the third window after heat-up on, nothing depends on how the heat-up went. */
export const SETTLED_WINDOWS = 3;
/** Lowest load, as a share of the rated one. */
const LOAD_MIN = 0.05;
/** Highest load of burner and feedwater pump, as a share of the rated one. */
export const LOAD_MAX = 1.05;

/**
 * Temperature towards which an idle boiler cools, maintained by feedwater, and its time constant.
 */
export const FEEDWATER_TEMP_C = 105;
const COOLING_TAU_S = 86_400;

const DEMAND_SLOW = 0;
const DEMAND_FAST = 1;

type Window = Values<'windowS' | 'windowEndS' | 'fireEndS'>;
type State = Values<
  | ('phase' | 'lightS' | 'readyS' | 'offS' | 'offTempC' | 'slotEndS')
  | ('windowS' | 'windowEndS' | 'fireEndS' | 'isCycling' | 'windowsRun')
>;
type Parameters = Values<
  | ('baseShare' | 'productionShare' | 'heatingSharePerK' | 'heatingTempC' | 'leakShare')
  | ('turndownShare' | 'maintenanceFromS' | 'heatKw' | 'steamKjKg')
>;

/** Water temperature while the boiler is off [°C]. */
export function offTempC(s: Readonly<Values<'offS' | 'offTempC'>>, tS: number): number {
  return lag(s.offTempC, FEEDWATER_TEMP_C, COOLING_TAU_S, tS - s.offS);
}

/** Prepares the start of an idle boiler, beginning with a purge. */
export function lightUp(s: State, p: Values<'setTempC' | 'heatUpS'>, tS: number): void {
  s.lightS = tS + PURGE_S;
  const coldShare = (p.setTempC - offTempC(s, s.lightS)) / (p.setTempC - FEEDWATER_TEMP_C);
  s.readyS = s.lightS + LIGHT_OFF_S + p.heatUpS * Math.max(0, coldShare);
}

/** Steam demand, as a share of the rated flow: production, heating, the network, and leaks. */
export function demandShare(p: Parameters, site: Site, random: Random, tS: number): number {
  const { load, outdoorTempC } = site.at(tS);
  const wave =
    1 + 0.08 * random.smooth(DEMAND_SLOW, 1800, tS) + 0.05 * random.smooth(DEMAND_FAST, 240, tS);
  const heatingShare = p.heatingSharePerK * Math.max(0, p.heatingTempC - outdoorTempC);
  const networkShare = site.demand(tS) / capacityKgH(p);
  const share = p.baseShare + p.productionShare * load * wave + heatingShare + networkShare;
  return Math.max(LOAD_MIN, share) + p.leakShare;
}

/** The most steam that a boiler delivers [kg/h]. */
function capacityKgH({ heatKw, steamKjKg }: Values<'heatKw' | 'steamKjKg'>): number {
  return (3600 * heatKw) / steamKjKg;
}

/** How a boiler supplies a network; {@link planWindow} decides what it actually delivers. */
export const STEAM_SUPPLY = {
  network: 'steam',
  capacity: capacityKgH,
  deliveredShare({ turndownShare }: Values<'turndownShare'>, requestedShare: number): number {
    const isKeptLit =
      requestedShare < turndownShare &&
      requestedShare > turndownShare * (1 - OFF_LEAST_S / WINDOW_S);
    return isKeptLit ? turndownShare : clamp(requestedShare, LOAD_MIN, LOAD_MAX);
  },
  instead: { baseShare: 0, productionShare: 0, heatingSharePerK: 0, huntShare: 0 },
} as const;

/**
 * Decides whether the burner modulates or cycles in the window of an instant, or in what
 * maintenance leaves of it.
 */
export function planWindow(s: State, p: Parameters, site: Site, random: Random, tS: number): void {
  const window = Math.floor(tS / WINDOW_S);
  s.windowsRun = Math.min(SETTLED_WINDOWS, s.windowsRun + 1);
  s.lightS = 0;
  s.readyS = 0;
  // Forgets earlier off-times, so that all histories meet.
  s.offS = 0;
  s.offTempC = 0;
  s.windowS = window * WINDOW_S;
  s.windowEndS = Math.min(s.windowS + WINDOW_S, p.maintenanceFromS);
  const fireS = (WINDOW_S * demandShare(p, site, random, s.windowS)) / p.turndownShare;
  s.isCycling = fireS <= WINDOW_S - OFF_LEAST_S ? 1 : 0;
  s.fireEndS = s.isCycling ? Math.min(s.windowS + fireS, s.windowEndS) : s.windowEndS;
}

/** Ends a segment: counts the steam raised in it, from 0 at each midnight (UTC). */
export function countSteam(
  s: State &
    Values<'segmentS' | 'steamKg' | 'steamKgPerS' | 'badKg' | 'badShare' | 'isSettled' | 'day'>,
  tS: number,
): void {
  const steamKg = s.steamKg + s.steamKgPerS * (tS - s.segmentS);
  const badKg = s.badKg + s.badShare * (Math.floor(steamKg) - Math.floor(s.steamKg));
  s.steamKg = steamKg;
  s.badKg = badKg - Math.floor(badKg);
  const day = Math.floor(tS / DAY_S);
  if (day === s.day) return;
  s.day = day;
  s.steamKg = 0;
  s.badKg = 0.5;
  if (s.windowsRun === SETTLED_WINDOWS) s.isSettled = 1;
}

/** Whether there is a flame. */
export function isBurning({ phase }: Readonly<Pick<State, 'phase'>>): boolean {
  return phase === FIRING || phase === HEATING || phase === LIGHT_OFF;
}

/** The phase at an instant of a window. */
export function phaseAt(s: Readonly<State>, tS: number): number {
  if (tS < s.fireEndS) return FIRING;
  return tS < s.windowEndS - PURGE_S ? STANDBY : PURGE;
}

/** The end of a segment within a window. */
export function segmentEndS(s: Readonly<State>): number {
  if (s.phase === FIRING) return Math.min(s.slotEndS, s.fireEndS);
  const changeS = s.phase === STANDBY ? s.windowEndS - PURGE_S : s.windowEndS;
  return Math.min(s.slotEndS, changeS);
}

/**
 * Deviation of the pressure from its set point while the burner cycles [bar]. The pressure rises
 * while the burner delivers more than is drawn, and falls in proportion to the draw while it is
 * off. So the swing is widest when the burner is on half of the time.
 */
export function cycleSwingBar(s: Readonly<Window>, tS: number): number {
  const { windowS, windowEndS, fireEndS } = s;
  const onShare = (fireEndS - windowS) / WINDOW_S;
  const risen =
    tS <= fireEndS
      ? (tS - windowS) / (fireEndS - windowS)
      : (windowEndS - tS) / (windowEndS - fireEndS);
  return CYCLE_BAR * 4 * onShare * (1 - onShare) * (2 * risen - 1);
}
