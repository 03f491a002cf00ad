import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedClock } from '../../../src/cluster/live/shared-clock.ts';
import { logLines } from '../../store/places.ts';

const NOON_MS = Date.UTC(2026, 5, 1, 12);
const HOUR_MS = 3_600_000;

/** Time since the previous response of the database [ms]. */
const AGO_MS = 30_000;

/** A clock that read the database's time a while ago, and closed everything up to it. */
function clockAt(realMs: number) {
  const log = logLines();
  const record = { simulatedMs: NOON_MS, realMs: NOON_MS, speed: 1 };
  const heardMs = performance.now() - AGO_MS;
  const clock = new SharedClock({ clock: record, realMs, heardMs }, log);
  clock.advanceTo(realMs);
  /** Reads the database's time; the response takes a while. */
  const hear = (toMs: number, tookMs = 0) =>
    clock.sync({ clock: record, realMs: toMs, askedMs: heardMs, heardMs: heardMs + tookMs });
  return { clock, log, hear };
}

test('a forward step of the database’s clock is logged once, and shown', () => {
  const { clock, log, hear } = clockAt(NOON_MS);
  hear(NOON_MS + HOUR_MS);
  const reason =
    "the database's clock went forward by 3600 s, from 2026-06-01T12:00:00Z to 2026-06-01T13:00:00Z";
  assert.deepEqual(clock.problem?.reason, reason);
  assert.equal(clock.problem?.part, 'clock');
  assert.equal(clock.steps, 1);
  hear(NOON_MS + HOUR_MS);
  assert.equal(log.lines.length, 1);
  assert.ok(log.lines[0]?.startsWith(reason));
});

test('the cluster is ahead of the database’s clock until that has caught up', () => {
  const { clock, hear } = clockAt(NOON_MS);
  hear(NOON_MS - HOUR_MS);
  assert.match(
    clock.problem?.reason ?? '',
    /^the cluster is ahead of the database's clock and waits until 2026-06-01T12:00:00Z/,
  );
  hear(NOON_MS + 1000);
  assert.notEqual(clock.problem?.reason.startsWith('the cluster is ahead'), true);
});

test('a slow answer of the database is not a step', () => {
  const { clock, log, hear } = clockAt(NOON_MS);
  hear(NOON_MS, AGO_MS);
  assert.equal(clock.steps, 0);
  const late = clockAt(NOON_MS);
  late.hear(NOON_MS + AGO_MS, AGO_MS);
  assert.deepEqual([late.clock.steps, clock.problem, log.lines], [0, undefined, []]);
});
