import { FADE_S, type Incident } from '../core/anomaly.ts';
import type { Machine } from '../core/factory.ts';
import { ROW_WIDTH, takenMilliwattHours } from '../core/machine.ts';
import { Cursor } from '../simulation/cursor.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { Incidents } from '../simulation/incidents.ts';
import { CostCount } from '../simulation/truth.ts';

/** The cost of an anomaly inside a window. */
export interface Truth extends Incident {
  readonly excessEnergyKwh: number;
  readonly lostProductionUnits: number;
  /** Whether the machine has recovered inside the window, so that the cost is final. */
  readonly isFinal: boolean;
  /** Its cost by quarter-hours, if they were asked for. */
  readonly excess?: Excess;
}

/** The cost of an anomaly by quarter-hours (UTC), without those in which it cost nothing. */
export interface Excess {
  /** End of the first quarter-hour in which it costs more than 1 % of the usual; or null [s]. */
  readonly firstNoticeableS: number | null;
  /** The ends of the quarter-hours [s]. */
  readonly endsS: readonly number[];
  /** Energy beyond that of the machine without it, of all carriers [mWh]. */
  readonly mwh: readonly number[];
  readonly lostUnits: readonly number[];
}

/** Longest effect of an anomaly after its end: RECOVERY_MAX_S of the simulation, and its fade. */
const AFTERMATH_S = 3 * 86_400 + FADE_S;
/** A quarter-hour [s]. */
const QUARTER_S = 900;
/** Excess energy above this share of what is usual is noticeable. */
const NOTICEABLE_SHARE = 0.01;
const MWH_PER_KWH = 1e6;

/**
 * The answer key of one machine: the anomalies that overlap a window, and earlier ones from which
 * the machine recovers only inside it. Costs are counted inside the window, so that their sum is
 * the difference between the dataset and its twin without anomalies.
 *
 * @param areDetailed - Whether costs are also counted by quarter-hours, all of them in whole
 *   milliwatt-hours of each reading.
 */
export function truthsOf(
  fleet: Fleet,
  machine: Machine,
  fromMs: number,
  toMs: number,
  areDetailed = false,
): Truth[] {
  const fromS = fromMs / 1000;
  const toS = toMs / 1000;
  const incidents = new Incidents(machine, fleet.journal).between(fromS - AFTERMATH_S, toS);
  return incidents.flatMap((incident) => {
    const count = new CostCount(fleet, incident);
    countUntil(count, incident, fromS);
    const before = count.cost;
    if (incident.endS <= fromS && before.hasRecovered) return [];
    const excess = areDetailed ? excessOf(fleet, machine, incident, count, fromS, toS) : undefined;
    countUntil(count, incident, toS);
    const { excessEnergyKwh: energyKwh, lostProductionUnits: units, hasRecovered } = count.cost;
    const excessEnergyKwh = excess
      ? excess.mwh.reduce((sum, mwh) => sum + mwh, 0) / MWH_PER_KWH
      : Math.round((energyKwh - before.excessEnergyKwh) * 1e6) / 1e6;
    const lostProductionUnits = units - before.lostProductionUnits;
    if (incident.endS <= fromS && excessEnergyKwh === 0 && lostProductionUnits === 0) return [];
    const cost = { excessEnergyKwh, lostProductionUnits, isFinal: hasRecovered };
    return { ...incident, ...cost, ...(excess && { excess }) };
  });
}

function countUntil(count: CostCount, incident: Incident, untilS: number): void {
  count.advance(incident, untilS, Number.POSITIVE_INFINITY);
}

/** Continues a count, which is at the beginning of a window, quarter-hour by quarter-hour. */
function excessOf(
  fleet: Fleet,
  machine: Machine,
  incident: Incident,
  count: CostCount,
  fromS: number,
  toS: number,
): Excess {
  const endsS: number[] = [];
  const mwh: number[] = [];
  const lostUnits: number[] = [];
  let firstNoticeableS: number | null = null;
  const beginS = Math.max(incident.startS, fromS);
  let endS = (Math.floor(beginS / QUARTER_S) + 1) * QUARTER_S;
  for (; endS - QUARTER_S < toS; endS += QUARTER_S) {
    const { actual, healthy } = count.milliwattHours;
    const { lostProductionUnits } = count.cost;
    countUntil(count, incident, Math.min(endS, toS));
    const after = count.milliwattHours;
    const usual = after.healthy - healthy;
    const excess = after.actual - actual - usual;
    const units = count.cost.lostProductionUnits - lostProductionUnits;
    if (excess !== 0 || units !== 0) {
      endsS.push(endS);
      mwh.push(excess);
      lostUnits.push(units);
    }
    const [quarterS, lastS] = [Math.max(endS - QUARTER_S, fromS), Math.min(endS, toS)];
    // What was counted may be a part of the quarter-hour; all of it takes more.
    if (
      firstNoticeableS === null &&
      excess > NOTICEABLE_SHARE * usual &&
      excess > NOTICEABLE_SHARE * usualMwh(fleet, machine, incident, quarterS, lastS)
    )
      firstNoticeableS = endS;
    if (count.cost.isFinal) break;
  }
  return { firstNoticeableS, endsS, mwh, lostUnits };
}

/** What a machine takes in a span without an anomaly [mWh]. */
function usualMwh(
  { journal }: Fleet,
  machine: Machine,
  { id }: Incident,
  fromS: number,
  toS: number,
): number {
  const row = new Float64Array(ROW_WIDTH);
  const cursor = new Cursor(machine, journal, id);
  const { intervalMs, type } = machine;
  cursor.seek(1000 * fromS, row);
  let sum = 0;
  const last = Math.floor((1000 * toS) / intervalMs);
  for (let i = Math.floor((1000 * fromS) / intervalMs) + 1; i <= last; i++) {
    const tS = (i * intervalMs) / 1000;
    if (!cursor.follow(tS)) continue;
    cursor.read(tS, row, 0);
    sum += takenMilliwattHours(type, row, 0);
  }
  return sum;
}
