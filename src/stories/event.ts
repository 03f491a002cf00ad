import type { Growth } from '../core/anomaly.ts';
import { drawn, drawsOf, isDraw, type StoryKey } from '../core/occurrence.ts';
import type { StoryEvent } from '../core/story.ts';
import { asMapping, type GivenValues, readMapping } from '../schema/composite-type.ts';
import { type Place, shown } from '../schema/diagnostics.ts';
import type { Zone } from '../site/zone.ts';
import { change } from './change.ts';
import { defect } from './defect.ts';
import { extent } from './draws.ts';
import type { EventBody, EventContext, EventReader } from './event-reader.ts';
import { fault } from './fault.ts';
import { CLASSES, EVENT_KEYS, type EventClass } from './keys.ts';
import { occurrencesBetween, type Schedule } from './schedule.ts';
import { stop } from './stop.ts';
import { exists, instantS, type Moment } from './times.ts';

/** Most occurrences of an event that may act at once. */
const DEPTH_MAX = 1000;
/** Length of a fault without one [s]. */
const FAULT_S = 300;

const READERS: Readonly<Record<EventClass, EventReader>> = { fault, defect, change, stop };

type Given = GivenValues<typeof EVENT_KEYS>;

/** An event whose keys have been read, and what it says not yet. */
export interface Draft {
  readonly class: EventClass;
  readonly id: string;
  readonly hasOwnId: boolean;
  readonly given: Given;
  readonly content: unknown;
  readonly schedule: Schedule;
  readonly growth: Growth | undefined;
  readonly place: Place;
}

/** Where a story happens, for reading its events. */
export interface Setting {
  readonly story: StoryKey;
  readonly zone: Zone;
  readonly startS: number | undefined;
  readonly fromS: number;
  readonly untilS: number;
}

/** Reads the keys of an event; undefined if an error leaves nothing usable. */
export function draftOf(
  content: unknown,
  number: number,
  place: Place,
  setting: Setting,
): Draft | undefined {
  const mapping = asMapping(content);
  if (!mapping) return place.notAccepted(content, { expected: `an event with at and ${oneClass}` });
  const given = readMapping(mapping, EVENT_KEYS, place);
  const classes = CLASSES.filter((each) => Object.hasOwn(mapping, each));
  const [name, second] = classes;
  if (!name) return place.error(`has none of ${CLASSES.join(', ')}; it needs one`);
  if (second) return place.at(second).errorAtKey(`does not go with ${name}; an event has one`);
  const id = given.id ?? `event-${number}`;
  const reader = READERS[name];
  const body = given[name];
  const schedule = scheduleOf(given, name, body, reader, id, place, setting);
  const growth = growthOf(given, name, body, reader, schedule, place);
  if (!schedule) return undefined;
  const hasOwnId = given.id !== undefined;
  return { class: name, id, hasOwnId, given, content: body, schedule, growth, place };
}

const oneClass = `one of ${CLASSES.join(', ')}`;

/** When an event occurs; undefined, with an error, if that cannot be said. */
function scheduleOf(
  given: Given,
  name: EventClass,
  content: unknown,
  reader: EventReader,
  id: string,
  place: Place,
  setting: Setting,
): Schedule | undefined {
  const { every, times, jitter = 0, chance = 1, days, until } = given;
  const { story, zone } = setting;
  const isInstant = reader.isInstant?.(content) ?? false;
  const durationMaxS = reader.durationMaxS?.(content);
  const at = given.at === undefined ? undefined : momentOf(given.at, story, id);
  const atS = at && timeOf(at, place.at('at'), setting);
  const untilS = until && timeOf(until, place.at('until'), setting);
  if (until && given.duration !== undefined)
    place.at('until').errorAtKey('does not go with duration; give one of them');
  if (until && every !== undefined)
    place.at('until').errorAtKey('does not go with every; give duration, and times');
  if (isInstant)
    for (const key of ['duration', 'until'] as const)
      if (given[key] !== undefined)
        place.at(key).errorAtKey('is not accepted: this defect happens at an instant, for good');
  if (atS !== undefined && untilS !== undefined && untilS <= atS)
    place.at('until').error('is not after at');
  const usual = name === 'fault' && until === undefined ? FAULT_S : undefined;
  const duration = given.duration ?? usual;
  if (durationMaxS !== undefined) {
    const longestS =
      duration !== undefined
        ? extent(duration)[1]
        : untilS !== undefined && atS !== undefined
          ? untilS - atS
          : undefined;
    if (longestS === undefined && until === undefined)
      place.error(`needs an end: duration or until, at most ${durationMaxS / 86_400} days`);
    else if (longestS !== undefined && longestS > durationMaxS)
      place
        .at(duration === undefined ? 'until' : 'duration')
        .error(`is longer than ${durationMaxS / 86_400} days`);
  }
  if (every === undefined) {
    if (times !== undefined) place.at('times').errorAtKey('goes with every, which is missing');
    if (given.jitter !== undefined)
      place.at('jitter').errorAtKey('goes with every, which is missing');
  } else {
    if (jitter >= every / 2)
      place.at('jitter').error(`is not below half of every, which is ${every} s`);
    const longestS = duration === undefined ? Number.POSITIVE_INFINITY : extent(duration)[1];
    const depth = Math.min(longestS / every, times ?? Number.POSITIVE_INFINITY);
    if (depth > DEPTH_MAX)
      place
        .at('every')
        .error(
          `lets more than ${DEPTH_MAX} occurrences act at once; ` +
            'give a longer every, a shorter duration, or times',
        );
  }
  if (atS === undefined) return undefined;
  return {
    story,
    event: id,
    zone,
    atS: Math.floor(atS),
    duration,
    untilS: untilS === undefined ? undefined : Math.floor(untilS),
    everyS: every,
    times: every === undefined ? 1 : (times ?? Number.POSITIVE_INFINITY),
    jitterS: jitter,
    chance,
    days: days && new Set(days),
    fromS: setting.fromS,
    endS: setting.untilS,
  };
}

function momentOf(at: NonNullable<Given['at']>, story: StoryKey, event: string): Moment {
  if ('is' in at) return at;
  const u = drawsOf(story, event, 'at').uniform(0, 0);
  if ('oneOf' in at) return at.oneOf[Math.floor(u * at.oneOf.length)] as Moment;
  return { is: 'after', lengthS: drawn(at, u) as number };
}

/** The instant of a moment [s]; undefined, with an error, if it has none. */
export function timeOf(
  moment: Moment,
  place: Place,
  { zone, startS }: Pick<Setting, 'zone' | 'startS'>,
): number | undefined {
  if (moment.is === 'after' && startS === undefined)
    return place.error('is relative, and the scenario has no start; give start, or an instant');
  if (moment.is === 'local' && !exists(zone, moment))
    return place.error(`does not exist in ${zone.name}: clocks skip it`);
  return instantS(moment, zone, startS ?? Number.NaN);
}

function growthOf(
  given: Given,
  name: EventClass,
  content: unknown,
  { grows }: EventReader,
  schedule: Schedule | undefined,
  place: Place,
): Growth | undefined {
  const keys = (['ramp', 'curve', 'fade'] as const).filter((key) => given[key] !== undefined);
  if (keys.length === 0) return undefined;
  if (!grows?.(content)) {
    const what = name === 'defect' ? shown(asMapping(content)?.['kind']) : `a ${name}`;
    for (const key of keys)
      place
        .at(key)
        .errorAtKey(`is not accepted for ${what}; it goes with fault, offset, scale and noise`);
    return undefined;
  }
  const { ramp, curve = 'linear', fade } = given;
  if (given.curve !== undefined && ramp === undefined)
    place.at('curve').errorAtKey('goes with ramp, which is missing');
  if (schedule) {
    const { duration, untilS, atS } = schedule;
    const shortestS =
      duration !== undefined
        ? extent(duration)[0]
        : untilS !== undefined
          ? untilS - atS
          : Number.POSITIVE_INFINITY;
    if (fade !== undefined && shortestS === Number.POSITIVE_INFINITY)
      place.at('fade').errorAtKey('needs an end: duration or until');
    else if ((ramp ?? 0) + (fade ?? 0) > shortestS)
      place
        .at(ramp === undefined ? 'fade' : 'ramp')
        .error(
          `with fade takes ${(ramp ?? 0) + (fade ?? 0)} s, longer than the event: ${shortestS} s`,
        );
  }
  if (ramp === undefined && fade === undefined) return undefined;
  return {
    curve,
    ...(ramp !== undefined && { rampS: ramp }),
    ...(fade !== undefined && { fadeS: fade }),
  };
}

/** An event as read, with what the command line shows of it. */
export interface ReadEvent {
  readonly event: StoryEvent;
  readonly body: EventBody<never>;
}

/** Reads what a draft says; undefined, with an error, if that is not accepted. */
export function eventOf(
  draft: Draft,
  context: Pick<EventContext, 'roster' | 'zone' | 'catalogue' | 'hasRegister'>,
): ReadEvent | undefined {
  const { class: name, id, given, schedule, growth, place, content } = draft;
  const { story, atS, everyS, times, duration, untilS } = schedule;
  const lastS = everyS === undefined ? atS : atS + everyS * (times - 1);
  const lengthS = duration === undefined ? Number.POSITIVE_INFINITY : extent(duration)[1];
  const body = READERS[name].read(content, place.at(name), {
    ...context,
    story,
    id,
    growth,
    place,
    fromS: atS,
    toS: untilS ?? lastS + lengthS,
    isDated: everyS === undefined && !isDraw(given.at) && given.chance === undefined,
  });
  if (!body) return undefined;
  const isDrawn =
    body.isDrawn ||
    everyS !== undefined ||
    (given.chance ?? 1) < 1 ||
    isDraw(given.at) ||
    isDraw(given.duration);
  if (isDrawn && !draft.hasOwnId)
    return place.error('draws or repeats, so it needs an id, of which its draws are made');
  const event = {
    class: name,
    id,
    machineIds: body.machineIds,
    ...(given.note !== undefined && { note: given.note }),
    ...(body.moving && { movesMachines: true, adds: body.moving.adds }),
    between: (fromS: number, toS: number) =>
      occurrencesBetween(schedule, fromS, toS).map((when) => body.occurrence(when)),
  };
  return { event: event as unknown as StoryEvent, body };
}
