import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { InstantClock, RealClock } from '../../src/service/clock.ts';

const START_MS = Date.UTC(2026, 0, 14, 10);
const DAY_MS = 86_400_000;

test('simulated time is real time by default', () => {
  const clock = new RealClock({ realNowMs: () => START_MS });
  assert.equal(clock.nowMs(), START_MS);
  assert.equal(clock.speed, 1);
});

test('simulated time runs from its start at its own speed', () => {
  let realMs = 5_000_000;
  const clock = new RealClock({ speed: 3600, startMs: START_MS, realNowMs: () => realMs });
  assert.equal(clock.nowMs(), START_MS);
  realMs += 1000;
  assert.equal(clock.nowMs(), START_MS + 3_600_000);
});

test('a clock that was started in the past has continued since', () => {
  const options = { speed: 60, startMs: START_MS, realStartMs: 1000, realNowMs: () => 11_000 };
  assert.equal(new RealClock(options).nowMs(), START_MS + 600_000);
});

test('a change of speed takes effect now, and simulated time does not jump', () => {
  let realMs = 5_000_000;
  const clock = new RealClock({ speed: 3600, startMs: START_MS, realNowMs: () => realMs });
  realMs += 1000;
  const nowMs = START_MS + 3_600_000;
  const record = clock.setSpeed(0.5);
  assert.deepEqual(record, { simulatedMs: nowMs, realMs, speed: 0.5 });
  assert.deepEqual([clock.nowMs(), clock.speed], [nowMs, 0.5]);
  realMs += 1000;
  assert.equal(clock.nowMs(), nowMs + 500);
  const { simulatedMs, realMs: realStartMs, speed } = record;
  const again = new RealClock({
    speed,
    startMs: simulatedMs,
    realStartMs,
    realNowMs: () => realMs,
  });
  assert.equal(again.nowMs(), clock.nowMs());
});

test('after an increase of speed, a wait lasts at most one more second', async () => {
  const clock = new RealClock({ startMs: START_MS });
  const waiting = clock.until(START_MS + DAY_MS);
  clock.setSpeed(1e9);
  await waiting;
});

test('a speed that is not a positive number is refused', () => {
  for (const speed of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    for (const act of [() => new RealClock({ speed }), () => new RealClock().setSpeed(speed)])
      assert.throws(act, RangeError);
});

test('waiting ends when simulated time arrives, never before', async () => {
  const clock = new RealClock({ speed: 1000, startMs: START_MS });
  for (let i = 1; i <= 20; i++) {
    const timeMs = START_MS + 3000 * i;
    await clock.until(timeMs);
    assert.ok(clock.nowMs() >= timeMs, `${timeMs - clock.nowMs()} ms too early`);
  }
});

test('waiting for a past time ends at once', async () => {
  await new RealClock().until(START_MS - DAY_MS);
});

test('waiting ends within a second after a suspended host wakes up', async () => {
  let realMs = START_MS;
  const clock = new RealClock({ realNowMs: () => realMs });
  const waiting = clock.until(START_MS + DAY_MS);
  realMs += DAY_MS;
  await waiting;
});

test('waiting may be longer than a timer allows', async () => {
  const abort = new AbortController();
  const clock = new RealClock({ realNowMs: () => START_MS });
  let isOver = false;
  const waiting = clock.until(START_MS + 100 * DAY_MS, abort.signal).then(() => {
    isOver = true;
  });
  await turn();
  await turn();
  assert.equal(isOver, false);
  abort.abort();
  await waiting;
});

test('an instant clock stands still until it is moved', async () => {
  const clock = new InstantClock(START_MS);
  const woken: string[] = [];
  const wake = (name: string) => () => woken.push(name);
  const soon = clock.until(START_MS + 1000).then(wake('soon'));
  const later = clock.until(START_MS + 2000).then(wake('later'));
  await clock.until(START_MS);
  await turn();
  assert.deepEqual(woken, []);
  clock.advanceTo(START_MS + 1500);
  await soon;
  assert.deepEqual(woken, ['soon']);
  clock.advanceTo(START_MS + 2000);
  await later;
  assert.equal(clock.nowMs(), START_MS + 2000);
});

test('waiting can be aborted', async () => {
  const abort = new AbortController();
  const clock = new InstantClock(START_MS);
  const waiting = clock.until(START_MS + 1000, abort.signal);
  abort.abort();
  await waiting;
  await clock.until(START_MS + 1000, abort.signal);
  assert.equal(clock.nowMs(), START_MS);
});
