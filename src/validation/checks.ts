import type { Check } from '../core/realism.ts';
import { machineChecks } from '../machines/realism.ts';
import { anomalyChecks } from './anomalies.ts';
import { everyMachineChecks } from './every-machine.ts';
import { gridChecks } from './grid.ts';
import { weatherChecks } from './weather.ts';

/** Every check, in the order of the report. */
export const CHECKS: readonly Check[] = [
  ...everyMachineChecks,
  ...gridChecks,
  ...weatherChecks,
  ...machineChecks,
  ...anomalyChecks,
];
