import type { Season } from './extent.ts';
import type { Laboratory, Specimen } from './laboratory.ts';
import type { Series } from './series.ts';

/**
 * How the statistic of one bound is computed. All values it gives must lie in the bound's range:
 * one a season, or the two ends of a distribution.
 */
export interface Check {
  /** Of its bound. */
  readonly id: string;
  /** The statistic in a machine's readings of one season; nothing where it is not asked for. */
  inReadings?(series: Series, season: Season): readonly number[] | undefined;
  /** The statistic from an experiment with one machine, for what ordinary running never shows. */
  byTrial?(laboratory: Laboratory, specimen: Specimen): readonly number[];
  /** One machine is enough for what all share: the one that reports most often, or least. */
  readonly on?: 'fastest' | 'slowest';
  /** What the trial simulates, for the table. */
  readonly simulated?: string;
}

/** Thrown by a check that has no meaning for a factory; the message says why. */
export class Inapplicable extends Error {}
