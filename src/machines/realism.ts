import type { Check } from '../core/realism.ts';
import { boilerChecks } from './boiler/realism.ts';
import { compressorChecks } from './compressor/realism.ts';
import { hvacChecks } from './hvac/realism.ts';
import { injectionMoldingChecks } from './injection-molding/realism.ts';
import { motorChecks } from './motor/realism.ts';
import { pumpChecks } from './pump/realism.ts';

/** Checks of machine types, in the order of the validation report. */
export const machineChecks: readonly Check[] = [
  ...compressorChecks,
  ...hvacChecks,
  ...motorChecks,
  ...pumpChecks,
  ...injectionMoldingChecks,
  ...boilerChecks,
];
