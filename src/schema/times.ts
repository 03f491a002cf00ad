import { minuteText } from '../site/calendar.ts';
import { number, textual, type ValueType } from './value-type.ts';

const UNIT_S = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A duration [s]: a number of seconds, or a number followed by `s`, `m`, `h` or `d`. */
export function duration(minS: number, maxS: number): ValueType<number> {
  return {
    expected:
      'seconds or a duration like 90m, 24h or 7d, ' +
      `${durationText(minS)} to ${durationText(maxS)}`,
    schema: { type: ['number', 'string'], minimum: minS, maximum: maxS, pattern: DURATION.source },
    parse: (value) => {
      const lengthS = typeof value === 'string' ? durationS(value) : value;
      return typeof lengthS === 'number' && lengthS >= minS && lengthS <= maxS
        ? lengthS
        : undefined;
    },
  };
}

const DURATION = /^(\d+(?:\.\d+)?)([smhd])$/;

function durationS(text: string): number | undefined {
  const match = DURATION.exec(text);
  return match ? Number(match[1]) * UNIT_S[match[2] as keyof typeof UNIT_S] : undefined;
}

/** A duration as a person writes it, in the largest unit that gives a whole number. */
export function durationText(lengthS: number): string {
  const unit = (['d', 'h', 'm'] as const).find((each) => lengthS % UNIT_S[each] === 0);
  return unit && lengthS > 0 ? `${lengthS / UNIT_S[unit]}${unit}` : `${lengthS}s`;
}

/**
 * Readings are numbered from the epoch, and time zone databases say little about the far future.
 */
const INSTANT_MIN_MS = Date.UTC(1971, 0, 1);
const INSTANT_MAX_MS = Date.UTC(2200, 0, 1);

/** The form of an instant: date, time, and UTC offset in hours and minutes. */
export const INSTANT_PATTERN =
  '^(\\d{4}-\\d\\d-\\d\\d)' +
  '(?:[Tt ](\\d\\d:\\d\\d(?::\\d\\d(?:[.,]\\d{1,9})?)?) ?' +
  '(?:[Zz]|([+-]\\d\\d)(?::?(\\d\\d))?))?$';
const INSTANT = new RegExp(INSTANT_PATTERN);

/**
 * Parses an instant [ms since the epoch] in the forms that this program, JavaScript, psql and
 * `date` write: with a T or a space, and with a UTC offset. A date alone means midnight UTC.
 * Anything finer than a millisecond is cut off.
 *
 * @returns NaN for a date that does not exist, undefined for anything else that is not an instant.
 */
export function instantMs(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (!match) return undefined;
  const [, date, time = '00:00', hours, minutes = '00'] = match;
  if (DATE.parse(date) === undefined) return Number.NaN;
  const offset = hours === undefined ? 'Z' : `${hours}:${minutes}`;
  return Date.parse(`${date}T${time.replace(',', '.')}${offset}`);
}

/** An instant [ms since the epoch]. */
export const INSTANT_MS: ValueType<number> = textual(
  'an instant like 2026-03-29T01:00:00Z or 2026-03-29T03:00+02:00, or a date (midnight UTC), ' +
    'from 1971 to 2199',
  (given) => {
    const timeMs = instantMs(given) ?? Number.NaN;
    return timeMs >= INSTANT_MIN_MS && timeMs < INSTANT_MAX_MS ? timeMs : undefined;
  },
  { pattern: INSTANT_PATTERN },
);

const DAY_MS = 86_400_000;
const OFFSET = /^[+-]/;

/**
 * An instant on a command line [ms since the epoch]: absolute as {@link INSTANT_MS}, or relative to
 * now. Days begin at midnight UTC, as for a date alone.
 *
 * @param nowMs - The current time; `now` is its last whole second.
 */
export function momentMs(nowMs: number): ValueType<number> {
  const todayMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const secondMs = Math.floor(nowMs / 1000) * 1000;
  const words: ReadonlyMap<string, number> = new Map([
    ['now', secondMs],
    ['today', todayMs],
    ['yesterday', todayMs - DAY_MS],
  ]);
  return {
    ...textual(`${[...words.keys()].join(', ')}, -7d, -90m, ${INSTANT_MS.expected}`, (given) => {
      const offsetS = OFFSET.test(given) ? durationS(given.slice(1)) : undefined;
      if (offsetS === undefined) return words.get(given.toLowerCase()) ?? INSTANT_MS.parse(given);
      const timeMs = secondMs + Math.round(1000 * offsetS) * (given.startsWith('-') ? -1 : 1);
      return timeMs >= INSTANT_MIN_MS && timeMs < INSTANT_MAX_MS ? timeMs : undefined;
    }),
    names: () => words.keys(),
  };
}

/** An instant that is a whole second, as the start of simulated time and of faults must be. */
export const WHOLE_INSTANT_MS: ValueType<number> = {
  ...INSTANT_MS,
  expected: `${INSTANT_MS.expected}, to the second`,
  parse: (value) => {
    const timeMs = INSTANT_MS.parse(value);
    return timeMs !== undefined && timeMs % 1000 === 0 ? timeMs : undefined;
  },
};

/** A calendar date that exists: `2026-12-25`. */
export const DATE: ValueType<string> = textual(
  'a date like 2026-12-25',
  (date) => {
    const timeMs = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(`${date}T00:00Z`) : Number.NaN;
    // A parser may accept 30 February as 2 March.
    const isDate = !Number.isNaN(timeMs) && new Date(timeMs).toISOString().startsWith(date);
    return isDate ? date : undefined;
  },
  { pattern: '^\\d{4}-\\d\\d-\\d\\d$' },
);

/** A whole second as the wire writes it: `2026-03-29T01:00:00Z`. */
export function instantText(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

const DAY_MINUTES = 1440;
const TIME_OF_DAY = /^(\d{1,2}):([0-5]\d)$/;

/** A time of the local day [min], as a whole hour or `HH:MM`, from midnight to 23:59. */
export const START_MINUTE = timeOfDay(0, DAY_MINUTES - 1);

/** The end of a period of the local day [min]: a whole hour or `HH:MM`; midnight is 0 or 24. */
export const END_MINUTE = timeOfDay(0, DAY_MINUTES);

function timeOfDay(min: number, max: number): ValueType<number> {
  const lastHour = Math.floor(max / 60);
  return {
    expected: `a whole hour from 0 to ${lastHour}, or HH:MM up to ${minuteText(max)}`,
    schema: {
      type: ['integer', 'string'],
      minimum: 0,
      maximum: lastHour,
      pattern: TIME_OF_DAY.source,
    },
    parse: (value) => {
      const match = TIME_OF_DAY.exec(typeof value === 'number' ? `${value}:00` : String(value));
      const minute = match ? 60 * Number(match[1]) + Number(match[2]) : Number.NaN;
      return minute >= min && minute <= max ? minute : undefined;
    },
    write: minuteText,
  };
}

/** Time between two readings of a machine [s]: whole milliseconds, at most an hour. */
export const INTERVAL_S: ValueType<number> = {
  expected: '0.1 to 3600, a multiple of 0.001',
  schema: { type: 'number', minimum: 0.1, maximum: 3600, multipleOf: 0.001 },
  parse: (value) => {
    const intervalS = number(0.1, 3600).parse(value);
    if (intervalS === undefined) return undefined;
    return Math.round(1000 * intervalS) / 1000 === intervalS ? intervalS : undefined;
  },
};
