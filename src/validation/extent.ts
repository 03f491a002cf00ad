/** A time of the year in which machines are watched. */
export interface Season {
  readonly name: string;
  readonly fromS: number;
}

/** How much is simulated. */
export interface Extent {
  readonly seasons: readonly Season[];
  /** Length of each season’s window, and of that for machines that report every second [d]. */
  readonly days: number;
  readonly fastDays: number;
  /** Winters for the spread of daily temperatures. */
  readonly winters: number;
  /** Machine-days over which automatic anomalies are counted. */
  readonly machineDays: number;
}

const YEAR = 2026;

/** Mondays: each window begins with a working week. */
const JANUARY = { name: 'Jan', fromS: Date.UTC(YEAR, 0, 5) / 1000 };
const APRIL = { name: 'Apr', fromS: Date.UTC(YEAR, 3, 6) / 1000 };
const JULY = { name: 'Jul', fromS: Date.UTC(YEAR, 6, 6) / 1000 };

/** Four weeks of each season; one where a machine reports every second. */
export const WHOLE: Extent = {
  seasons: [JANUARY, APRIL, JULY],
  days: 28,
  fastDays: 7,
  winters: 20,
  machineDays: 4000,
};

/** What is enough to see that nothing is broken, in seconds. */
export const SHORT: Extent = {
  seasons: [JANUARY, JULY],
  days: 7,
  fastDays: 2,
  winters: 6,
  machineDays: 1000,
};

/** The first days of the months from June to August and from December to February. */
export const SUMMER: readonly [fromS: number, toS: number] = [
  Date.UTC(YEAR, 5, 1) / 1000,
  Date.UTC(YEAR, 8, 1) / 1000,
];

/** December to February of the winter that ends in the year so many years before the first. */
export function winter(yearsBefore: number): readonly [fromS: number, toS: number] {
  const year = YEAR - yearsBefore;
  return [Date.UTC(year - 1, 11, 1) / 1000, Date.UTC(year, 2, 1) / 1000];
}
