import type { Extent, Season } from '../core/realism.ts';

/** Mondays of 2026: each window begins with a working week. */
const monday = (name: string, month: number, day: number): Season => ({
  name,
  fromS: Date.UTC(2026, month - 1, day) / 1000,
});
const JANUARY = monday('Jan', 1, 5);
const APRIL = monday('Apr', 4, 6);
const JULY = monday('Jul', 7, 6);

/**
 * The full extent: four weeks of each season; one week for a machine that reports every second.
 */
export const WHOLE: Extent = {
  seasons: [JANUARY, APRIL, JULY],
  days: 28,
  fastDays: 7,
  winters: 20,
  machineDays: 4000,
};

/** A short extent that shows within seconds that nothing is broken. */
export const SHORT: Extent = {
  seasons: [JANUARY, JULY],
  days: 7,
  fastDays: 2,
  winters: 6,
  machineDays: 1000,
};
