/** A machine type of your own: an electric oven that heats whenever its factory works. */
import {
  Batch,
  createFleet,
  createReader,
  DEFAULT_FACTORY,
  decimal,
  defineMachine,
  ELECTRICITY,
  machineTypes,
  parameter,
  READING,
  readingAt,
} from 'enms-simulator';

/** The oven takes a new power at each full minute. */
const SLOT_S = 60;

export const oven = defineMachine({
  type: 'oven',
  title: 'Electric oven',
  plural: 'ovens',
  intervalS: 5,
  typicalRatedPowerKw: [5, 100],
  // Each has a default, its limits and a description.
  parameters: {
    ratedPowerKw: parameter(20, [1, 1000], 'Power of its heating.'),
    setTempC: parameter(220, [50, 400], 'Temperature that it holds.'),
    idleShare: parameter(0.1, [0, 1], 'Power between shifts, as a share of the rated one.'),
  },
  derived: () => ({}),
  // What its readings tell.
  channels: { energy: ELECTRICITY, environmental: { ovenTempC: decimal(1, { offset: 0.2 }) } },
  // What is added up between two readings.
  sums: ['energyKws'],
  anchorS: (_parameters, _site, timeS) => Math.floor(timeS / SLOT_S) * SLOT_S,
  start: () => ({ heatKw: 0, operatingMode: 1 }),
  // Its state from here to the time that it returns.
  begin(state, parameters, site, _random, timeS) {
    const slotS = Math.floor(timeS / SLOT_S) * SLOT_S;
    const { idleShare, ratedPowerKw } = parameters;
    state.heatKw = ratedPowerKw * (idleShare + (1 - idleShare) * site.at(slotS).load);
    return slotS + SLOT_S;
  },
  accumulate(state, _parameters, fromS, toS) {
    state.energyKws += state.heatKw * (toS - fromS);
  },
  report(state, parameters, _site, _random, _timeS, intervalS) {
    state.powerKw = state.energyKws / intervalS;
    state.ovenTempC = parameters.setTempC;
  },
  powerFactor: () => 1,
  faults: {
    door_open: {
      onset: 'step',
      about: 'The door does not close.',
      signals: ['powerKw'],
      apply(parameters, intensity) {
        parameters.idleShare += 0.2 * intensity;
      },
    },
  },
  alerts: {},
});

const bakery = {
  ...DEFAULT_FACTORY,
  name: 'Bakery',
  machines: [
    { id: 'oven-1', name: 'Oven 1', type: 'oven', ratedPowerKw: 30, intervalS: 5, topic: 'oven-1' },
  ],
};
const reader = createReader(createFleet([bakery], { types: [...machineTypes, oven] }));
const batch = new Batch();
reader.seek(Date.parse('2026-03-03T09:00:00Z'));
reader.read(Date.parse('2026-03-03T09:01:00Z'), batch);
for (let row = 0; row < batch.length; row++)
  if ((batch.flags[row] ?? 0) & READING) console.log(readingAt(batch, row));
