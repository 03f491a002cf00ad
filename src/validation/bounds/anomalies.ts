import { type Bound, WATCHED } from './bound.ts';

/** Anomalies and the lack of them. */
export const ANOMALIES_BOUNDS: readonly Bound[] = [
  {
    id: 'auto.anomaly_rate',
    machineType: 'all',
    statistic: 'automatic anomalies per machine-day (>=1000 machine-days)',
    conditions: 'anomalies on',
    low: 0.07,
    high: 0.13,
    unit: '1/d',
    source: 'ANOMALY_PROBABILITY 0.10, binomial',
  },
  {
    id: 'vib.healthy',
    machineType: 'all',
    statistic: 'vibration_mm_s 1..99 percentile, healthy',
    conditions: WATCHED,
    low: 0.5,
    high: 4.5,
    unit: 'mm/s',
    source: 'ISO 10816-1 class II / 10816-3 zones A-B (C limit 4.5)',
  },
];
