import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalEvent } from '../../src/core/journal.ts';
import { MonitoredLog } from '../../src/service/durable-log.ts';
import { logLines } from '../store/places.ts';

const EVENT: JournalEvent = { kind: 'stop', sequence: 1, timeS: 1 };

/** A journal on a disk that the test fills. */
function journalOn(disk: { isFull: boolean }, everyMs: number) {
  const write = async () => {
    if (disk.isFull) throw new Error('no room left on its disk');
  };
  const log = logLines();
  return { log, journal: new MonitoredLog({ keep: write }, log, { probe: write, everyMs }) };
}

test('a journal has a problem from the first refused event until it accepts one', async () => {
  const disk = { isFull: false };
  const { log, journal } = journalOn(disk, 600_000);
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
  journal.close();
});

test('a journal recovers without a command once there is space again', async () => {
  const disk = { isFull: true };
  const { log, journal } = journalOn(disk, 1);
  await assert.rejects(journal.keep(EVENT));
  disk.isFull = false;
  while (journal.problem) await sleep(1);
  assert.match(log.lines.at(-1) ?? '', /^the journal can be written again/);
});
