import { ANOMALIES_BOUNDS } from './anomalies.ts';
import { BOILER_BOUNDS } from './boiler.ts';
import type { Bound } from './bound.ts';
import { COMPRESSOR_BOUNDS } from './compressor.ts';
import { EVERY_MACHINE_BOUNDS } from './every-machine.ts';
import { GRID_BOUNDS } from './grid.ts';
import { HVAC_BOUNDS } from './hvac.ts';
import { INJECTION_MOLDING_BOUNDS } from './injection-molding.ts';
import { MOTOR_BOUNDS } from './motor.ts';
import { PUMP_BOUNDS } from './pump.ts';
import { WEATHER_BOUNDS } from './weather.ts';

/** Every bound, in the order in which they are told. */
export const BOUNDS: readonly Bound[] = [
  ...EVERY_MACHINE_BOUNDS,
  ...GRID_BOUNDS,
  ...WEATHER_BOUNDS,
  ...COMPRESSOR_BOUNDS,
  ...HVAC_BOUNDS,
  ...MOTOR_BOUNDS,
  ...PUMP_BOUNDS,
  ...INJECTION_MOLDING_BOUNDS,
  ...BOILER_BOUNDS,
  ...ANOMALIES_BOUNDS,
];
