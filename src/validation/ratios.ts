import type { Check } from './check.ts';
import type { Trial } from './laboratory.ts';
import { pick, type Series } from './series.ts';
import { mean } from './statistics.ts';

/** The mean of a field with an anomaly against that without it, one a season. */
export function ratios(
  anomalyType: string,
  severity: number,
  name: string,
  changes: Partial<Trial> = {},
): NonNullable<Check['byTrial']> {
  const finite = (series: Series) => pick(series.column(name), (i) => isKnown(series, name, i));
  return (laboratory, specimen) =>
    laboratory
      .pairs(specimen, anomalyType, severity, changes)
      .map(({ faulty, healthy }) => mean(finite(faulty)) / mean(finite(healthy)));
}

function isKnown(series: Series, name: string, i: number): boolean {
  return !Number.isNaN(series.column(name)[i]);
}
