import type { MachineType } from '../core/machine.ts';
import { boiler } from './boiler.ts';
import { compressor } from './compressor.ts';
import { hvac } from './hvac.ts';
import { injectionMolding } from './injection-molding.ts';
import { meter } from './meter.ts';
import { motor } from './motor.ts';
import { pump } from './pump.ts';

/** Every machine type that a factory can have. To add one: write its file, add its line. */
export const machineTypes: readonly MachineType[] = [
  boiler,
  compressor,
  hvac,
  injectionMolding,
  meter,
  motor,
  pump,
  //
];
