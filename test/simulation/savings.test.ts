/** What a change saves: the difference between the factory without it and as it is. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChangeOccurrence, Story } from '../../src/core/story.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { createFleet, type Fleet, nextFleet } from '../../src/simulation/fleet.ts';
import { EnergyCount, interact, isUntouched } from '../../src/simulation/savings.ts';
import { factoryOf } from '../rows.ts';
import { changeOf, energyMwh, FROM_S, fleetOf, rowsOf } from './changing.ts';

const HOUR = 3600;
const factory = factoryOf([
  { type: 'compressor', intervalS: 5 },
  { type: 'hvac' },
  { type: 'injection_molding' },
]);
const [compressor, hvac, press] = factory.machines.map(({ id }) => id) as [string, string, string];

const vsd = changeOf('vsd', [HOUR], { machine: { id: compressor, parameters: { control: 1 } } });
const warm = changeOf('warm', [2 * HOUR], {
  machine: { id: hvac, parameters: { setpointTempC: 24 } },
});

function mwhOf(fleet: Fleet, machineId: string, from: number, to: number, step = 1e9): number {
  const count = new EnergyCount(fleet, machineId, FROM_S + from, FROM_S + to);
  while (!count.advance(step));
  return count.mwh;
}

/** The fleet without some events, which shares the machines that they do not touch. */
function without(fleet: Fleet, ...events: Story['events']): Fleet {
  const stories = fleet.stories.map((story) => ({
    ...story,
    events: story.events.filter((event) => !events.includes(event)),
  }));
  return nextFleet(fleet, fleet.factories, stories);
}

const saved = (fleet: Fleet, other: Fleet, to = 6 * HOUR) =>
  fleet.machines.reduce(
    (sum, { id }) => sum + mwhOf(other, id, 0, to) - mwhOf(fleet, id, 0, to),
    0,
  );

test('savings are the difference between the readings of both, to the milliwatt-hour', () => {
  const fleet = fleetOf(factory, [vsd, warm]);
  const other = without(fleet, vsd);
  assert.ok(isUntouched(fleet, other, hvac) && isUntouched(fleet, other, press));
  assert.ok(!isUntouched(fleet, other, compressor));
  const difference =
    energyMwh(other, rowsOf(other, 0, 6 * HOUR)) - energyMwh(fleet, rowsOf(fleet, 0, 6 * HOUR));
  assert.equal(saved(fleet, other), difference);
  assert.ok(difference > 1e6, `${difference} mWh`);
});

test('a sum does not depend on how a window is cut', () => {
  const fleet = fleetOf(factory, [vsd, warm]);
  const whole = mwhOf(fleet, compressor, 0, 6 * HOUR);
  assert.equal(mwhOf(fleet, compressor, 0, 6 * HOUR, 7), whole);
  const cuts = [0, 3599, 3601, 9000, 6 * HOUR];
  const parts = cuts.slice(1).map((to, i) => mwhOf(fleet, compressor, cuts[i] as number, to));
  assert.equal(
    parts.reduce((sum, each) => sum + each, 0),
    whole,
  );
});

test('savings of measures that do not interact add up', () => {
  const fleet = fleetOf(factory, [vsd, warm]);
  const each = [vsd, warm].map((measure) => saved(fleet, without(fleet, measure)));
  assert.equal(saved(fleet, without(fleet, vsd, warm)), (each[0] as number) + (each[1] as number));
});

test('a change that sets what already holds saves nothing', () => {
  const same = changeOf('same', [HOUR], {
    machine: { id: hvac, parameters: { setpointTempC: 22 } },
  });
  const fleet = fleetOf(factory, [same]);
  assert.equal(saved(fleet, createFleet([factory], { journal: fleet.journal })), 0);
});

test('changes interact if they overlap and touch one machine, one network, or the calendar', () => {
  const networked = { ...factory, networks: { compressedAir: {} } };
  const only = (event: ReturnType<typeof changeOf>) =>
    event.between(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)[0] as ChangeOccurrence;
  const again = changeOf('again', [3 * HOUR], { machine: { id: compressor, ratedPowerKw: 45 } });
  const before = changeOf('before', [0, HOUR], { machine: { id: compressor, ratedPowerKw: 45 } });
  const user = changeOf('user', [HOUR], { machine: { id: press, parameters: { wallMm: 3 } } });
  const shift = changeOf('shift', [HOUR], { calendar: factory.calendar });
  const check = (other: ReturnType<typeof changeOf>, of = factory) =>
    interact(only(vsd), only(other), of, machineTypes);
  assert.equal(check(warm), false);
  assert.equal(check(again), true);
  assert.equal(check(before), false);
  assert.equal(check(user), false);
  assert.equal(check(user, networked), true);
  assert.equal(check(shift), true);
});
