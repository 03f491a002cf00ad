import { DATE, durationText } from '../schema/times.ts';
import { textual, type ValueType } from '../schema/value-type.ts';
import type { Zone } from '../site/zone.ts';

const DAY_S = 86_400;
const UNIT_S = { s: 1, m: 60, h: 3600, d: DAY_S, w: 7 * DAY_S } as const;
const LENGTH = /^(\d+(?:\.\d+)?)([smhdw])$/;
/** Longest time between an event and the start of its story [s]. */
const RELATIVE_MAX_S = 100 * 366 * DAY_S;

/** A length of time [s]: a number of seconds, or a number followed by `s`, `m`, `h`, `d` or `w`. */
export function length(minS: number, maxS: number): ValueType<number> {
  return {
    expected:
      'seconds or a duration like 90m, 24h, 7d or 2w, ' +
      `${durationText(minS)} to ${durationText(maxS)}`,
    schema: { type: ['number', 'string'], minimum: minS, maximum: maxS, pattern: LENGTH.source },
    parse: (value) => {
      const lengthS = typeof value === 'string' ? secondsOf(value) : value;
      const isWithin = typeof lengthS === 'number' && lengthS >= minS && lengthS <= maxS;
      return isWithin ? lengthS : undefined;
    },
  };
}

function secondsOf(text: string): number | undefined {
  const match = LENGTH.exec(text);
  return match ? Number(match[1]) * UNIT_S[match[2] as keyof typeof UNIT_S] : undefined;
}

/** A moment of a story: an instant, a local time of the factory, or a time after another moment. */
export type Moment =
  /** Seconds since the epoch. */
  | { readonly is: 'instant'; readonly tS: number }
  /** Seconds from 1970-01-01 00:00 to what local clocks show. */
  | { readonly is: 'local'; readonly wallS: number; readonly text: string }
  | { readonly is: 'after'; readonly lengthS: number };

const MOMENT = /^(\d{4}-\d\d-\d\d)(?:T(\d\d):([0-5]\d)(?::([0-5]\d))?)?(Z|[+-]\d\d:[0-5]\d)?$/;
/** Readings are numbered from the epoch, and zones say little about the far future. */
const YEARS = { from: '1971', to: '2199' } as const;

const INSTANT: ValueType<Moment> = textual(
  'an instant like 2026-03-16, 2026-03-16T08:00 (local time) or 2026-03-16T08:00Z, ' +
    `from ${YEARS.from} to ${YEARS.to}`,
  (text) => {
    const match = MOMENT.exec(text);
    if (!match) return undefined;
    const [, date = '', hour = '00', minute = '00', second = '00', offset] = match;
    const year = date.slice(0, 4);
    if (DATE.parse(date) === undefined || year < YEARS.from || year > YEARS.to) return undefined;
    const wallS = Date.parse(`${date}T${hour}:${minute}:${second}Z`) / 1000;
    if (Number.isNaN(wallS)) return undefined;
    if (offset === undefined) return { is: 'local', wallS, text };
    return { is: 'instant', tS: wallS - offsetS(offset) };
  },
  { pattern: MOMENT.source },
);

function offsetS(offset: string): number {
  if (offset === 'Z') return 0;
  const [hours = 0, minutes = 0] = offset.slice(1).split(':').map(Number);
  return (offset.startsWith('-') ? -1 : 1) * (3600 * hours + 60 * minutes);
}

/** An instant of a story, as `start` is one. */
export const START: ValueType<Moment> = INSTANT;

const AFTER = length(0, RELATIVE_MAX_S);

/** An instant, or a time after another moment. */
export const MOMENT_OR_LENGTH: ValueType<Moment> = {
  expected: `${INSTANT.expected}; or ${AFTER.expected}`,
  schema: { anyOf: [INSTANT.schema, AFTER.schema] },
  parse: (value) => {
    const lengthS = AFTER.parse(value);
    return lengthS === undefined ? INSTANT.parse(value) : { is: 'after', lengthS };
  },
};

/**
 * The instant [s] at which local clocks show a wall time: the first of two. If clocks skip it, they
 * show a time that is later by the gap.
 */
function wallInstantS(zone: Zone, wallS: number): number {
  const earlyS = wallS - zone.offsetS(wallS - DAY_S);
  const lateS = wallS - zone.offsetS(wallS + DAY_S);
  if (earlyS + zone.offsetS(earlyS) === wallS) return earlyS;
  return lateS + zone.offsetS(lateS) === wallS ? lateS : earlyS;
}

/** Whether local clocks ever show a wall time. */
export function exists(zone: Zone, { wallS }: Moment & { is: 'local' }): boolean {
  const tS = wallInstantS(zone, wallS);
  return tS + zone.offsetS(tS) === wallS;
}

/** Adds a time: whole days and weeks are those of local clocks, what is left is real time. */
export function later(zone: Zone, fromS: number, lengthS: number): number {
  const whole = Math.floor(lengthS);
  const days = Math.floor(whole / DAY_S);
  const restS = whole - days * DAY_S;
  const startS =
    days === 0 ? fromS : wallInstantS(zone, fromS + zone.offsetS(fromS) + days * DAY_S);
  return startS + restS;
}

/**
 * The instant of a moment [s].
 *
 * @param baseS - What a relative moment comes after.
 */
export function instantS(moment: Moment, zone: Zone, baseS: number): number {
  if (moment.is === 'instant') return moment.tS;
  return moment.is === 'local'
    ? wallInstantS(zone, moment.wallS)
    : later(zone, baseS, moment.lengthS);
}
