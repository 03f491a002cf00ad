import { untilMaintenanceS, type Values } from '../../core/machine.ts';
import type { Random } from '../../core/random.ts';
import type { Site } from '../../core/site.ts';
import { clamp } from '../../physics/heat.ts';

/** States of the unit: its cycle in this order, then running up, and off in maintenance. */
export const STANDBY = 0;
export const BUILD = 1;
export const HOLD = 2;
export const RELEASE = 3;
export const STARTING = 4;
export const OFF = 5;

/** Production is planned in blocks of this length; no cycle extends beyond one. */
export const BLOCK_S = 900;
/** Time a soft starter needs to bring the motor to speed. */
export const SOFT_START_S = 10;
/** Cycle numbers within a block are below this. */
const BLOCK_CYCLES = 64;
/** Number of blocks with the same recipe. */
const RECIPE_BLOCKS = 8;
/** Working pressures of recipes are multiples of this [bar]. */
const RECIPE_STEP_BAR = 10;
/** Largest deviation of a cycle from its usual length. */
const JITTER_SHARE = 0.04;
/** Shortest hold and shortest standby. */
const SHORTEST_S = 1;
/** A part is bad if pressure falls below this share of the working pressure. */
export const GOOD_SHARE = 0.95;
/**
 * Hotter oil is thinner and leaks more: share per kelvin above 50 °C, and limits of the factor.
 */
const LEAK_PER_K = 0.025;
const LEAK_FACTORS = [0.2, 2] as const;

const DEMAND = 0;
const CYCLES = 60;
const OFFSET = 62;
const LENGTH = 63;
const RECIPE = 64;
const QUALITY = 70;

type State = Values<
  | ('phase' | 'phaseS' | 'phaseEndS' | 'heldShare' | 'isBad' | 'onS')
  | ('block' | 'blockEndS' | 'cycles' | 'cycle' | 'firstS' | 'pitchS' | 'stretch' | 'recipeBar')
  | ('hallTempC' | 'oilTempC' | 'thinning')
>;
type Parameters = Values<
  | ('setBar' | 'roomS' | 'recipeMinShare' | 'recipeMaxShare' | 'longBuildS' | 'holdS')
  | ('releaseS' | 'defectShare' | 'maintenanceFromS' | 'maintenanceUntilS')
>;

/**
 * Draws the plan of the block that contains an instant, or of what maintenance leaves of it. A
 * unit that is switched on within a block joins the plan with the next cycle.
 */
export function planBlock(s: State, p: Parameters, site: Site, random: Random, tS: number): void {
  const block = Math.floor(tS / BLOCK_S);
  const blockS = block * BLOCK_S;
  const isServiced = tS >= p.maintenanceFromS;
  const isOn = s.phase !== OFF;
  const { load, hallTempC } = site.at(blockS);
  s.block = block;
  s.blockEndS = untilMaintenanceS(p, tS, blockS + BLOCK_S);
  s.cycles = isServiced ? 0 : plannedCycles(p, load, random, block);
  s.pitchS = BLOCK_S / Math.max(1, s.cycles);
  s.firstS = blockS + (s.pitchS - p.roomS) * random.uniform(OFFSET, block);
  while (s.cycles > 0 && s.firstS + (s.cycles - 1) * s.pitchS + p.roomS > s.blockEndS) s.cycles--;
  const draw = random.uniform(RECIPE, Math.floor(block / RECIPE_BLOCKS));
  const share = p.recipeMinShare + (p.recipeMaxShare - p.recipeMinShare) * draw;
  s.recipeBar = RECIPE_STEP_BAR * Math.floor((p.setBar * share) / RECIPE_STEP_BAR + 0.5);
  s.hallTempC = hallTempC;
  s.thinning = clamp(1 + LEAK_PER_K * (s.oilTempC - 50), ...LEAK_FACTORS);
  if (!isOn) s.onS = tS;
  const readyS = isOn ? tS : tS + SOFT_START_S;
  s.cycle = Math.max(0, Math.ceil((readyS - s.firstS) / s.pitchS));
  s.phaseS = tS;
  s.phase = isServiced ? OFF : isOn ? STANDBY : STARTING;
  s.phaseEndS = isServiced ? s.blockEndS : isOn ? standbyEndS(s) : Math.min(readyS, s.blockEndS);
  if (isServiced) s.heldShare = 1;
}

/** Number of cycles in a block, for the load at its start. */
export function plannedCycles(
  p: Values<'roomS'>,
  load: number,
  random: Random,
  block: number,
): number {
  const mostCycles = Math.min(BLOCK_CYCLES, Math.floor(BLOCK_S / p.roomS));
  const wave = Math.max(0, 1 + 0.06 * random.smooth(DEMAND, 2400, block * BLOCK_S));
  const asked = mostCycles * load * wave + random.uniform(CYCLES, block);
  return Math.min(mostCycles, Math.floor(asked));
}

/** The start of the next cycle, or the end of the block. */
function standbyEndS(s: Readonly<State>): number {
  return s.cycle < s.cycles ? s.firstS + s.cycle * s.pitchS : s.blockEndS;
}

/**
 * Enters the phase after the one that just ended. If a fault that came after the plan makes the
 * build too long for the time allotted to the cycle, build and hold are cut short.
 */
export function beginPhase(s: State, p: Parameters, random: Random, tS: number): void {
  const item = s.block * BLOCK_CYCLES + s.cycle;
  const roomEndS = Math.min(s.firstS + (s.cycle + 1) * s.pitchS, s.blockEndS);
  s.phaseS = tS;
  if (s.phase === STANDBY) {
    s.phase = BUILD;
    s.stretch = 1 + JITTER_SHARE * (2 * random.uniform(LENGTH, item) - 1);
    const latestS = roomEndS - p.releaseS * s.stretch - 2 * SHORTEST_S;
    s.phaseEndS = Math.min(tS + p.longBuildS * s.stretch, latestS);
  } else if (s.phase === BUILD) {
    s.phase = HOLD;
    s.heldShare = 1;
    const latestS = roomEndS - p.releaseS * s.stretch - SHORTEST_S;
    s.phaseEndS = Math.min(tS + p.holdS * s.stretch, latestS);
  } else if (s.phase === HOLD) {
    s.phase = RELEASE;
    const isBad = s.heldShare < GOOD_SHARE || random.uniform(QUALITY, item) < p.defectShare;
    s.isBad = isBad ? 1 : 0;
    s.phaseEndS = tS + p.releaseS * s.stretch;
  } else {
    if (s.phase === RELEASE) s.cycle++;
    s.phase = STANDBY;
    s.phaseEndS = standbyEndS(s);
  }
}
