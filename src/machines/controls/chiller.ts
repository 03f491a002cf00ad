import type { Values } from '../../core/machine.ts';
import type { Random } from '../../core/random.ts';
import { clamp } from '../../physics/heat.ts';

/** The controller decides anew at every multiple of this. */
export const WINDOW_S = 600;
/** A stage that starts or stops leaves it at that for so long. */
const STAGE_LEAST_S = 120;
/** Every 72nd window, at 03:00 and 15:00 UTC, brings the loop to its set point exactly. */
const TRIM_WINDOWS = 72;
const TRIM_WINDOW = 18;
/** A trimmed loop has forgotten any start from up to so much above its set point [K]. */
const TRIM_K = 0.5;

/** Heat that the water of the loop and its buffer hold [kJ/K for each kW of rated cooling]. */
export const LOOP_KJ_PER_K = 150;

const STAGE_LOSS = 80;

type State = Values<
  'windowEndS' | 'onEndS' | 'fullStages' | 'stageKw' | 'loopTempC' | 'loopGainKw'
>;
type Parameters = Values<'refKw' | 'waterSetpointTempC' | 'stageLossShare' | 'secondLossShare'>;

/** Whether the window of that number is one of those that trim the loop. */
export function isTrimWindow(index: number): boolean {
  return index % TRIM_WINDOWS === TRIM_WINDOW;
}

/** Stages for the whole window and for its first part; whether any loop would end at set point. */
export function stagePlan(
  s: State,
  p: Parameters,
  tS: number,
  ready: number,
  isTrim: boolean,
): boolean {
  const lengthS = s.windowEndS - tS;
  const loopKjPerK = LOOP_KJ_PER_K * p.refKw;
  const dutyKw = s.loopGainKw + (loopKjPerK * (s.loopTempC - p.waterSetpointTempC)) / lengthS;
  const stages = clamp(dutyKw / s.stageKw, 0, ready);
  s.fullStages = Math.floor(stages);
  let onS = (stages - s.fullStages) * lengthS;
  if (!isTrim) onS = onS < STAGE_LEAST_S ? 0 : Math.min(onS, lengthS - STAGE_LEAST_S);
  s.onEndS = tS + onS;
  const spareKw = ready * s.stageKw - dutyKw;
  return isTrim && dutyKw > 0 && spareKw > (TRIM_K * loopKjPerK) / lengthS;
}

/** Stages that do not start in a window because of a fault. */
export function stagesLost(p: Parameters, random: Random, index: number): number {
  if (p.stageLossShare === 0) return 0;
  const chance = random.uniform(STAGE_LOSS, index);
  return (chance < p.stageLossShare ? 1 : 0) + (chance < p.secondLossShare ? 1 : 0);
}
