import type {
  CalendarDescription,
  Closure,
  ExtraShift,
  PublicHolidays,
  Shift,
} from '../core/factory.ts';
import { notAccepted, shown } from '../schema/kinds.ts';
import { DATE } from '../schema/times.ts';
import type { Path } from './document.ts';
import { publicHolidays } from './holidays.ts';
import {
  CALENDAR_KEYS,
  CLOSED_SHARE,
  CLOSURE_KEYS,
  EXTRA_SHIFT_KEYS,
  type FACTORY_KEYS,
  PUBLIC_HOLIDAYS_KEYS,
  SHIFT_KEYS,
  WEEKDAY,
  WEEKDAYS,
} from './keys.ts';
import { type Findings, type MappingValues, readMapping } from './mapping.ts';
import { shiftFaults } from './shifts.ts';

/** Reads when a factory works; what it leaves out comes from `fallback`. */
export function readCalendar(
  factory: MappingValues<typeof FACTORY_KEYS>,
  path: Path,
  fallback: CalendarDescription,
  findings: Findings,
): CalendarDescription {
  if (factory.calendar && factory.shifts)
    findings.keyFault([...path, 'shifts'], 'stands beside a calendar; give them in the calendar');
  if (!factory.calendar) {
    const shifts = readShifts(factory.shifts, [...path, 'shifts'], findings);
    return { ...fallback, shifts: shifts ?? fallback.shifts };
  }
  const within = [...path, 'calendar'];
  const values = readMapping(factory.calendar, CALENDAR_KEYS, within, findings);
  const { public_holidays: place, closures, extra_shifts: extraShifts } = values;
  const publicHolidays = place && readPlace(place, [...within, 'public_holidays'], findings);
  return {
    shifts: readShifts(values.shifts, [...within, 'shifts'], findings) ?? fallback.shifts,
    restShare: values.rest_load ?? fallback.restShare,
    weekendShare: values.weekend_load ?? fallback.weekendShare,
    holidays: readDates(values.holidays ?? [], [...within, 'holidays'], findings),
    ...(publicHolidays ? { publicHolidays } : {}),
    ...(closures ? { closures: readClosures(closures, [...within, 'closures'], findings) } : {}),
    ...(extraShifts
      ? { extraShifts: readExtraShifts(extraShifts, [...within, 'extra_shifts'], findings) }
      : {}),
  };
}

function readDates(contents: readonly unknown[], path: Path, findings: Findings): string[] {
  return contents.flatMap((content, i) => {
    const date = DATE.read(content);
    if (date === undefined) findings.fault([...path, i], notAccepted(content, DATE));
    return date ?? [];
  });
}

function readPlace(content: unknown, path: Path, findings: Findings): PublicHolidays | undefined {
  const { country, region } = readMapping(content, PUBLIC_HOLIDAYS_KEYS, path, findings);
  if (country === undefined) return undefined;
  const found = publicHolidays(country, region);
  if ('dates' in found)
    return { country, ...(region === undefined ? {} : { region }), dates: found.dates };
  const { unknown, accepted } = found;
  const named = shown(unknown === 'country' ? country : region);
  const names = accepted.length > 0 ? accepted.join(', ') : `${country} has none; leave it out`;
  findings.fault([...path, unknown], `${named} is not accepted; ${names}`);
  return undefined;
}

function readClosures(contents: readonly unknown[], path: Path, findings: Findings): Closure[] {
  return contents.flatMap((content, i) => {
    const date = DATE.read(content);
    if (date !== undefined) return { from: date, to: date, loadShare: CLOSED_SHARE };
    const { from, to, load } = readMapping(content, CLOSURE_KEYS, [...path, i], findings);
    if (from === undefined || to === undefined) return [];
    if (to < from) findings.fault([...path, i, 'to'], `${to} is before ${from}`);
    return { from, to, loadShare: load ?? CLOSED_SHARE };
  });
}

function readShifts(
  contents: readonly unknown[] | undefined,
  path: Path,
  findings: Findings,
): readonly Shift[] | undefined {
  if (!contents) return undefined;
  const faultsBefore = findings.faults.length;
  const shifts = contents.map((content, i): Shift => {
    const values = readMapping(content, SHIFT_KEYS, [...path, i], findings);
    const times = timesOf(values);
    if (!values.days) return times;
    return { ...times, days: readDays(values.days, [...path, i, 'days'], findings) };
  });
  // A shift without good times may seem to overlap one that is right.
  if (findings.faults.length === faultsBefore)
    for (const { index, message } of shiftFaults(shifts)) findings.fault([...path, index], message);
  return shifts;
}

function readExtraShifts(
  contents: readonly unknown[],
  path: Path,
  findings: Findings,
): ExtraShift[] {
  return contents.flatMap((content, i) => {
    const values = readMapping(content, EXTRA_SHIFT_KEYS, [...path, i], findings);
    const times = timesOf(values);
    if (values.date === undefined || values.start === undefined || values.end === undefined)
      return [];
    for (const { message } of shiftFaults([times])) findings.fault([...path, i], message);
    return { date: values.date, ...times };
  });
}

function timesOf(values: {
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly load: number | undefined;
}): Shift {
  const { start = 0, end = 0, load = 1 } = values;
  return { startMinute: start, endMinute: end, loadShare: load };
}

function readDays(contents: readonly unknown[], path: Path, findings: Findings): number[] {
  const days = new Set<number>();
  for (const [i, content] of contents.entries()) {
    const name = WEEKDAY.read(content);
    if (name === undefined) findings.fault([...path, i], notAccepted(content, WEEKDAY));
    else days.add(WEEKDAYS.indexOf(name));
  }
  return [...days].sort();
}
