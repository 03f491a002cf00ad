import assert from 'node:assert/strict';
import test from 'node:test';
import {
  carnotCop,
  chillerCapacityShare,
  condensingTempC,
  coolingCallShare,
  economiserMostKw,
  fanPowerShare,
  solarShare,
  waterFlowM3h,
  waterWarmingK,
  zoneTempC,
} from '../../src/physics/cooling.ts';

/** COP of the air-cooled chiller at half that of an ideal machine, and 7 °C water. */
const cop = (outdoorTempC: number, stageShare: number) =>
  0.5 * carnotCop(7, condensingTempC(outdoorTempC, stageShare, 1));
const near = (value: number, expected: number, within: number) =>
  assert.ok(Math.abs(value - expected) <= within, `${value} against ${expected}`);

test('at 35 °C outside and 7 °C water a chiller with all stages on has a COP between 2.6 and 3.2', () => {
  near(cop(35, 1), 3, 0.005);
  assert.ok(cop(35, 1) >= 2.6 && cop(35, 1) <= 3.2);
});

test('the COP falls from 3.84 at 25 °C to 2.47 at 45 °C, as in the prototype', () => {
  for (const [outdoorTempC, expected] of [
    [25, 3.84],
    [30, 3.37],
    [35, 3],
    [40, 2.71],
    [45, 2.47],
  ] as const)
    near(cop(outdoorTempC, 1), expected, 0.01);
  near(cop(35, 0.25), 3.52, 0.01);
});

test('the weighted COP of AHRI 551/591 lies between 3.7 and 5.0', () => {
  const weighted =
    0.01 * cop(35, 1) + 0.42 * cop(26.7, 0.75) + 0.45 * cop(18.3, 0.5) + 0.12 * cop(12.8, 0.25);
  assert.ok(weighted >= 3.7 && weighted <= 5, `${weighted}`);
});

test('a kelvin of warmer air costs 1.4 to 3 % more power for the same cooling', () => {
  const perK = Math.log(cop(25, 1) / cop(45, 1)) / 20;
  assert.ok(perK > 0.014 && perK < 0.03, `${perK}`);
});

test('head-pressure control: in cold air the condenser stays at 30 °C', () => {
  assert.equal(condensingTempC(-20, 1, 1), 30);
  assert.equal(condensingTempC(16, 1, 1), 30);
  assert.ok(condensingTempC(17, 1, 1) > 30);
  assert.equal(condensingTempC(35, 1, 2), 35 + 28);
});

test('capacity is the rated one at 35 °C and 7 °C, and bounded in the air’s temperature', () => {
  assert.equal(chillerCapacityShare(35, 7), 1);
  assert.equal(chillerCapacityShare(-30, 7), 1.12);
  assert.equal(chillerCapacityShare(90, 7), 0.75);
  near(chillerCapacityShare(35, 9), 1.06, 1e-12);
});

test('a fan uses its rated power at full flow, a quarter at three fifths, 5 % at none', () => {
  near(fanPowerShare(1), 1, 1e-12);
  near(fanPowerShare(0.6), 0.289, 0.001);
  assert.equal(fanPowerShare(0), 0.05);
});

test('the sun heats by day only, less in winter and under clouds', () => {
  assert.equal(solarShare(3, 0, 1), 0);
  assert.equal(solarShare(22, 0, 1), 0);
  near(solarShare(12, 0.25, 1), 1, 1e-12);
  assert.ok(solarShare(12, 0.25, 0) < 0.6);
  assert.ok(solarShare(12, 1, 1) < solarShare(12, 0, 1) / 2);
});

test('a zone starts where it was, ends at its limit, and is never colder than its heating', () => {
  assert.equal(zoneTempC(24, 30, 1, 19), 24);
  assert.equal(zoneTempC(24, 30, 0, 19), 30);
  assert.equal(zoneTempC(20, 5, 0.5, 19), 19);
});

test('the controller requests no cooling below its band and all of it above', () => {
  assert.equal(coolingCallShare(21.75, 22), 0);
  assert.equal(coolingCallShare(23.25, 22), 1);
  near(coolingCallShare(22.5, 22), 0.5, 1e-12);
});

test('outdoor air cools only if it is three kelvins colder, and no more below 13 °C', () => {
  assert.equal(economiserMostKw(22, 19, 30), 0);
  assert.ok(economiserMostKw(22, 18.9, 30) > 0);
  near(economiserMostKw(22, 13, 30), 0.85 * 30 * 9, 1e-9);
  assert.equal(economiserMostKw(22, -10, 30), economiserMostKw(22, 13, 30));
});

test('a cubic metre of water per hour that warms up by 5 K carries 5.8 kW', () => {
  near(waterFlowM3h(5.815, 5), 1, 1e-12);
  near(waterWarmingK(5.815, 1), 5, 1e-12);
  assert.equal(waterWarmingK(10, 0), 0);
});
