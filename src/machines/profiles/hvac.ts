import type { Profile } from '../../core/profile.ts';

/** Of the air conditioning. */
export const hvacProfile: Profile = {
  states: [
    '`running`: at least one stage is on; every ten minutes the controller decides anew.',
    '`idle`: fan and controls only, or cooling with outdoor air.',
    'A stage runs or stands for two minutes at least; start-ups stay under six an hour.',
    'While it is serviced nothing cools: the zone floats.',
  ],
  relevantVariables: [
    'Outdoor temperature: it sets load, COP and what the economiser can do.',
    'Production (shift): heat of people and machines, chilled water for processes.',
    'Sun.',
  ],
  staticFactors: ['Set points, internal heat, process cooling, clean coils, size of the chiller.'],
  wear: 'Condenser approach +15 % from one maintenance to the next, +1 % a year; vibration +25 %.',
  sources: [
    'EnergyPlus: datasets/AirCooledChiller.idf; Engineering Reference, electric EIR chiller.',
    'AHRI 551/591: IPLV.',
    'Kim, Braun: Int. J. Refrigeration 35 (2012): refrigerant charge.',
    'Modelica Buildings Library: Fluid.Chillers.',
  ],
  plot: ['powerKw', 'chilledWaterSupplyTempC', 'indoorTempC'],
};
