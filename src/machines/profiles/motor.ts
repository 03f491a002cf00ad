import type { Profile } from '../../core/profile.ts';

/** Of the conveyor. */
export const motorProfile: Profile = {
  states: [
    '`running`: the belt moves at 20 % of its speed or faster.',
    '`idle`: it stands in a micro-stop of one or two minutes, drive and brake on.',
    'The drive changes the speed by 2 % a second: up after a start, down before a maintenance.',
    'Cold belts and bearings have 8 % more friction, which goes within half an hour.',
  ],
  relevantVariables: [
    'Items (`production_count`): torque goes with how full the belt is.',
    'Speed: power goes with it, not with its cube.',
  ],
  staticFactors: ['Friction of the empty belt, weight of the goods, efficiency class, drive.'],
  wear: 'Friction +5 % from one maintenance to the next, +0.5 % a year; vibration +25 %.',
  sources: [
    'DIN 22101: resistances of belt conveyors.',
    'IEC 60034-30-1: efficiency class IE3.',
    'US DOE: Determining Electric Motor Load and Efficiency; Motor Tip Sheet 11.',
  ],
  plot: ['powerKw', 'speedPercent', 'throughputUnitsPerHour'],
};
