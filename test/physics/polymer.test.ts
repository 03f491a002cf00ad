import assert from 'node:assert/strict';
import test from 'node:test';
import {
  coolingTimeS,
  cyclePhase,
  effortSeconds,
  mouldingCycle,
  POLYMERS,
  type Polymer,
  REST_EFFORT,
} from '../../src/physics/polymer.ts';

const WALL_MM = 4.2;
const pp = POLYMERS[0] as Polymer;
const cycleOf = (polymer: Polymer, mouldExcessK = 0, injectFactor = 1, screwFactor = 1) =>
  mouldingCycle(polymer, WALL_MM, mouldExcessK, injectFactor, screwFactor);
const near = (value: number, expected: number, within: number) =>
  assert.ok(Math.abs(value - expected) <= within, `${value} against ${expected}`);

test('cooling and cycle times of the five polymers match their table', () => {
  const expected = [
    ['PP', 22.3, 39.3],
    ['ABS', 29.5, 46.5],
    ['PA66', 14, 31],
    ['PC', 23.2, 40.2],
    ['PE-HD', 18.3, 35.3],
  ] as const;
  for (const [i, [name, coolingS, cycleS]] of expected.entries()) {
    const polymer = POLYMERS[i] as Polymer;
    assert.equal(polymer.name, name);
    near(coolingTimeS(polymer, WALL_MM, polymer.mouldTempC), coolingS, 0.06);
    near(cycleOf(polymer).cycleS, cycleS, 0.06);
  }
});

test('twice the wall takes four times as long to cool', () => {
  near(coolingTimeS(pp, 6, 40) / coolingTimeS(pp, 3, 40), 4, 1e-12);
});

test('a warmer mould cools ever more slowly, without limit towards the ejection temperature', () => {
  assert.ok(coolingTimeS(pp, WALL_MM, 55) > coolingTimeS(pp, WALL_MM, 40));
  assert.ok(coolingTimeS(pp, WALL_MM, 89.999) > 3 * coolingTimeS(pp, WALL_MM, 55));
  assert.equal(coolingTimeS(pp, WALL_MM, 90), Number.POSITIVE_INFINITY);
});

test('a mould 15 K too warm lengthens a cycle from 39.3 s to 44.8 s', () => {
  near(cycleOf(pp, 15).cycleS, 44.75, 0.1);
});

test('with a thin wall the screw sets the length of the cycle', () => {
  const thin = mouldingCycle(pp, 1, 0, 1, 1);
  assert.equal(thin.cycleS, 3 + 3 + 6 + 12.5 + 5);
  assert.equal(mouldingCycle(pp, 1, 0, 1, 1.1).cycleS, thin.cycleS + 0.1 * 11);
});

test('phases follow one another, each up to its end', () => {
  const cycle = cycleOf(pp);
  const phases = [0, 3, 3.1, 6, 9, 12, 20, 23, 30, 35, 39, 39.5].map((s) => cyclePhase(cycle, s));
  assert.deepEqual(phases, [0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6]);
});

test('effort adds up over the phases of a cycle, and continues slowly at rest', () => {
  const cycle = cycleOf(pp);
  assert.equal(effortSeconds(cycle, 1, 0), 0);
  near(effortSeconds(cycle, 1, 3), 1.5, 1e-12);
  near(effortSeconds(cycle, 1, 6), 4.5, 1e-12);
  near(effortSeconds(cycle, 1, 12), 4.5 + 6 * 0.38, 1e-12);
  near(effortSeconds(cycle, 1, 23), 4.5 + 6 * 0.38 + 11 * 0.6, 1e-12);
  const whole = effortSeconds(cycle, 1, cycle.cycleS);
  near(whole, 4.5 + 2.28 + 6.6 + 0.15 * (cycle.cooledS - 23) + 5 * 0.33, 1e-9);
  near(effortSeconds(cycle, 1, cycle.cycleS + 10) - whole, 10 * REST_EFFORT, 1e-9);
  near(effortSeconds(cycle, 1.2, cycle.cycleS) - whole, 0.2 * 6.6, 1e-9);
});
