import type { CalendarDescription, Closure, PublicHolidays, Shift } from '../core/factory.ts';
import {
  type CompositeType,
  defaulted,
  entry,
  type GivenValues,
  key,
  list,
  mapped,
  mapping,
  required,
} from '../schema/composite-type.ts';
import type { Place } from '../schema/diagnostics.ts';
import { DATE, END_MINUTE, START_MINUTE } from '../schema/times.ts';
import { number, position } from '../schema/value-type.ts';
import { minuteText } from '../site/calendar.ts';
import { DEFAULT_CALENDAR } from './default-factory.ts';
import { COUNTRY, publicHolidays, REGION } from './holidays.ts';

const DAY_MINUTES = 1440;
/** A shift an hour of the week. */
const SHIFTS_MAX = 168;
/** A century of them. */
const HOLIDAYS_MAX = 2000;
/** Closures, and extra shifts, of ten years: some are looked through for every hour. */
const EXCEPTIONS_MAX = 1000;
/** Production in a closure: what is started for maintenance and for the next shift. */
const CLOSED_SHARE = 0.1;

/** The days of a week as a file calls them, from Sunday on. */
export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const WORKDAYS = [1, 2, 3, 4, 5];

const SHARE = number(0, 1);

const TIMES_KEYS = {
  startMinute: required(START_MINUTE, 'Local time: a whole hour or HH:MM.', { name: 'start' }),
  endMinute: required(END_MINUTE, 'Local time; before the start, it is on the next day.', {
    name: 'end',
  }),
  loadShare: defaulted(SHARE, 1, 'Production, of the full one.', { name: 'load' }),
};

/** A part of the local day in which a factory works. */
export const SHIFT_KEYS = {
  ...TIMES_KEYS,
  days: key(
    mapped(list(1, WEEKDAYS.length, position(WEEKDAYS)), (days) => [...new Set(days)].sort()),
    'Weekdays on which it begins; it then goes on to its end. Else Monday to Friday, within these.',
  ),
};

/** A shift that is worked once. */
export const EXTRA_SHIFT_KEYS = {
  date: required(DATE, 'The local date on which it begins.'),
  ...TIMES_KEYS,
};

/** Days on which a factory is closed. */
export const CLOSURE_KEYS = {
  from: required(DATE, 'The first local date.'),
  to: required(DATE, 'The last one, included.'),
  loadShare: defaulted(SHARE, CLOSED_SHARE, 'Production that goes on, of the full one.', {
    name: 'load',
  }),
};

/** The place whose public holidays are kept, from 2000 to 2050. */
export const PUBLIC_HOLIDAYS_KEYS = {
  country: required(COUNTRY, 'Two letters of ISO 3166, like DE.'),
  region: key(REGION, 'A state, like BY or NSW, or a region of one, like BY-A.'),
};

const SHIFT_LIST = list(0, SHIFTS_MAX, entry(SHIFT_KEYS, { $ref: '#/definitions/shift' }));

/** Shifts of which none overlaps another. */
const SHIFTS: CompositeType<readonly Shift[]> = {
  ...SHIFT_LIST,
  read(value, place) {
    const { errors } = place.diagnostics;
    const errorsBefore = errors.length;
    const shifts = SHIFT_LIST.read(value, place);
    // A shift without good times may seem to overlap one that is right.
    if (shifts && errors.length === errorsBefore)
      for (const { index, message } of shiftFaults(shifts)) place.at(index).error(message);
    return shifts;
  },
};

const EXTRA_SHIFT = mapped(
  entry(EXTRA_SHIFT_KEYS, { $ref: '#/definitions/extra_shift' }),
  (shift, place) => {
    for (const { message } of shiftFaults([shift])) place.error(message);
    return shift;
  },
);

const CLOSED_DAYS = mapped(entry(CLOSURE_KEYS), (closure, place) => {
  const { from, to } = closure;
  if (to < from) place.at('to').error(`${to} is before ${from}`);
  return closure;
});

/** A date, or the days between two dates. */
const CLOSURE: CompositeType<Closure> = {
  ...CLOSED_DAYS,
  schema: { anyOf: [DATE.schema, { $ref: '#/definitions/closure' }] },
  read(value, place) {
    const date = DATE.parse(value);
    if (date === undefined) return CLOSED_DAYS.read(value, place);
    return { from: date, to: date, loadShare: CLOSED_SHARE };
  },
};

const PUBLIC_HOLIDAYS = mapped(
  mapping(PUBLIC_HOLIDAYS_KEYS, { $ref: '#/definitions/public_holidays' }),
  (given, place): PublicHolidays | undefined => {
    const { country, region } = given;
    const found = publicHolidays(country, region);
    if ('dates' in found) return { ...given, dates: found.dates };
    const { unknown, accepted } = found;
    const names = accepted.length > 0 ? accepted.join(', ') : `${country} has none; leave it out`;
    return place.at(unknown).notAccepted(given[unknown], { expected: names });
  },
);

/** When a factory works. */
export const CALENDAR_KEYS = {
  shifts: key(SHIFTS, 'Its shifts, none overlapping another; else those of SHIFT_1 and SHIFT_2.'),
  restShare: key(SHARE, 'Production outside every shift, of the full one; else SHIFT_3_FACTOR.', {
    name: 'rest_load',
    usual: DEFAULT_CALENDAR.restShare,
  }),
  weekendShare: key(SHARE, 'Production on Saturdays, Sundays and holidays, of the full one.', {
    name: 'weekend_load',
    usual: DEFAULT_CALENDAR.weekendShare,
  }),
  holidays: key(list(0, HOLIDAYS_MAX, DATE), 'Local dates that are worked like a weekend.'),
  publicHolidays: key(PUBLIC_HOLIDAYS, 'Public holidays of a place, worked like a weekend.'),
  closures: key(
    list(0, EXCEPTIONS_MAX, CLOSURE),
    'Dates and spans of dates on which it is closed.',
  ),
  extraShifts: key(
    list(0, EXCEPTIONS_MAX, EXTRA_SHIFT),
    'Shifts that are worked once, whatever the day is otherwise.',
  ),
};

/** The keys that say when a factory works; `shifts` is short for a calendar of shifts alone. */
export const WORKING_TIME_KEYS = {
  shifts: key(SHIFTS, 'Short for a calendar that has nothing but shifts.'),
  calendar: key(mapping(CALENDAR_KEYS, { $ref: '#/definitions/calendar' }), 'When it works.'),
};

/** When a factory works; what it leaves out comes from `fallback`. */
export function factoryCalendar(
  { shifts, calendar }: GivenValues<typeof WORKING_TIME_KEYS>,
  place: Place,
  fallback: CalendarDescription,
): CalendarDescription {
  if (!calendar) return { ...fallback, ...(shifts && { shifts }) };
  if (shifts) place.at('shifts').errorAtKey('stands beside a calendar; give them in the calendar');
  const { restShare, weekendShare } = fallback;
  return { shifts: fallback.shifts, restShare, weekendShare, holidays: [], ...calendar };
}

/** What is wrong with a shift among others: its number, and a sentence. */
export interface ShiftFault {
  readonly index: number;
  readonly message: string;
}

/** Shifts that last no time, and those that overlap one before them on some day of the week. */
export function shiftFaults(shifts: readonly Shift[]): readonly ShiftFault[] {
  const faults: ShiftFault[] = [];
  const takenBy = new Array<Shift | undefined>(7 * DAY_MINUTES).fill(undefined);
  for (const [index, shift] of shifts.entries()) {
    const { startMinute, endMinute } = shift;
    if (startMinute === endMinute) {
      const whole = '; the whole day is 0 to 24';
      faults.push({ index, message: `starts and ends at ${minuteText(startMinute)}${whole}` });
      continue;
    }
    let other: Shift | undefined;
    for (const minute of minutesOfWeek(shift)) {
      other ??= takenBy[minute];
      takenBy[minute] ??= shift;
    }
    if (other)
      faults.push({ index, message: `${shiftText(shift)} overlaps the shift ${shiftText(other)}` });
  }
  return faults;
}

/** The minutes of a week, from Sunday on, in which a shift is worked. */
function* minutesOfWeek({ startMinute, endMinute, days }: Shift): Iterable<number> {
  const lastMinute = startMinute < endMinute ? endMinute : endMinute + DAY_MINUTES;
  for (const day of days ?? WORKDAYS)
    for (let minute = startMinute; minute < lastMinute; minute++) {
      // What is worked on every workday keeps within them: its early hours are those of each day.
      const within = days === undefined ? minute % DAY_MINUTES : minute;
      yield (day * DAY_MINUTES + within) % (7 * DAY_MINUTES);
    }
}

/** A shift's times: `06:00-14:00`. */
export function shiftText({ startMinute, endMinute }: Omit<Shift, 'days'>): string {
  return `${minuteText(startMinute)}-${minuteText(endMinute)}`;
}
