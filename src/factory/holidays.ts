import { createRequire } from 'node:module';
import type Holidays from 'date-holidays';
import { builtFile } from '../package-folder.ts';
import { pattern, type ValueType } from '../schema/value-type.ts';

/** The years for which public holidays are computed. */
const FIRST_YEAR = 2000;
const LAST_YEAR = 2050;

const DAY_MS = 86_400_000;

/** A country code of ISO 3166. */
export const COUNTRY: ValueType<string> = pattern(
  /^[A-Z]{2}$/,
  'a country code of ISO 3166 like DE',
);

/** A state of a country, or a region of a state. */
export const REGION: ValueType<string> = pattern(
  /^[A-Z0-9]{1,10}(-[A-Z0-9]{1,10})?$/,
  'a state of the country like BY, or a region of one like BY-A',
);

/** The dates of a place or, if its country or region is unknown, the accepted names. */
export type HolidayDates =
  | { readonly dates: readonly string[] }
  | { readonly unknown: 'country' | 'region'; readonly accepted: readonly string[] };

const known = new Map<string, HolidayDates>();

/**
 * The public holidays of a place from 2000 to 2050, as local dates in order.
 *
 * A date counts if its noon falls in a holiday: half holidays from the afternoon on are worked.
 * The tables behind it (date-holidays) take a fifth of a second to load, so they are only loaded
 * when needed.
 */
export function publicHolidays(country: string, region: string | undefined): HolidayDates {
  const key = [country, region].join('-');
  let dates = known.get(key);
  if (!dates) {
    dates = find(country, region);
    known.set(key, dates);
  }
  return dates;
}

function find(country: string, place: string | undefined): HolidayDates {
  const Library: typeof Holidays = createRequire(import.meta.url)(
    builtFile('files/date-holidays.cjs'),
  );
  const countries = new Library().getCountries('en');
  if (!Object.hasOwn(countries, country))
    return { unknown: 'country', accepted: Object.keys(countries) };
  const [state = '', region = ''] = place?.split('-') ?? [];
  const states = new Library().getStates(country, 'en') ?? {};
  if (state !== '' && !Object.hasOwn(states, state))
    return { unknown: 'region', accepted: Object.keys(states) };
  const regions = state === '' ? {} : (new Library().getRegions(country, state, 'en') ?? {});
  if (region !== '' && !Object.hasOwn(regions, region))
    return { unknown: 'region', accepted: Object.keys(regions).map((each) => `${state}-${each}`) };
  const calendar = new Library(country, state, region);
  const dates = new Set<string>();
  for (let year = FIRST_YEAR; year <= LAST_YEAR; year++)
    for (const { type, date, start, end } of calendar.getHolidays(year))
      if (type === 'public') for (const noon of noons(date, +end - +start)) dates.add(noon);
  return { dates: [...dates].sort() };
}

/** The dates whose noon falls in a span that begins at a local time: `2026-12-24 14:00:00`. */
function* noons(start: string, lengthMs: number): Iterable<string> {
  const startMs = Date.parse(`${start.slice(0, 10)}T${start.slice(11, 19)}Z`);
  const firstNoonMs = Math.ceil(startMs / DAY_MS - 0.5) * DAY_MS + DAY_MS / 2;
  for (let noonMs = firstNoonMs; noonMs < startMs + lengthMs; noonMs += DAY_MS)
    yield new Date(noonMs).toISOString().slice(0, 10);
}
