import type { Profile } from '../../core/profile.ts';

/** Of the injection moulding machine. */
export const injectionMoldingProfile: Profile = {
  states: [
    '`running`: cycles of clamping, injection, holding, plasticising, cooling, ejection.',
    '`idle`: between the cycles of a half-hour, heaters and pump on, or warming up.',
    'Start: the heaters bring the barrel from what it has kept to five kelvins below set point: ' +
      '50 min from cold, a minute after a short stop. The first three shots are mostly scrap.',
    'While it is serviced its heaters are off.',
    'Mould and oil cooler take chilled water where the factory has such a network.',
  ],
  relevantVariables: [
    'Mass moulded: parts times the shot in `recipe_id`.',
    'Hours at temperature: heaters, pump and auxiliaries take 15 to 25 % of the power in stand-by.',
  ],
  staticFactors: ['Polymer, shot, wall of the part, pump, insulation of the barrel.'],
  wear: 'Power of the pump +2 % from one maintenance to the next; vibration +25 %.',
  sources: [
    'Kent: Energy Management in Plastics Processing; Socks, ACEEE.',
    'Thiriez, Gutowski: IEEE ISEE 2006; Madan et al., MSEC2013-1222.',
    'EUROMAP 60.1; Rao, Schumacher: Design Formulas for Plastics Engineers, 2nd ed.',
  ],
  plot: ['powerKw', 'pressureBar', 'machineTempC'],
};
