import assert from 'node:assert/strict';
import test from 'node:test';
import {
  drivePowerFactor,
  motorEfficiencyShare,
  motorLossKw,
  motorReactiveKvar,
  powerFactor,
} from '../../src/physics/electricity.ts';

const near = (value: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(value - expected) <= tolerance, `${value} instead of ${expected}`);

test('IE3 motors have the efficiencies of the standard’s table', () => {
  near(motorEfficiencyShare(5.5), 0.896, 0.001);
  near(motorEfficiencyShare(22), 0.93, 0.001);
  near(motorEfficiencyShare(55), 0.946, 0.001);
  assert.equal(motorEfficiencyShare(1000), motorEfficiencyShare(200));
});

test('losses at rated load match the rated efficiency, which peaks at 85 % load', () => {
  near(motorLossKw(22, 0.93, 1), 22 * (1 / 0.93 - 1), 1e-12);
  const efficiency = (x: number) => (22 * x) / (22 * x + motorLossKw(22, 0.93, x));
  const loads = Array.from({ length: 100 }, (_, i) => 0.02 + i / 50);
  const best = loads.reduce((a, b) => (efficiency(b) > efficiency(a) ? b : a));
  near(best, 0.85, 0.02);
});

test('the power factor of a motor falls from 0.87 at full load to 0.2 near no load', () => {
  const at = (share: number) => powerFactor(share, motorReactiveKvar(share, 1));
  near(at(1), 0.87, 0.001);
  near(at(0.5), 0.76, 0.01);
  near(at(0.25), 0.55, 0.02);
  near(at(0.05), 0.15, 0.05);
});

test('no load has no phase shift', () => {
  assert.equal(powerFactor(0, 0), 1);
});

test('a drive has a power factor of 0.95 at full load and less below', () => {
  near(drivePowerFactor(22, 22), 0.947, 0.001);
  near(drivePowerFactor(0, 22), 0.67, 0.001);
});
