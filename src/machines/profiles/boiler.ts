import type { Profile } from '../../core/profile.ts';

/** Of the steam boiler. */
export const boilerProfile: Profile = {
  states: [
    '`running`: the burner fires: it modulates down to a quarter of its load and cycles below.',
    '`idle`: the burner is off in a cycle, or purges.',
    'Start: purge 40 s, light-off 10 s at least load, then heating up: 40 min from cold, ' +
      'less after a short stop.',
    'While it is serviced it cools down slowly; its pressure falls with its temperature.',
  ],
  relevantVariables: [
    'Steam (`consumption_kg`).',
    'Outdoor temperature below 15 °C: heating.',
    'Production (shift).',
  ],
  staticFactors: [
    'Economiser, pressure, oxygen in the flue gas, blow-down, feedwater temperature.',
  ],
  wear: 'Flue gas +8 K from one maintenance to the next, +0.5 K a year.',
  sources: [
    'US DOE: Improving Steam System Performance, 2nd ed.; Steam Tip Sheets 3 and 7.',
    'Siegert’s formula (1. BImSchV, annex 2); EN 12953-11; ASME PTC 4; EN 746-2 on purging.',
    'IAPWS-IF97; Antoine’s equation.',
  ],
  plot: ['flowRateM3h', 'flowRateKgH', 'pressureBar'],
};
