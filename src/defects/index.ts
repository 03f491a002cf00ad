import type { Defect } from '../core/defect.ts';
import { clockDrift } from './clock-drift.ts';
import { clockOffset } from './clock-offset.ts';
import { coarse } from './coarse.ts';
import { ctRatio } from './ct-ratio.ts';
import { ctReversed } from './ct-reversed.ts';
import { ctSwapped } from './ct-swapped.ts';
import { disorder } from './disorder.ts';
import { drift } from './drift.ts';
import { duplicate } from './duplicate.ts';
import { exchange } from './exchange.ts';
import { gap } from './gap.ts';
import { late } from './late.ts';
import { localTime } from './local-time.ts';
import { missing } from './missing.ts';
import { noise } from './noise.ts';
import { offset } from './offset.ts';
import { outage } from './outage.ts';
import { phaseLost } from './phase-lost.ts';
import { reset } from './reset.ts';
import { rollover } from './rollover.ts';
import { saturated } from './saturated.ts';
import { scale } from './scale.ts';
import { sentinel } from './sentinel.ts';
import { spikes } from './spikes.ts';
import { stuck } from './stuck.ts';

/**
 * Every kind of instrument defect; its position is its bit in labels. To add one: write its file
 * and append its line here.
 */
export const defects: readonly Defect[] = [
  stuck,
  drift,
  offset,
  scale,
  spikes,
  noise,
  sentinel,
  missing,
  saturated,
  coarse,
  ctReversed,
  ctRatio,
  phaseLost,
  ctSwapped,
  rollover,
  reset,
  exchange,
  clockOffset,
  clockDrift,
  localTime,
  gap,
  outage,
  late,
  duplicate,
  disorder,
];

/** A kind of defect by its name. */
export function defectNamed(kind: string): Defect | undefined {
  return defects.find((defect) => defect.kind === kind);
}
