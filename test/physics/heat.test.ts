import assert from 'node:assert/strict';
import test from 'node:test';
import { FORGETTING_TAUS, lag, onGrid } from '../../src/physics/heat.ts';

test('a lag covers 63 % of the way in one time constant, and eventually all of it', () => {
  assert.ok(Math.abs(lag(0, 100, 60, 60) - 63.2) < 0.05);
  assert.equal(lag(5, 100, 60, 0), 5);
  assert.equal(lag(0, 100, 60, 1e6), 100);
});

test('two half steps of a lag equal a whole one', () => {
  const whole = lag(20, 80, 300, 60);
  assert.ok(Math.abs(lag(lag(20, 80, 300, 30), 80, 300, 30) - whole) < 1e-12);
});

test('on the grid, two histories become equal bit for bit', () => {
  for (const stepS of [10, 60, 900]) {
    const tauS = 1500;
    let [a, b] = [0, 120];
    for (let tS = 0; tS < FORGETTING_TAUS * tauS; tS += stepS) {
      const target = 40 + 20 * Math.sin(tS / 1000);
      a = onGrid(lag(a, target, tauS, stepS));
      b = onGrid(lag(b, target, tauS, stepS));
    }
    assert.equal(a, b);
  }
});
