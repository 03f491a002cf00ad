import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RealTime } from '../../src/service/real-time.ts';
import { logLines } from '../store/places.ts';

const START_MS = Date.UTC(2026, 5, 1, 12);
const DAY_MS = 86_400_000;

/** Real time whose two clocks the test moves; it is read every second, as in the simulator. */
function realTimeAt(startMs = START_MS) {
  const log = logLines();
  let [wallMs, monotonicMs] = [startMs, 1000];
  const time = new RealTime({ log, wallMs: () => wallMs, monotonicMs: () => monotonicMs });
  return {
    time,
    log,
    set(changeMs: number) {
      wallMs += changeMs;
      time.nowMs();
    },
    /** Lets time pass while nothing runs. */
    suspend(seconds: number) {
      wallMs += 1000 * seconds;
      monotonicMs += 1000 * seconds;
    },
    pass(seconds: number, driftShare = 0) {
      for (let i = 0; i < seconds; i++) {
        wallMs += 1000 * (1 + driftShare);
        monotonicMs += 1000;
        time.nowMs();
      }
    },
    said: () => log.lines.map((line) => line.replace(/ [{].*[}]$/, '')),
  };
}

describe('real time', () => {
  it('is the wall clock, even if that is slewed', () => {
    const { time, pass, said } = realTimeAt();
    pass(3600, 0.08);
    assert.equal(Math.round(time.nowMs()), START_MS + 1.08 * 3_600_000);
    assert.deepEqual([time.steps, time.leaps, said()], [0, 0, []]);
  });

  it('stops for a minute after a step forward, which is logged once with both instants', () => {
    const { time, set, pass, said } = realTimeAt();
    pass(10);
    set(DAY_MS);
    const standsMs = START_MS + 10_000;
    assert.equal(time.nowMs(), standsMs);
    pass(59);
    assert.equal(time.nowMs(), standsMs);
    assert.equal(time.leaps, 0);
    const words =
      'the clock went forward by 86400 s, from 2026-06-01T12:00:10Z to 2026-06-02T12:00:10Z; ' +
      'readings wait until it has been stable for 60 s';
    assert.deepEqual(time.problem, {
      part: 'clock',
      reason: words,
      sinceMs: standsMs + DAY_MS,
    });
    pass(1);
    assert.equal(time.nowMs(), standsMs + DAY_MS + 60_000);
    assert.deepEqual([time.steps, time.leaps, time.problem], [1, 1, undefined]);
    assert.deepEqual(said(), [words, 'the clock has proved stable; delivery continues']);
  });

  it('loses nothing if the clock is corrected within that minute', () => {
    const { time, set, pass, said } = realTimeAt();
    set(DAY_MS);
    pass(20);
    assert.equal(time.nowMs(), START_MS);
    set(-DAY_MS + 2000);
    assert.equal(time.nowMs(), START_MS + 22_000);
    assert.deepEqual([time.steps, time.leaps, time.problem], [2, 0, undefined]);
    assert.match(said()[1] ?? '', /^the clock went back by 86398 s, from .* to .*Z$/);
  });

  it('waits again if the clock steps forward before it has proved stable', () => {
    const { time, set, pass } = realTimeAt();
    set(DAY_MS);
    pass(50);
    set(60_000);
    pass(50);
    assert.equal(time.nowMs(), START_MS);
    pass(10);
    assert.equal(time.nowMs(), START_MS + DAY_MS + 170_000);
    assert.equal(time.leaps, 1);
  });

  it('follows a step back at once, and logs it once', () => {
    const { time, set, pass, said } = realTimeAt();
    pass(10);
    set(-3_600_000);
    assert.equal(time.nowMs(), START_MS + 10_000 - 3_600_000);
    pass(100);
    assert.deepEqual([time.steps, time.leaps, time.problem], [1, 0, undefined]);
    const words =
      'the clock went back by 3600 s, from 2026-06-01T12:00:10Z to 2026-06-01T11:00:10Z';
    assert.deepEqual(said(), [words]);
  });

  it('ignores a step of five seconds or less', () => {
    const { time, set, said } = realTimeAt();
    for (const stepMs of [5000, -5000, 4000]) {
      const beforeMs = time.nowMs();
      set(stepMs);
      assert.equal(time.nowMs(), beforeMs + stepMs);
    }
    assert.deepEqual([time.steps, said()], [0, []]);
  });

  it('reports that nothing ran if both clocks continued, and does not wait', () => {
    const { time, suspend, pass, said } = realTimeAt();
    pass(5);
    suspend(3600);
    assert.equal(time.nowMs(), START_MS + 3_605_000);
    assert.deepEqual([time.steps, time.leaps], [0, 1]);
    assert.match(said()[0] ?? '', /^nothing ran for 3600 s: the computer was suspended/);
  });
});
