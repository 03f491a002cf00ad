import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deadlineSignal } from '../../src/runtime/deadline.ts';
import { sleep } from '../../src/runtime/sleep.ts';

/** Collects all garbage. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

test('a deadline fires even if garbage is collected meanwhile', async () => {
  const end = new AbortController();
  let isOver = false;
  const waited = sleep(60_000, deadlineSignal(100, end.signal)).then(() => {
    isOver = true;
  });
  while (!isOver) {
    collectGarbage();
    await turn();
  }
  await waited;
  assert.equal(end.signal.aborted, false);
});

test('a deadline ends with the signal that it was created with', async () => {
  const end = new AbortController();
  const signals = [deadlineSignal(60_000, end.signal)];
  assert.equal(signals[0]?.aborted, false);
  end.abort();
  signals.push(deadlineSignal(60_000, end.signal));
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, true],
  );
});
