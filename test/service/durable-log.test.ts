import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { JournalEvent } from '../../src/core/journal.ts';
import { MonitoredLog } from '../../src/service/durable-log.ts';
import { logLines } from '../store/places.ts';

const EVENT: JournalEvent = { kind: 'stop', sequence: 1, timeS: 1 };

/** A journal on a disk that the test fills; `notice` has its database see what is free now. */
function journalOn(disk: { isFull: boolean }) {
  const write = async () => {
    if (disk.isFull) throw new Error('no room left on its disk');
  };
  const log = logLines();
  let notice = () => {};
  const whenWritable = () =>
    new Promise<void>((resolve) => {
      notice = resolve;
    });
  const journal = new MonitoredLog({ keep: write }, log, { whenWritable });
  return { log, journal, notice: () => notice() };
}

test('a journal has a problem from the first refused event until it accepts one', async () => {
  const disk = { isFull: false };
  const { log, journal } = journalOn(disk);
  const problem = () => journal.problem;
  await journal.keep(EVENT);
  assert.equal(problem(), undefined);
  disk.isFull = true;
  await assert.rejects(journal.keep(EVENT));
  const first = problem();
  assert.equal(first?.part, 'journal');
  assert.equal(first?.reason, 'commands are refused: no room left on its disk');
  await assert.rejects(journal.keep(EVENT));
  assert.equal(problem()?.sinceMs, first?.sinceMs);
  disk.isFull = false;
  await journal.keep(EVENT);
  assert.equal(problem(), undefined);
  assert.equal(log.lines.length, 2);
});

test('a journal recovers without a command once there is space again', async () => {
  const disk = { isFull: true };
  const { log, journal, notice } = journalOn(disk);
  await assert.rejects(journal.keep(EVENT));
  await assert.rejects(journal.keep(EVENT));
  assert.equal(log.lines.length, 1);
  notice();
  await turn();
  assert.equal(journal.problem, undefined);
  assert.match(log.lines.at(-1) ?? '', /^the journal can be written again/);
});
