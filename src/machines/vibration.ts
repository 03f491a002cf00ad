import { parameter, type Values } from '../core/machine.ts';
import type { Random } from '../core/random.ts';
import { clamp } from '../physics/heat.ts';

/** Random stream of what distinguishes one machine from others of its type. */
const UNIT = 61;
/** Vibration of a stopped machine, caused by its neighbours [mm/s]. */
const STANDING_MM_S = 0.6;
/** Period of the slow noise of vibration [s]. */
const NOISE_S = 120;

/** The parameter that wear and faults change. */
export const VIBRATION_FACTOR = parameter(1, [1, 10], 'Vibration, relative to a healthy machine.');

/** Vibration of a machine relative to others of its type: 0.85 to 1.15, the same for its life. */
export function unitFactor(random: Random): number {
  return 0.85 + 0.3 * random.uniform(UNIT, 0);
}

/**
 * Vibration velocity of a machine, r.m.s., at an instant [mm/s].
 *
 * @param runningMmS - Its own vibration; 0 when stopped.
 * @param stream - Random stream of its slow noise.
 */
export function vibrationMmS(
  runningMmS: number,
  random: Random,
  stream: number,
  tS: number,
): number {
  const wave = random.smooth(stream, NOISE_S, tS);
  return Math.max(STANDING_MM_S, runningMmS) * (1 + clamp(0.04 * wave, -0.12, 0.12));
}

/**
 * Vibration alerts by the zones of a medium-sized machine on flexible supports: zone C, unfit for
 * long operation, from 4.5 mm/s; zone D, where damage occurs, from 7.1 mm/s.
 *
 * @see ISO 20816-3:2022, annex A, group 2.
 */
export const HIGH_VIBRATION = {
  message: 'Vibration is high',
  signal: 'vibration [mm/s]',
  limits: [4.5, 7.1],
  band: 0.45,
  value: (state: Readonly<Values<'vibrationMmS'>>) => state.vibrationMmS,
} as const;
