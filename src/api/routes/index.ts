import type { Api, App } from '../context.ts';
import { anomalies } from './anomalies.ts';
import { baseline } from './baseline.ts';
import { cluster } from './cluster.ts';
import { config } from './config.ts';
import { dashboard } from './dashboard.ts';
import { defects } from './defects.ts';
import { exports } from './exports.ts';
import { factories } from './factories.ts';
import { groundTruth } from './ground-truth.ts';
import { health } from './health.ts';
import { journal } from './journal.ts';
import { machineTypeCatalogue } from './machine-types.ts';
import { machines } from './machines.ts';
import { measures } from './measures.ts';
import { metrics } from './metrics.ts';
import { readings } from './readings.ts';
import { registry } from './registry.ts';
import { root } from './root.ts';
import { scenarios } from './scenarios.ts';
import { series } from './series.ts';
import { simulation } from './simulation.ts';
import { stream } from './stream.ts';

/** Every group of routes, in the order of the documentation. */
export const routes: readonly ((app: App, api: Api) => void)[] = [
  root,
  health,
  simulation,
  machines,
  anomalies,
  groundTruth,
  scenarios,
  defects,
  measures,
  readings,
  series,
  baseline,
  stream,
  config,
  machineTypeCatalogue,
  factories,
  metrics,
  registry,
  journal,
  cluster,
  exports,
  dashboard,
];
