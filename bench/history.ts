/** The request of the dataset benchmarks: some days of the default factory. */

import type { FormatName } from '../src/dataset/formats/index.ts';
import type { DatasetRequest } from '../src/dataset/request.ts';
import { DEFAULT_FACTORY } from '../src/factory/default-factory.ts';
import { DEFAULT_SETTINGS } from '../src/simulation/fleet.ts';

export const FROM_MS = Date.UTC(2025, 0, 1);

export function requestOf(days: number, format: FormatName): DatasetRequest {
  return {
    version: '0.0.0',
    factories: [DEFAULT_FACTORY],
    seed: 42,
    settings: DEFAULT_SETTINGS,
    events: [],
    fromMs: FROM_MS,
    toMs: FROM_MS + days * 86_400_000,
    machineIds: DEFAULT_FACTORY.machines.map(({ id }) => id),
    format,
    compression: format === 'parquet' ? 'zstd' : 'none',
    partition: 'day',
    hasLabels: false,
    hasClean: false,
    command: '',
  };
}
