import type { Profile } from '../../core/profile.ts';

/** Of the screw compressor. */
export const compressorProfile: Profile = {
  states: [
    '`running`: loading, or loaded and filling the receiver; also the capacity check at 03:00.',
    '`idle`: unloaded with the motor on, or, after 15 min of that, with the motor off (0.3 kW).',
    'Start: star-delta for 8 s at 2.2 times the rated current, 10 s idle, 3 s until air flows.',
    'Stop for a maintenance: unloaded for 30 s, then off with the receiver shut.',
  ],
  relevantVariables: [
    'Air delivered (`production_count`, m³): the energy of an hour goes with it.',
    'Hours with the motor on: an unloaded compressor takes 27 % of full load.',
    'Air temperature in the hall: 0.15 % more power and 0.34 % less air per kelvin.',
  ],
  staticFactors: [
    'Pressure band, receiver, leaks of the network, kind of control, size of the machine.',
  ],
  wear: 'Specific power +3 % from one maintenance to the next, +0.4 % a year; vibration +25 %.',
  sources: [
    'US DOE, CAC: Improving Compressed Air System Performance, 3rd ed.; Tip Sheet 3.',
    'ORNL MEASUR: compressor defaults, blow-down 40 s, receiver formula.',
    'Marshall, Plant Services 2014: unloaded power; CAGI data sheets; ISO 1217.',
    'IEC 60034-12: starting currents.',
  ],
  plot: ['powerKw', 'pressureBar', 'flowRateM3h'],
};
