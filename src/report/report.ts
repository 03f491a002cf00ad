import { closeUpFigure } from './charts/close-up.ts';
import { driverFigure } from './charts/driver.ts';
import { durationFigure } from './charts/duration.ts';
import { energyFigure } from './charts/energy.ts';
import { carrierColour, type Figure, roundText } from './charts/figure.ts';
import { overTimeFigure } from './charts/over-time.ts';
import { weekFigure } from './charts/week.ts';
import { closeUpOf } from './close-up.ts';
import { DRIVERS, dependence } from './drivers.ts';
import type { FactoryTotals } from './factory-totals.ts';
import { spanName } from './grid.ts';
import { BUCKETS, type MachineTotals } from './machine-totals.ts';
import { fileName, machineNames, sentence } from './names.ts';
import type { ReportedAnomaly, ReportSource } from './report-source.ts';
import type { ReportTotals } from './report-totals.ts';

/** Most factories and machines with charts of their own; a longer report would not be read. */
const FACTORIES_MAX = 8;
const MACHINES_MAX = 12;

/** Charts under one heading. */
export interface Section {
  readonly heading: string;
  readonly about: string;
  readonly figures: readonly Figure[];
}

/** An anomaly with its number in the table and in the charts. */
export type NumberedAnomalies = ReadonlyMap<number, ReportedAnomaly>;

/** The content of a report, before it is drawn. */
export interface Report {
  readonly source: ReportSource;
  readonly totals: ReportTotals;
  readonly anomalies: NumberedAnomalies;
  readonly sections: readonly Section[];
  /** A sentence about the factories and machines without charts, or an empty text. */
  readonly omission: string;
}

/** Composes a report from totals. */
export function reportOf(source: ReportSource, totals: ReportTotals): Report {
  const anomalies = new Map(source.anomalies.map((anomaly, i) => [i + 1, anomaly]));
  const factories = totals.factories
    .slice(0, FACTORIES_MAX)
    .map((factory) => factorySection(factory, source, totals));
  const machines = totals.machines
    .toSorted((a, b) => b.energyKwh - a.energyKwh)
    .slice(0, MACHINES_MAX)
    .map((machine) => machineSection(machine, source, totals, anomalies));
  const energy = {
    heading: 'Energy',
    about: 'Energy of each carrier that each machine used.',
    figures: [energyFigure(totals.machines, machineNames(source))],
  };
  const sections = [...factories, energy, ...machines];
  return { source, totals, anomalies, sections, omission: omissionOf(totals) };
}

function omissionOf({ factories, machines }: ReportTotals): string {
  const parts = [
    { what: 'factories', max: FACTORIES_MAX, count: factories.length },
    { what: 'machines', max: MACHINES_MAX, count: machines.length },
  ].filter(({ max, count }) => count > max);
  if (parts.length === 0) return '';
  const texts = parts.map(({ what, max, count }) => `${max} of ${roundText(count)} ${what}`);
  return `Only ${texts.join(' and ')} have charts of their own.`;
}

function factorySection(
  totals: FactoryTotals,
  source: ReportSource,
  { grid }: ReportTotals,
): Section {
  const { name, location, timeZone } = totals.factory;
  const { fromMs, toMs } = source;
  const slot = spanName(grid.slotMs);
  const figures = totals.carriers.flatMap((carrier) => {
    const colour = carrierColour(carrier);
    const key = `${fileName(name)}-${fileName(carrier)}`;
    return [
      overTimeFigure({
        name: `power-${key}`,
        title: `Power (${carrier}): ${name}`,
        about: `All machines together, as means over ${slot}, in UTC.`,
        fromMs,
        toMs,
        buckets: totals.powerOverTime(carrier, BUCKETS),
        colour,
        anomalies: new Map(),
      }),
      durationFigure(
        {
          name: `duration-${key}`,
          title: `Duration curve (${carrier}): ${name}`,
          about:
            'Share of the time at or above each power, all machines together, ' +
            `as means over ${slot}.`,
        },
        totals.durationCurve(carrier),
        colour,
      ),
      weekFigure(
        {
          name: `week-${key}`,
          title: `Weekly profile (${carrier}, kW): ${name}`,
          about: `Mean power in each hour of the week, in local time (${timeZone}).`,
        },
        totals.weeklyProfile(carrier),
      ),
    ];
  });
  return { heading: name, about: location, figures };
}

function machineSection(
  totals: MachineTotals,
  source: ReportSource,
  { grid }: ReportTotals,
  anomalies: NumberedAnomalies,
): Section {
  const { machine, mainCarrier } = totals;
  const { id, type, ratedPowerKw } = machine;
  const name = machineNames(source).get(id) as string;
  const { fromMs, toMs, twin } = source;
  const { carrier } = mainCarrier.use;
  const timeZone = source.factories.find((each) => each.id === machine.factoryId)?.timeZone;
  const own = new Map([...anomalies].filter(([, { machineId }]) => machineId === id));
  const colour = carrierColour(carrier);
  const key = fileName(name);
  const dependences = DRIVERS.flatMap(
    (driver) => dependence(totals, driver, [...own.values()]) ?? [],
  );
  const closeUp = typeof twin === 'string' ? undefined : closeUpOf(twin, id, fromMs, toMs);
  return {
    heading: name,
    about: `${type.title}, ${ratedPowerKw} kW.`,
    figures: [
      overTimeFigure({
        name: `power-${key}`,
        title: `Power (${carrier}): ${name}`,
        about: 'Mean of the readings, with the range from minimum to maximum, in UTC.',
        fromMs,
        toMs,
        buckets: mainCarrier.powerKw.buckets,
        colour,
        anomalies: own,
      }),
      durationFigure(
        {
          name: `duration-${key}`,
          title: `Duration curve: ${name}`,
          about: `Share of the time at or above each power (${carrier}), from its readings.`,
        },
        mainCarrier.durations.durationCurve(),
        colour,
      ),
      weekFigure(
        {
          name: `week-${key}`,
          title: `Weekly profile (kW): ${name}`,
          about: `Mean power in each hour of the week, in local time (${timeZone}).`,
        },
        mainCarrier.week,
      ),
      ...dependences.map((each) =>
        driverFigure(
          `${fileName(each.driver.name)}-${key}`,
          `${sentence(each.driver.name)}: ${name}`,
          spanName(grid.periodMs),
          each,
        ),
      ),
      ...(closeUp ? [closeUpFigure(`cycle-${key}`, `Cycles: ${name}`, closeUp)] : []),
    ],
  };
}
