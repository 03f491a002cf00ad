import type { Profile } from '../../core/profile.ts';

/** Of the hydraulic power unit. */
export const pumpProfile: Profile = {
  states: [
    '`running`: pressure is built up (24 s), held (40 s) and released (8 s).',
    '`idle`: between cycles at stand-by pressure, the motor on.',
    'Start: a soft starter runs the motor up in 10 s; what is cold drags 8 % more at first.',
    'The cycle under way ends before a maintenance; then the motor is off.',
    'Its oil cooler takes chilled water where the factory has such a network.',
  ],
  relevantVariables: [
    'Parts (`production_count`): a cycle is mostly its build and its hold.',
    'Working pressure of the recipe (`recipe_id`).',
    'Hours with the motor on: stand-by takes 8 % of the rated power.',
  ],
  staticFactors: ['Variable or fixed displacement, hold time, stand-by pressure, oil cooler.'],
  wear: 'Leakage +10 % from one maintenance to the next, +4 % a year; vibration +25 %.',
  sources: [
    'Casey, Machinery Lubrication: efficiency of axial piston pumps.',
    'Fluid Power Journal: definitions of efficiency.',
    'Helwig et al., ZeMA: hydraulic test rig (UCI, condition monitoring of hydraulic systems).',
  ],
  plot: ['powerKw', 'pressureBar', 'flowRateM3h'],
};
