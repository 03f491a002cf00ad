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
/** One shift per hour of the week. */
const SHIFTS_MAX = 168;
/** Holidays of a century. */
const HOLIDAYS_MAX = 2000;
/** Closures, and extra shifts, of ten years. Some are searched for every hour. */
const EXCEPTIONS_MAX = 1000;
/** Production during a closure: maintenance, and preparation of the next shift. */
const CLOSED_SHARE = 0.1;

/** The days of the week as in a file, from Sunday on. */
export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const WORKDAYS = [1, 2, 3, 4, 5];

const SHARE = number(0, 1);

const TIMES_KEYS = {
  startMinute: required(START_MINUTE, 'Local time: a whole hour or HH:MM.', { name: 'start' }),
  endMinute: required(END_MINUTE, 'Local time. An end before the start is on the next day.', {
    name: 'end',
  }),
  loadShare: defaulted(SHARE, 1, 'Production, as a share of full production.', { name: 'load' }),
};

/** A period of the local day in which a factory works. */
export const SHIFT_KEYS = {
  ...TIMES_KEYS,
  days: key(
    mapped(list(1, WEEKDAYS.length, position(WEEKDAYS)), (days) => [...new Set(days)].sort()),
    'Weekdays on which the shift begins; it runs to its end. Default: hours of Monday to Friday.',
  ),
};

/** A shift that is worked once. */
export const EXTRA_SHIFT_KEYS = {
  date: required(DATE, 'Local date on which the shift begins.'),
  ...TIMES_KEYS,
};

/** Days on which a factory is closed. */
export const CLOSURE_KEYS = {
  from: required(DATE, 'First local date.'),
  to: required(DATE, 'Last local date, inclusive.'),
  loadShare: defaulted(
    SHARE,
    CLOSED_SHARE,
    'Remaining production, as a share of full production.',
    {
      name: 'load',
    },
  ),
};

/** The place whose public holidays apply, from 2000 to 2050. */
export const PUBLIC_HOLIDAYS_KEYS = {
  country: required(COUNTRY, 'Two-letter country code of ISO 3166, like DE.'),
  region: key(REGION, 'State, like BY or NSW, or region of a state, like BY-A.'),
};

const SHIFT_LIST = list(0, SHIFTS_MAX, entry(SHIFT_KEYS, { $ref: '#/definitions/shift' }));

/** Shifts that do not overlap. */
const SHIFTS: CompositeType<readonly Shift[]> = {
  ...SHIFT_LIST,
  read(value, place) {
    const { errors } = place.diagnostics;
    const errorsBefore = errors.length;
    const shifts = SHIFT_LIST.read(value, place);
    // A shift with invalid times may seem to overlap a valid one.
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
  shifts: key(SHIFTS, 'Shifts, which must not overlap. Default: SHIFT_1 and SHIFT_2.'),
  restShare: key(
    SHARE,
    'Production outside all shifts, as a share of full production. Default: SHIFT_3_FACTOR.',
    {
      name: 'rest_load',
      usual: DEFAULT_CALENDAR.restShare,
    },
  ),
  weekendShare: key(
    SHARE,
    'Production on Saturdays, Sundays and holidays, as a share of full production.',
    {
      name: 'weekend_load',
      usual: DEFAULT_CALENDAR.weekendShare,
    },
  ),
  holidays: key(list(0, HOLIDAYS_MAX, DATE), 'Local dates on which production is as on a weekend.'),
  publicHolidays: key(
    PUBLIC_HOLIDAYS,
    'Public holidays of a place, on which production is as on a weekend.',
  ),
  closures: key(
    list(0, EXCEPTIONS_MAX, CLOSURE),
    'Dates and date ranges on which the factory is closed.',
  ),
  extraShifts: key(
    list(0, EXCEPTIONS_MAX, EXTRA_SHIFT),
    'Shifts that are worked once, whatever the calendar says for that day.',
  ),
};

/** The keys that define working time; `shifts` is short for a calendar with nothing but shifts. */
export const WORKING_TIME_KEYS = {
  shifts: key(SHIFTS, 'Short for a calendar with nothing but shifts.'),
  calendar: key(
    mapping(CALENDAR_KEYS, { $ref: '#/definitions/calendar' }),
    'When the factory works.',
  ),
};

/** The calendar of a factory. `fallback` fills in what it leaves out. */
export function factoryCalendar(
  { shifts, calendar }: GivenValues<typeof WORKING_TIME_KEYS>,
  place: Place,
  fallback: CalendarDescription,
): CalendarDescription {
  if (!calendar) return { ...fallback, ...(shifts && { shifts }) };
  if (shifts)
    place
      .at('shifts')
      .errorAtKey('cannot be combined with a calendar; move the shifts into the calendar');
  const { restShare, weekendShare } = fallback;
  return { shifts: fallback.shifts, restShare, weekendShare, holidays: [], ...calendar };
}

/** An error in one of several shifts: its index, and a sentence. */
export interface ShiftFault {
  readonly index: number;
  readonly message: string;
}

/**
 * Finds shifts without a duration, and shifts that overlap an earlier one on some day of the week.
 */
export function shiftFaults(shifts: readonly Shift[]): readonly ShiftFault[] {
  const faults: ShiftFault[] = [];
  const takenBy = new Array<Shift | undefined>(7 * DAY_MINUTES).fill(undefined);
  for (const [index, shift] of shifts.entries()) {
    const { startMinute, endMinute } = shift;
    if (startMinute === endMinute) {
      const whole = '; use 0 to 24 for the whole day';
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
      // A shift of every workday stays within workdays: its early hours belong to each day itself.
      const within = days === undefined ? minute % DAY_MINUTES : minute;
      yield (day * DAY_MINUTES + within) % (7 * DAY_MINUTES);
    }
}

/** A shift's times: `06:00-14:00`. */
export function shiftText({ startMinute, endMinute }: Omit<Shift, 'days'>): string {
  return `${minuteText(startMinute)}-${minuteText(endMinute)}`;
}
