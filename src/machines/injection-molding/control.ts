import { untilMaintenanceS, type Values } from '../../core/machine.ts';
import type { Random } from '../../core/random.ts';
import type { Site } from '../../core/site.ts';
import { clamp, FORGETTING_TAUS, onGrid } from '../../physics/heat.ts';

/** What the machine does during a segment. */
export const CYCLE = 0;
export const STANDBY = 1;
export const WARM_UP = 2;
export const SERVICED = 3;

/** Production is planned in blocks of this length. */
export const BLOCK_S = 1800;
/** Time constant of the controlled barrel, as far as the heaters can follow. */
export const BARREL_TAU_S = 480;
/** Tolerance for the rounding of seconds since the epoch, so that no cycle loses its place. */
const TOLERANCE_S = 1e-6;
/** A cycle is stretched by up to this share to fill its block. */
const STRETCH_MAX = 0.05;
/** Production begins when the barrel is within this of its set point. */
const WARM_K = 5;
/** Scrap grows by this share per kelvin of melt more than five below its set point. */
const COLD_SCRAP_PER_K = 0.03;
/** After a stop longer than this, the first shots are more often scrap than not. */
export const LONG_STOP_S = 1200;
/**
 * During a planned pause the screw keeps the melt fresh for this time, so no pause between the
 * cycles of two blocks counts as a long stop. Otherwise one part in seven would be bad every
 * weekend.
 */
const KEPT_FRESH_S = BLOCK_S - LONG_STOP_S;
const SUSPECT_SHOTS = 3;
const SUSPECT_SHARE = 0.5;
const SCRAP_MAX_SHARE = 0.9;
/** Parts of a block are numbered from the block number times this. */
const PARTS_MAX = 4096;
/** Quality is evaluated every hour; fewer parts are not significant. */
const JUDGED_BLOCKS = 2;
const JUDGED_LEAST = 25;

const PLAN = 0;
const VISCOSITY = 1;
const ROUNDING = 62;
const QUALITY = 70;

type State = Values<
  | ('block' | 'blockEndS' | 'planned' | 'made' | 'judged' | 'spoilt')
  | ('scrapShare' | 'stretchShare')
  | ('activity' | 'cycleStartS' | 'cycleEndS' | 'pitchS' | 'partS' | 'isBad' | 'shotKw')
  | ('suspectShots' | 'stoppedS' | 'warmS' | 'isSettled')
  | ('barrelTempC' | 'indoorTempC' | 'viscosityFactor')
>;
type Parameters = Values<
  | ('cycleS' | 'effectivenessShare' | 'scrapShare' | 'shotKj' | 'meltTempC' | 'barrelSetTempC')
  | ('maintenanceFromS' | 'maintenanceUntilS')
>;

/** Plans a block, or what maintenance leaves of it. */
export function beginBlock(s: State, p: Parameters, site: Site, random: Random, tS: number): void {
  const { load, hallTempC } = site.at(tS);
  if (tS - s.warmS >= FORGETTING_TAUS * BARREL_TAU_S) s.isSettled = 1;
  s.block = Math.floor(tS / BLOCK_S);
  s.judged += s.made;
  if (s.block % JUDGED_BLOCKS === 0) {
    s.scrapShare = s.judged >= JUDGED_LEAST ? s.spoilt / s.judged : 0;
    s.judged = 0;
    s.spoilt = 0;
  }
  s.blockEndS = untilMaintenanceS(p, tS, (s.block + 1) * BLOCK_S);
  s.barrelTempC = onGrid(s.barrelTempC);
  s.indoorTempC = hallTempC + 2;
  s.planned = plannedCycles(p, load, random, tS);
  s.made = 0;
  s.viscosityFactor = 1 + clamp(0.02 * random.smooth(VISCOSITY, 7200, tS), -0.06, 0.06);
  s.stretchShare = clamp(BLOCK_S / (Math.max(1, s.planned) * p.cycleS) - 1, 0, STRETCH_MAX);
}

/** Number of cycles in the block that begins at an instant. */
export function plannedCycles(
  p: Values<'cycleS' | 'effectivenessShare'>,
  load: number,
  random: Random,
  tS: number,
): number {
  const cyclesMost = Math.floor((BLOCK_S + TOLERANCE_S) / p.cycleS);
  const variation = 1 + 0.05 * random.smooth(PLAN, 5400, tS);
  const wanted = cyclesMost * load * p.effectivenessShare * variation;
  const chance = random.uniform(ROUNDING, Math.floor(tS / BLOCK_S));
  return Math.min(cyclesMost, Math.floor(wanted + chance));
}

/** Begins a cycle if the barrel is warm, one is planned and it fits into the block. */
export function beginCycle(s: State, p: Parameters, random: Random, tS: number): void {
  const wasCycling = s.activity === CYCLE;
  const isServiced = tS >= p.maintenanceFromS;
  if (isServiced) s.warmS = Number.POSITIVE_INFINITY;
  else if (s.warmS > tS && p.barrelSetTempC - s.barrelTempC <= WARM_K) s.warmS = tS;
  const isWarm = s.warmS <= tS;
  if (!isWarm || s.made >= s.planned || tS + p.cycleS > s.blockEndS + TOLERANCE_S) {
    if (wasCycling) s.stoppedS = isServiced ? tS : tS + KEPT_FRESH_S;
    s.activity = isServiced ? SERVICED : isWarm ? STANDBY : WARM_UP;
    return;
  }
  if (!wasCycling && tS - s.stoppedS > LONG_STOP_S) s.suspectShots = SUSPECT_SHOTS;
  s.activity = CYCLE;
  s.cycleStartS = tS;
  s.pitchS = p.cycleS * (1 + s.stretchShare);
  s.partS = Math.min(s.blockEndS, tS + p.cycleS);
  s.cycleEndS = Math.min(s.blockEndS, tS + s.pitchS);
  s.shotKw = p.shotKj / s.pitchS;

  const coldK = Math.max(0, p.meltTempC - WARM_K - s.barrelTempC);
  const suspectShare = s.suspectShots > 0 ? SUSPECT_SHARE : 0;
  const badShare = p.scrapShare + COLD_SCRAP_PER_K * coldK + suspectShare;
  const chance = random.uniform(QUALITY, s.block * PARTS_MAX + s.made);
  s.isBad = chance < Math.min(SCRAP_MAX_SHARE, badShare) ? 1 : 0;
  if (s.suspectShots > 0) s.suspectShots--;
  s.made++;
  s.spoilt += s.isBad;
}
