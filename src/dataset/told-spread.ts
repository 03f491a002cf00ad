import type { Machine, ToldDefect } from '../core/factory.ts';
import { defectNamed } from '../defects/index.ts';

const DAY_S = 86_400;
/** Look-ups begin with so much on both sides of a window: a clock off by a week, and a zone [s]. */
const REACH_MIN_S = 8 * DAY_S;

/**
 * By how much told times of readings in or near a window differ from the true ones at most [ms]; 0
 * where no defect of a clock acts.
 */
export function toldSpreadMs(machines: readonly Machine[], fromMs: number, toMs: number): number {
  let reachS = REACH_MIN_S;
  for (;;) {
    const spreadS = machines.reduce(
      (most, machine) => Math.max(most, spreadOf(machine, fromMs / 1000, toMs / 1000, reachS)),
      0,
    );
    if (spreadS <= reachS) return 1000 * spreadS;
    // Several clocks that are off add up.
    reachS = spreadS;
  }
}

function spreadOf({ story }: Machine, fromS: number, toS: number, reachS: number): number {
  if (!story?.hasDefects) return 0;
  const told = story.defects(fromS - reachS, toS + reachS);
  return told.reduce((sum, each) => sum + aheadMaxS(each, fromS - reachS, toS + reachS), 0);
}

/** How far a defect sets a clock off within a span: at its ends, or when a zone changes clocks. */
function aheadMaxS({ occurrence }: ToldDefect, fromS: number, toS: number): number {
  const { kind, values, beginS, endS } = occurrence;
  const defect = defectNamed(kind);
  if (defect?.class !== 'time') return 0;
  const lastS = Math.min(toS, endS);
  let most = 0;
  for (let tS = Math.max(fromS, beginS); ; tS = Math.min(tS + DAY_S, lastS)) {
    const acting = { values, beginS, endS, growth: 1, ageS: tS - beginS };
    most = Math.max(most, Math.abs(defect.aheadS(tS, acting)));
    if (tS >= lastS) return most;
  }
}
