import assert from 'node:assert/strict';
import test from 'node:test';
import { philoxBlock, Random, white } from '../../src/core/random.ts';

const ALL_ONES = 0xffffffff;

test('Philox4x32-10 gives the known answers of the Random123 library', () => {
  assert.deepEqual(
    philoxBlock([0, 0, 0, 0], [0, 0]),
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  );
  assert.deepEqual(
    philoxBlock([ALL_ONES, ALL_ONES, ALL_ONES, ALL_ONES], [ALL_ONES, ALL_ONES]),
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  );
  assert.deepEqual(
    philoxBlock([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  );
});

test('smooth noise has mean 0, variance 1 and the published autocorrelation', () => {
  const random = new Random(1, 'm');
  const values = Array.from({ length: 400_000 }, (_, i) => random.smooth(0, 10, i * 2.5));
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const correlation = (lag: number) =>
    mean(values.slice(lag).map((value, i) => value * (values[i] as number)));
  assert.ok(Math.abs(mean(values)) < 0.02);
  assert.ok(Math.abs(correlation(0) - 1) < 0.02);
  for (const [lag, expected] of [
    [2, 0.84],
    [4, 0.49],
    [6, 0.2],
    [8, 0.05],
  ] as const)
    assert.ok(Math.abs(correlation(lag) - expected) < 0.02, `lag ${lag}`);
});

test('smooth noise does not depend on the order of calls', () => {
  const forward = new Random(7, 'm');
  const backward = new Random(7, 'm');
  const times = Array.from({ length: 500 }, (_, i) => i * 7.3);
  const expected = times.map((tS) => forward.smooth(3, 20, tS));
  const found = times.toReversed().map((tS) => backward.smooth(3, 20, tS));
  assert.deepEqual(found.toReversed(), expected);
});

test('normal draws have variance 1 and never leave ±4.88', () => {
  const random = new Random(2, 'm');
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < 100_000; i++) {
    const value = random.gauss(20, i);
    assert.ok(Math.abs(value) < 4.89);
    sum += value;
    squares += value * value;
  }
  assert.ok(Math.abs(sum / 1e5) < 0.015);
  assert.ok(Math.abs(squares / 1e5 - 1) < 0.02);
});

test('sensor errors lie within ±1, and those of neighbours are independent', () => {
  const [a, b] = [new Random(3, 'a'), new Random(3, 'b')];
  let between = 0;
  let next = 0;
  let before = 0;
  for (let tick = 0; tick < 100_000; tick++) {
    const value = white(a.bits(tick));
    assert.ok(Math.abs(value) <= 1);
    between += value * white(b.bits(tick));
    next += value * before;
    before = value;
  }
  assert.ok(Math.abs(between / 1e5) < 0.002);
  assert.ok(Math.abs(next / 1e5) < 0.002);
});

test('another seed, another id or another stream gives another number', () => {
  const numbers = [
    new Random(1, 'a').uniform(5, 9),
    new Random(2, 'a').uniform(5, 9),
    new Random(1, 'b').uniform(5, 9),
    new Random(1, 'a').uniform(6, 9),
    new Random(1, 'a').uniform(5, 10),
  ];
  assert.equal(new Set(numbers).size, numbers.length);
});
