/** A published or derived range that a statistic of the simulated readings must lie in. */
export interface Bound {
  readonly id: string;
  /** The machine type it holds for, `all`, or what all machines share: `grid`, `weather`. */
  readonly machineType: string;
  readonly statistic: string;
  readonly conditions: string;
  /** None: unbounded on that side. */
  readonly low: number | null;
  readonly high: number | null;
  readonly unit: string;
  readonly source: string;
}

/** Conditions of most bounds: each season is watched as it is. */
export const WATCHED = '28 d, noise on, anomalies off';

/** Conditions of the bounds on anomalies. */
export const AN_HOUR = 'anomaly on, steady part of 1 h at F=1, against same window without anomaly';
