import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageCounter } from '../../src/delivery/figures.ts';
import { Pace } from '../../src/delivery/pace.ts';
import { demoFleet } from './demo.ts';

test('a fleet’s rate is one message per channel and interval, plus statuses', () => {
  const [compressor] = demoFleet().machines;
  assert.ok(compressor);
  const counter = new MessageCounter();
  assert.equal(counter.perSimulatedS([compressor], 60), 3 + 1 / 60);
  assert.equal(counter.perSimulatedS([compressor, compressor], 60), 2 * (3 + 1 / 60));
  assert.equal(counter.perSimulatedS([compressor], 0), 3 + 1);
});

test('a sink is behind from five seconds on, until it has almost caught up', () => {
  const pace = new Pace(1000, 4);
  assert.equal(pace.observe(4000), false);
  assert.equal(pace.observe(6000), true);
  assert.equal(pace.isBehind, true);
  assert.equal(pace.observe(2000), false);
  assert.equal(pace.isBehind, true);
  assert.equal(pace.observe(1000), true);
  assert.equal(pace.isBehind, false);
});

test('live, there is no limit, however fast time passes', () => {
  const pace = new Pace(1000, 4);
  assert.equal(pace.rate(3600), Number.POSITIVE_INFINITY);
  assert.equal(pace.waitMs(100_000, 3600, 0), 0);
  assert.equal(pace.rows(3600, 4), 4096);
});

test('behind, the limit is CATCH_UP_RATE, in slices that fit a broker’s queue', () => {
  const pace = new Pace(1000, 4);
  pace.observe(60_000);
  assert.equal(pace.rate(1), 1000);
  assert.equal(pace.rows(1, 4), 25);
  let nowMs = 10_000;
  let messages = 0;
  while (nowMs < 20_000) {
    messages += 100;
    nowMs += pace.waitMs(100, 1, nowMs);
  }
  assert.ok(Math.abs(messages - 10_000) <= 200, `${messages} messages in ten seconds`);
});

test('behind, it is never too slow to catch up', () => {
  const pace = new Pace(1000, 4);
  pace.observe(60_000);
  assert.equal(pace.rate(3600), 2 * 4 * 3600);
});

test('a large fleet that is a minute behind catches up within a minute, at any CATCH_UP_RATE', () => {
  const livePerS = 76_000;
  for (const catchUpRate of [1, 1000, 100_000]) {
    const pace = new Pace(catchUpRate, livePerS);
    let [nowMs, lagMs] = [0, 60_000];
    pace.observe(lagMs);
    while (pace.isBehind && nowMs < 300_000) {
      const messages = 4 * pace.rows(1, 4);
      const waitMs = pace.waitMs(messages, 1, nowMs);
      nowMs += waitMs;
      lagMs += waitMs - (1000 * messages) / livePerS;
      pace.observe(lagMs);
    }
    assert.ok(nowMs < 61_000, `${catchUpRate}: behind for ${nowMs} ms`);
  }
});

test('a rate of 0 is no limit', () => {
  const pace = new Pace(0, 4);
  pace.observe(60_000);
  assert.equal(pace.rate(1), Number.POSITIVE_INFINITY);
  assert.equal(pace.waitMs(100_000, 1, 0), 0);
});

test('a slow sink does not cause a burst later', () => {
  const pace = new Pace(1000, 4);
  pace.observe(60_000);
  pace.waitMs(100, 1, 0);
  let waitMs = 0;
  let messages = 0;
  while (waitMs === 0) {
    messages += 100;
    waitMs = pace.waitMs(100, 1, 60_000);
  }
  assert.ok(messages <= 200, `${messages} messages at once`);
});
