import type { FactoryDescription, MachineDescription } from './factory.ts';
import type { JournalEvent } from './journal.ts';
import type { Values } from './machine.ts';
import type { Readings } from './readings.ts';
import { DerivedSite, type Site } from './site.ts';
import { mean } from './statistics.ts';

/** One value per season, the ends of a distribution, or one number; undefined: not applicable. */
export type Statistic = number | readonly number[] | undefined;

/**
 * A published or derived range, and the statistic of simulated readings whose every value must lie
 * within it.
 */
export interface Check {
  readonly id: string;
  /** The machine type it applies to, `all`, or what all machines share: `grid`, `weather`. */
  readonly machineType: string;
  /** What is computed, in words. */
  readonly statistic: string;
  readonly conditions: string;
  /** Null: unbounded on that side. */
  readonly low: number | null;
  readonly high: number | null;
  readonly unit: string;
  /** Where the range comes from. */
  readonly source: string;
  /** The statistic of a machine's readings of a season. */
  readonly inReadings?: (readings: Readings) => Statistic;
  /** The statistic of experiments, for what ordinary operation never shows. */
  readonly byExperiment?: (bench: TestBench) => Statistic;
  /** What the experiments simulate, for the table. */
  readonly simulated?: string;
  /**
   * For what all machines share, one machine is enough: the one that reports most or least often.
   */
  readonly on?: 'fastest' | 'slowest';
}

/** A time of the year in which machines are observed. */
export interface Season {
  readonly name: string;
  readonly fromS: number;
}

/** How much is simulated. */
export interface Extent {
  readonly seasons: readonly Season[];
  /** Length of each season’s window, and of the one for machines that report every second [d]. */
  readonly days: number;
  readonly fastDays: number;
  /** Winters used for the spread of daily temperatures. */
  readonly winters: number;
  /** Machine-days over which random anomalies are counted. */
  readonly machineDays: number;
}

/** Changes the conditions around a machine. */
export type SiteOverride = (site: Site) => Site;

/** What is simulated, and under which conditions. */
export interface Experiment {
  readonly fromS: number;
  readonly toS: number;
  readonly intervalS?: number;
  readonly ratedPowerKw?: number;
  /** Overrides of the machine's parameters. */
  readonly parameters?: Readonly<Partial<Values<string>>>;
  readonly site?: SiteOverride;
  readonly events?: readonly JournalEvent[];
  /** Whether random anomalies occur; false by default. */
  readonly hasAnomalies?: boolean;
}

/** A machine to run experiments on, in its factory. */
export interface TestBench {
  readonly factory: FactoryDescription;
  readonly machine: MachineDescription;
  readonly extent: Extent;
  readonly seed: number;
  /** When the first season begins. */
  readonly firstS: number;
  /** The bench of another machine of the factory. */
  of(machine: MachineDescription): TestBench;
  /** The readings that the machine publishes in an experiment. */
  read(experiment: Experiment): Readings;
  /**
   * Passes the state after each reading to a callback, for quantities that readings do not show.
   */
  visitStates(experiment: Experiment, visit: (state: Values<string>, tS: number) => void): void;
  /**
   * The first full hour of full production after a day of full production, preceded by half an
   * hour of it.
   *
   * @throws NotApplicable if the factory has none within two weeks.
   */
  fullHourS(fromS: number): number;
  /**
   * The steady part of an hour of full production with an anomaly and without: one pair per
   * season.
   */
  pairs(anomalyType: string, severity: number, changes?: Partial<Experiment>): readonly Pair[];
}

/** Readings of the same time with an anomaly and without. */
export interface Pair {
  readonly faulty: Readings;
  readonly healthy: Readings;
}

/** Thrown by a check that is meaningless for a factory; the message says why. */
export class NotApplicable extends Error {}

/** What defines a check, besides its id, its statistic and its range. */
type Details = Partial<Check> & Pick<Check, 'source'>;

/** Conditions of most checks: each season is observed as it is. */
const SEASONS = '28 d, noise on, anomalies off';

/**
 * Returns a function that defines the checks of a machine type from an id, a statistic in words
 * and a range. By default the unit is 1 and each season is observed as it is.
 */
export function checksOf(machineType: string) {
  return (
    id: string,
    statistic: string,
    [low, high]: readonly [low: number | null, high: number | null],
    details: Details,
  ): Check => {
    const byDefault = { machineType, unit: '1', conditions: SEASONS };
    return { ...byDefault, id, statistic, low, high, ...details };
  };
}

/** An experiment with a fully grown anomaly, in an hour of full production. */
export function anHour(byExperiment: (bench: TestBench) => Statistic) {
  const conditions = 'anomaly on, steady part of 1 h at F=1, against same window without anomaly';
  return { conditions, byExperiment };
}

/** Ratio of the mean of a field with an anomaly to the mean without it, one per season. */
export function ratios(anomalyType: string, severity: number, name: string) {
  const known = (readings: Readings) => readings.column(name).filter((each) => !Number.isNaN(each));
  return anHour((bench) =>
    bench
      .pairs(anomalyType, severity)
      .map(({ faulty, healthy }) => mean(known(faulty)) / mean(known(healthy))),
  );
}

/** A site with some conditions held constant. */
export function withConditions(changes: Partial<ReturnType<Site['at']>>): SiteOverride {
  return (site) => changedSite(site, { at: (tS) => ({ ...site.at(tS), ...changes }) });
}

/** A site that answers like another one, except for the given functions. */
export function changedSite(site: Site, changes: Partial<Site>): Site {
  return Object.assign(new DerivedSite(site), changes);
}
