import type { Check } from '../check.ts';
import { anomalies } from './anomalies.ts';
import { boiler } from './boiler.ts';
import { compressor } from './compressor.ts';
import { everyMachine } from './every-machine.ts';
import { grid } from './grid.ts';
import { hvac } from './hvac.ts';
import { injectionMolding } from './injection-molding.ts';
import { motor } from './motor.ts';
import { pump } from './pump.ts';
import { weather } from './weather.ts';

/** Every check; each group is a file of this folder, each check belongs to the bound of its id. */
export const CHECKS: readonly Check[] = [
  ...everyMachine,
  ...grid,
  ...weather,
  ...compressor,
  ...hvac,
  ...motor,
  ...pump,
  ...injectionMolding,
  ...boiler,
  ...anomalies,
];
