import assert from 'node:assert/strict';
import test from 'node:test';
import { motorEfficiencyShare } from '../../src/physics/electricity.ts';
import {
  conveyorTorqueShare,
  driveLossShare,
  drivenMotorInputShare,
  drivenMotorLossShare,
  frameRiseK,
} from '../../src/physics/rotation.ts';

const LOSS_22_KW = 1 / motorEfficiencyShare(22) - 1;
const FULL_BELT = conveyorTorqueShare(0.8, 0.4, 1, 1);
const EMPTY_BELT = conveyorTorqueShare(0.8, 0.4, 1, 0);

function efficiency(speedShare: number, torqueShare: number): number {
  return (speedShare * torqueShare) / drivenMotorInputShare(speedShare, torqueShare, LOSS_22_KW);
}

test('a full conveyor needs its full torque, an empty one its friction', () => {
  assert.equal(FULL_BELT, 0.8);
  assert.equal(EMPTY_BELT, 0.8 * 0.4);
  assert.equal(conveyorTorqueShare(0.8, 0.4, 2, 0), 2 * EMPTY_BELT);
});

test('a driven motor has its rated losses at rated speed and torque, none at rest', () => {
  assert.equal(drivenMotorLossShare(1, 1), 1);
  assert.equal(drivenMotorLossShare(0, 0), 0);
});

test('a drive is 96 to 97 % efficient at full power, 90 to 95 % at a third of it', () => {
  const share = (speedShare: number) => {
    const motorShare = speedShare + LOSS_22_KW * drivenMotorLossShare(speedShare, 1);
    return motorShare / (motorShare + driveLossShare(speedShare, 1));
  };
  assert.ok(share(1) > 0.955 && share(1) < 0.975, String(share(1)));
  assert.ok(share(0.33) > 0.9 && share(0.33) < 0.95, String(share(0.33)));
});

test('motor and drive of 22 kW: 87 to 93 % at a full belt, 80 to 87 % at a third of the output', () => {
  assert.ok(efficiency(1, FULL_BELT) > 0.87 && efficiency(1, FULL_BELT) < 0.93);
  assert.ok(efficiency(0.35, FULL_BELT) > 0.8 && efficiency(0.35, FULL_BELT) < 0.87);
});

test('an empty belt uses 35 to 50 % of the power of a full one', () => {
  const ratio =
    drivenMotorInputShare(1, EMPTY_BELT, LOSS_22_KW) /
    drivenMotorInputShare(1, FULL_BELT, LOSS_22_KW);
  assert.ok(ratio > 0.35 && ratio < 0.5, String(ratio));
});

test('power is roughly proportional to the speed, not to its cube', () => {
  for (const torqueShare of [EMPTY_BELT, FULL_BELT]) {
    const half = drivenMotorInputShare(0.5, torqueShare, LOSS_22_KW);
    const full = drivenMotorInputShare(1, torqueShare, LOSS_22_KW);
    const exponent = Math.log(full / half) / Math.log(2);
    assert.ok(exponent > 0.85 && exponent < 1.2, String(exponent));
  }
});

test('at constant torque, input is a quadratic of the speed, for which Simpson’s rule is exact', () => {
  const at = (speedShare: number) => drivenMotorInputShare(speedShare, 0.7, LOSS_22_KW);
  const whole = (at(0.2) + 4 * at(0.5) + at(0.8)) / 6;
  const first = (at(0.2) + 4 * at(0.35) + at(0.5)) / 6;
  const second = (at(0.5) + 4 * at(0.65) + at(0.8)) / 6;
  assert.ok(Math.abs((first + second) / 2 - whole) < 1e-15);
});

test('a frame is 45 K above the air at rated losses, 0 K without losses, more at low speed', () => {
  assert.equal(frameRiseK(1, 1), 45);
  assert.equal(frameRiseK(0, 1), 0);
  assert.ok(frameRiseK(0.7, 0.3) > frameRiseK(0.7, 1));
});
