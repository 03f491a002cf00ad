import { drawsOf, type Occurrence, type StoryKey } from '../core/occurrence.ts';
import type { Zone } from '../site/zone.ts';
import { type Drawable, extent, resolved } from './draws.ts';
import { later } from './times.ts';

const DAY_S = 86_400;
/** Clocks of a zone differ by so much at most between two dates, unless the zone itself moves. */
const CLOCKS_MAX_S = 3 * 3600;

/** When an event occurs. */
export interface Schedule {
  readonly story: StoryKey;
  readonly event: string;
  readonly zone: Zone;
  /** Begin of occurrence 0, before its jitter [s]. */
  readonly atS: number;
  /** Length of each [s]; undefined: until `untilS`, or for good. */
  readonly duration: Drawable<number> | undefined;
  readonly untilS: number | undefined;
  /** Time from one to the next [s]; undefined: it occurs once. */
  readonly everyS: number | undefined;
  readonly times: number;
  readonly jitterS: number;
  readonly chance: number;
  /** Local weekdays on which it occurs, 0: Sunday. */
  readonly days: ReadonlySet<number> | undefined;
  /** The part of its time in which the story is told. */
  readonly fromS: number;
  readonly endS: number;
}

/** The occurrences that act within a span, by begin. */
export function occurrencesBetween(
  schedule: Schedule,
  fromS: number,
  toS: number,
): readonly Occurrence[] {
  const { atS, everyS, times, jitterS, zone, duration } = schedule;
  const [first, last] = [Math.max(fromS, schedule.fromS), Math.min(toS, schedule.endS)];
  if (last <= first && toS !== fromS) return [];
  if (everyS === undefined) return only(occurrence(schedule, 0), fromS, toS);
  const [, longestS] = duration === undefined ? [0, Number.POSITIVE_INFINITY] : extent(duration);
  const offsetS = zone.offsetS(atS);
  const clocksS = [fromS, toS].map((tS) => Math.abs(zone.offsetS(withinZones(tS)) - offsetS));
  const slackS = jitterS + Math.max(CLOCKS_MAX_S, ...clocksS);
  const from = Math.max(0, Math.ceil((fromS - longestS - slackS - atS) / everyS));
  const to = Math.min(times - 1, Math.floor((toS + slackS - atS) / everyS));
  const found: Occurrence[] = [];
  for (let k = from; k <= to; k++) found.push(...only(occurrence(schedule, k), fromS, toS));
  return found.sort((a, b) => a.beginS - b.beginS || a.index - b.index);
}

/** Zones are asked for years of four digits. */
function withinZones(tS: number): number {
  return Math.max(0, Math.min(tS, 253_370_764_800));
}

function only(each: Occurrence | undefined, fromS: number, toS: number): readonly Occurrence[] {
  return each && each.beginS < toS && each.endS > fromS ? [each] : [];
}

/** One occurrence; undefined if chance, weekday or the story's own end leave it out. */
function occurrence(schedule: Schedule, index: number): Occurrence | undefined {
  const { story, event, zone, atS, everyS = 0, jitterS, chance, days, duration } = schedule;
  const uniform = (what: string) => drawsOf(story, event, what).uniform(0, index);
  if (chance < 1 && uniform('chance') >= chance) return undefined;
  const plannedS = later(zone, atS, index * everyS);
  if (days && !days.has(weekday(plannedS + zone.offsetS(plannedS)))) return undefined;
  const shiftS = jitterS > 0 ? Math.floor((2 * uniform('jitter') - 1) * jitterS) : 0;
  const beginS = plannedS + shiftS;
  const lengthS =
    duration === undefined
      ? Number.POSITIVE_INFINITY
      : Math.floor(resolved(duration, story, event, index, 'duration'));
  const plannedEndS = schedule.untilS ?? beginS + lengthS;
  const endS = Math.min(plannedEndS, schedule.endS);
  const toldS = Math.max(beginS, schedule.fromS);
  if (endS <= toldS) return undefined;
  return { index, beginS: toldS, endS, ...(endS < plannedEndS && { plannedEndS }) };
}

/** The weekday of a wall time, 0: Sunday. */
function weekday(wallS: number): number {
  return (Math.floor(wallS / DAY_S) + 4) % 7;
}
