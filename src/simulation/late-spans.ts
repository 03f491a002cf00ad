import type { Machine } from '../core/factory.ts';
import { type DefectOccurrence, isDraw } from '../core/occurrence.ts';

/** Rows of a machine that may wait for their delivery at an instant. */
export interface LateSpan {
  readonly machine: Machine;
  /** True time: those that wait are later than this [ms]. */
  readonly fromMs: number;
  /** When all of them are delivered, where that is known [ms]. */
  readonly receivedMs?: number;
}

/** The longest that a delivery is late [s]. */
const LATE_MAX_S = 7 * 86_400;

/**
 * Where rows of some machines may wait that are true at an instant or before, and are delivered
 * later: only where a defect of delivery acts, so that other machines need not be looked at.
 */
export function* lateSpans(machines: readonly Machine[], timeMs: number): Generator<LateSpan> {
  const tS = timeMs / 1000;
  for (const machine of machines) {
    if (!machine.story?.hasDefects) continue;
    const late = machine.story
      .defects(tS - LATE_MAX_S, tS)
      .map(({ occurrence }) => occurrence)
      .filter(({ kind }) => LATE_KINDS.has(kind));
    const fromS = earliestS(late, machine, tS);
    if (fromS >= tS) continue;
    const [outage, ...more] = late.filter(({ endS }) => endS >= tS);
    const isHeld = outage?.kind === 'outage' && outage.beginS <= fromS && more.length === 0;
    yield { machine, fromMs: 1000 * fromS, ...(isHeld && { receivedMs: 1000 * outage.endS }) };
  }
}

/** The kinds of defects that deliver a reading later than its time. */
const LATE_KINDS: ReadonlySet<string> = new Set(['outage', 'late', 'duplicate', 'disorder']);

/** Rows later than this may wait at an instant [s]; that instant if none does. */
function earliestS(late: readonly DefectOccurrence[], machine: Machine, tS: number): number {
  const changes = late.flatMap(({ beginS, endS }) => [beginS, endS]);
  const bounds = [tS - LATE_MAX_S, tS, ...changes]
    .filter((boundS) => boundS >= tS - LATE_MAX_S && boundS <= tS)
    .sort((a, b) => a - b);
  for (const [i, toS] of bounds.slice(1).entries()) {
    const fromS = bounds[i] as number;
    const acting = late.filter(({ beginS, endS }) => beginS < toS && endS > fromS);
    // Several delays may add up to this; mostly the longest counts.
    const delayS = acting.reduce((sum, occurrence) => sum + delayOf(occurrence, machine), 0);
    const heldS = acting.map(({ kind, endS }) => (kind === 'outage' ? endS : -Infinity));
    if (Math.max(...heldS) + delayS > tS) return fromS;
    if (toS + delayS > tS && delayS > 0) return Math.max(fromS, tS - delayS);
  }
  return tS;
}

/** The longest delay of a defect, besides the hold of an outage [s]. */
function delayOf({ kind, values }: DefectOccurrence, { intervalMs }: Machine): number {
  if (kind === 'outage') return 0;
  const { delay = kind === 'disorder' ? intervalMs / 1000 : 0 } = values;
  if (!isDraw(delay)) return Number(delay);
  return Math.max(...('between' in delay ? delay.between : delay.oneOf.map(Number)));
}
