import type { FactoryDescription, MachineDescription } from './factory.ts';
import type { JournalEvent } from './journal.ts';
import type { Values } from './machine.ts';
import type { Readings } from './readings.ts';
import type { Site } from './site.ts';
import { mean } from './statistics.ts';

/** One value for each season, the ends of a distribution, or one number; none: not asked for. */
export type Statistic = number | readonly number[] | undefined;

/**
 * A range that is published or follows from a model, and the statistic of simulated readings that
 * must lie in it, with every value that it has.
 */
export interface Check {
  readonly id: string;
  /** The machine type it holds for, `all`, or what all machines share: `grid`, `weather`. */
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
  /** For what all machines share, one is enough: the one that reports most often, or least. */
  readonly on?: 'fastest' | 'slowest';
}

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

/** Changes what a machine finds around it. */
export type SiteOverride = (site: Site) => Site;

/** What is simulated, and under which conditions. */
export interface Experiment {
  readonly fromS: number;
  readonly toS: number;
  readonly intervalS?: number;
  readonly ratedPowerKw?: number;
  /** Departures from the machine's own parameters. */
  readonly parameters?: Readonly<Partial<Values<string>>>;
  readonly site?: SiteOverride;
  readonly events?: readonly JournalEvent[];
  /** Whether anomalies come by themselves; no, if not given. */
  readonly hasAnomalies?: boolean;
}

/** A machine on which experiments are made, with the factory it stands in. */
export interface TestBench {
  readonly factory: FactoryDescription;
  readonly machine: MachineDescription;
  readonly extent: Extent;
  readonly seed: number;
  /** When the first season begins. */
  readonly firstS: number;
  /** The bench of another machine of the factory. */
  of(machine: MachineDescription): TestBench;
  /** What the machine publishes in an experiment. */
  read(experiment: Experiment): Readings;
  /** Shows the state after each reading, where readings do not tell a quantity. */
  inside(experiment: Experiment, look: (state: Values<string>, tS: number) => void): void;
  /**
   * The first full hour after a day in which production is full, from half an hour before it on.
   *
   * @throws NotApplicable where the factory has none in two weeks.
   */
  fullHourS(fromS: number): number;
  /**
   * The steady part of an hour of full production with an anomaly and without: a pair a season.
   */
  pairs(anomalyType: string, severity: number, changes?: Partial<Experiment>): readonly Pair[];
}

/** Readings of the same time with an anomaly and without. */
export interface Pair {
  readonly faulty: Readings;
  readonly healthy: Readings;
}

/** Thrown by a check that has no meaning for a factory; the message says why. */
export class NotApplicable extends Error {}

/** What a check says beside its id, its statistic and its range. */
type Details = Partial<Check> & Pick<Check, 'source'>;

/** Conditions of most checks: each season is watched as it is. */
const WATCHED = '28 d, noise on, anomalies off';

/**
 * The maker of a machine type's checks. It takes each one's id, its statistic in words and the
 * range; if not given, the unit is 1 and each season is watched as it is.
 */
export function checksOf(machineType: string) {
  return (
    id: string,
    statistic: string,
    [low, high]: readonly [low: number | null, high: number | null],
    details: Details,
  ): Check => {
    const byDefault = { machineType, unit: '1', conditions: WATCHED };
    return { ...byDefault, id, statistic, low, high, ...details };
  };
}

/** An experiment with an anomaly that has grown, in an hour of full production. */
export function anHour(byExperiment: (bench: TestBench) => Statistic) {
  const conditions = 'anomaly on, steady part of 1 h at F=1, against same window without anomaly';
  return { conditions, byExperiment };
}

/** The mean of a field with an anomaly against that without it, one a season. */
export function ratios(anomalyType: string, severity: number, name: string) {
  const known = (readings: Readings) => readings.column(name).filter((each) => !Number.isNaN(each));
  return anHour((bench) =>
    bench
      .pairs(anomalyType, severity)
      .map(({ faulty, healthy }) => mean(known(faulty)) / mean(known(healthy))),
  );
}

/** A site of which some conditions are held fast. */
export function withConditions(changes: Partial<ReturnType<Site['at']>>): SiteOverride {
  return (site) => changedSite(site, { at: (tS) => ({ ...site.at(tS), ...changes }) });
}

/** A site that answers as another one does, but for some questions. */
export function changedSite(site: Site, changes: Partial<Site>): Site {
  return {
    nominalVoltageV: site.nominalVoltageV,
    nominalFrequencyHz: site.nominalFrequencyHz,
    at: (tS) => site.at(tS),
    demand: (tS) => site.demand(tS),
    frequencyHz: (tS) => site.frequencyHz(tS),
    voltageV: (tS) => site.voltageV(tS),
    shiftHours: (fromS, toS) => site.shiftHours(fromS, toS),
    localDay: (tS) => site.localDay(tS),
    localDayStartS: (day) => site.localDayStartS(day),
    shifts: (fromS, toS) => site.shifts(fromS, toS),
    lastLocalTimeS: (tS, second) => site.lastLocalTimeS(tS, second),
    ...changes,
  };
}
