import type { MachineType } from '../core/machine.ts';
import { boiler } from './boiler/boiler.ts';
import { compressor } from './compressor/compressor.ts';
import { hvac } from './hvac/hvac.ts';
import { injectionMolding } from './injection-molding/injection-molding.ts';
import { meter } from './meter/meter.ts';
import { motor } from './motor/motor.ts';
import { pump } from './pump/pump.ts';

/** Every machine type that a factory can have. To add one: write its file and append its line. */
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
