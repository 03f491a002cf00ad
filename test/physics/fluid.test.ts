import assert from 'node:assert/strict';
import test from 'node:test';
import {
  buildPowerShare,
  FULL_HYDRAULIC_SHARE,
  hydraulicPowerKw,
  NO_LOAD,
  type PumpLoad,
  pumpFlowSum,
  pumpLoadSquareSum,
  pumpLoadSum,
  pumpShaftShare,
  setPumpLoad,
} from '../../src/physics/fluid.ts';

const LEAK = 0.05;

function load(...phase: Parameters<typeof setPumpLoad> extends [PumpLoad, ...infer R] ? R : never) {
  const x: PumpLoad = { ...NO_LOAD };
  setPumpLoad(x, ...phase);
  return x;
}

/** An integral by brute force: the midpoint rule. */
function integral(f: (u: number) => number, from: number, to: number): number {
  const steps = 20_000;
  let sum = 0;
  for (let i = 0; i < steps; i++) sum += f(from + ((to - from) * (i + 0.5)) / steps);
  return (sum * (to - from)) / steps;
}

test('180 bar and 163 L/min are 48.9 kW', () => {
  assert.ok(Math.abs(hydraulicPowerKw(180, 163) - 48.9) < 1e-9);
  assert.equal(hydraulicPowerKw(0, 163), 0);
});

test('a piston pump is 82 to 93 % efficient at full pressure and flow, hardly less at half', () => {
  const at = (p: number) => (FULL_HYDRAULIC_SHARE * p) / pumpShaftShare(p, 1, LEAK);
  assert.ok(at(1) > 0.82 && at(1) < 0.93, String(at(1)));
  assert.ok(at(0.5) > 0.82 && at(0.5) < at(1), String(at(0.5)));
});

test('a pump uses more than its hydraulic power, and some power without flow', () => {
  for (const p of [0, 0.2, 0.6, 1])
    for (const q of [0, 0.3, 1])
      assert.ok(pumpShaftShare(p, q, LEAK) > FULL_HYDRAULIC_SHARE * p * q);
  assert.ok(pumpShaftShare(0, 0, LEAK) > 0);
});

test('power at constant pressure is proportional to the leakage', () => {
  const grown = (leak: number) => pumpShaftShare(1, 0.01, leak) - pumpShaftShare(1, 0.01, 0);
  assert.ok(Math.abs(grown(0.3) - 6 * grown(0.05)) < 1e-12);
});

test('the polynomial of a build is the load at every instant, and its sums are the integrals', () => {
  const x = load(0.12, 0.97, 0.9, 0.04, 0.11, 1);
  const pressure = (u: number) => 0.12 + 0.85 * u;
  const falling = (u: number) => 0.9 * (1 - Math.exp(8 * Math.log(u)));
  const shaft = (u: number) => pumpShaftShare(pressure(u), falling(u), 0.15);
  for (const [from, to] of [
    [0, 1],
    [0.2, 0.7],
    [0.9, 1],
  ] as const) {
    const near = (value: number, expected: number) =>
      assert.ok(Math.abs(value - expected) < 1e-8, `${value} ≠ ${expected}`);
    near(pumpLoadSum(x, to) - pumpLoadSum(x, from), integral(shaft, from, to));
    near(
      pumpLoadSquareSum(x, to) - pumpLoadSquareSum(x, from),
      integral((u) => shaft(u) * shaft(u), from, to),
    );
    near(
      pumpFlowSum(x, to) - pumpFlowSum(x, from),
      integral((u) => falling(u) + 0.11 * pressure(u), from, to),
    );
  }
});

test('a steady flow at one pressure is a constant load', () => {
  const x = load(0.8, 0.8, 0.3, LEAK, 0, 0);
  const shaft = pumpShaftShare(0.8, 0.3, LEAK);
  assert.ok(Math.abs(pumpLoadSum(x, 0.5) - shaft / 2) < 1e-15);
  assert.ok(Math.abs(pumpLoadSquareSum(x, 1) - shaft * shaft) < 1e-15);
  assert.equal(pumpFlowSum(x, 1), 0.3);
});

test('the hydraulic power of a build is the integral of pressure times flow and leak', () => {
  const pressure = (u: number) => 0.12 + 0.88 * u;
  const flow = (u: number) => 0.9 * (1 - Math.exp(8 * Math.log(u))) + 0.2 * pressure(u);
  const power = integral((u) => FULL_HYDRAULIC_SHARE * pressure(u) * flow(u), 0, 1);
  assert.ok(Math.abs(buildPowerShare(0.12, 1, 0.9, 0.2, 1) - power) < 1e-8);
  const steady = (u: number) => 0.9 + 0.2 * pressure(u);
  const fixed = integral((u) => FULL_HYDRAULIC_SHARE * pressure(u) * steady(u), 0, 1);
  assert.ok(Math.abs(buildPowerShare(0.12, 1, 0.9, 0.2, 0) - fixed) < 1e-8);
});
