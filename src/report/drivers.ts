import { type Line, leastSquares } from '../core/statistics.ts';
import type { MachineTotals, Period } from './machine-totals.ts';
import type { ReportedAnomaly } from './report-source.ts';

/** A variable that may explain a machine's power. */
export interface Driver {
  /** `outdoor temperature`. */
  readonly name: string;
  readonly unit: string;
  /** Unit of the slope. */
  readonly slopeUnit: string;
  /** Its symbol in an equation. */
  readonly symbol: string;
  of(period: Period): number;
}

/** The relevant variables (ISO 50006) that readings contain. */
export const DRIVERS: readonly Driver[] = [
  {
    name: 'outdoor temperature',
    unit: '°C',
    slopeUnit: 'kW/K',
    symbol: 'T',
    of: ({ outdoorTempC }) => outdoorTempC,
  },
  {
    name: 'production',
    unit: 'units/h',
    slopeUnit: 'kWh/unit',
    symbol: 'n',
    of: ({ unitsPerHour }) => unitsPerHour,
  },
];

/** Fewest periods from which a regression line is meaningful. */
const PERIODS_MIN = 5;

/** A machine's power against a driver, period by period. */
export interface Dependence {
  readonly driver: Driver;
  readonly points: readonly DependencePoint[];
  /** The regression line through all points, if there is one. */
  readonly line: Line | undefined;
}

/** One period. */
export interface DependencePoint {
  readonly x: number;
  readonly powerKw: number;
  readonly isAnomalous: boolean;
}

/**
 * Relates a machine's mean power to a driver and fits a line by ordinary least squares, like a
 * baseline with one relevant variable (ISO 50006:2014, Annex D). Undefined if the machine does not
 * report the driver.
 */
export function dependence(
  totals: MachineTotals,
  driver: Driver,
  anomalies: readonly ReportedAnomaly[],
): Dependence | undefined {
  const spans = anomalies.map(({ fromMs, toMs }) => totals.periodsOf(fromMs, toMs));
  const points = totals
    .periods()
    .map((period) => ({
      x: driver.of(period),
      powerKw: period.powerKw,
      isAnomalous: spans.some(({ first, last }) => period.index >= first && period.index <= last),
    }))
    .filter(({ x }) => !Number.isNaN(x));
  if (points.length === 0) return undefined;
  const line = leastSquares(
    points.map(({ x }) => x),
    points.map(({ powerKw }) => powerKw),
  );
  const isLine = points.length >= PERIODS_MIN && Number.isFinite(line.slope);
  return { driver, points, line: isLine ? line : undefined };
}
