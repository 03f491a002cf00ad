import assert from 'node:assert/strict';
import test from 'node:test';
import { ATMOSPHERE_BAR, isentropicKwPerM3Min, normalFlowShare } from '../../src/physics/air.ts';

test('the least work for 7 bar is 4.76 kW per m³/min', () => {
  const work = isentropicKwPerM3Min(ATMOSPHERE_BAR, ATMOSPHERE_BAR + 7);
  assert.ok(Math.abs(work - 4.76) < 0.01, `${work}`);
});

test('without a pressure rise there is no work', () => {
  assert.equal(isentropicKwPerM3Min(1, 1), 0);
});

test('at 20 °C a volume of air is its own normal volume, and warm air is less', () => {
  assert.equal(normalFlowShare(20), 1);
  assert.ok(Math.abs(normalFlowShare(30) - (1 - 0.034)) < 0.002);
});
