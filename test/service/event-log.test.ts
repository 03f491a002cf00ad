import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import { InstantClock } from '../../src/service/clock.ts';
import { CommandError } from '../../src/service/command-error.ts';
import { type DurableLog, MemoryLog } from '../../src/service/durable-log.ts';
import { LocalEventLog } from '../../src/service/event-log.ts';
import { DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';

const NOW_MS = 1_000_000_400;
const STOP = { kind: 'stop' } as const;

/** Stores or refuses each event when the test says so. */
class SlowLog implements DurableLog {
  readonly waiting: { event: JournalEvent; keep: () => void; fail: (error: Error) => void }[] = [];

  keep(event: JournalEvent): Promise<void> {
    return new Promise((keep, fail) => void this.waiting.push({ event, keep, fail }));
  }
}

/** Is not ready until the test makes it fail. */
class AwayLog extends MemoryLog {
  refuse: ((error: Error) => void) | undefined;
  withinMs = 0;
  asked = 0;

  ready(withinMs: number): Promise<void> {
    this.asked++;
    this.withinMs = withinMs;
    return new Promise((_, reject) => {
      this.refuse = reject;
    });
  }
}

function eventLogAt(nowMs: number, log: DurableLog = new MemoryLog()) {
  const clock = new InstantClock(nowMs);
  const journal = new Journal(DEFAULT_SETTINGS);
  return { clock, journal, eventLog: new LocalEventLog(journal, clock, log) };
}

describe('the horizon', () => {
  it('is the latest whole second', () => {
    const { clock, eventLog } = eventLogAt(NOW_MS);
    assert.equal(eventLog.horizonMs(), 1_000_000_000);
    clock.advanceTo(1_000_001_000);
    assert.equal(eventLog.horizonMs(), 1_000_001_000);
  });

  it('stays below an event until the event is durable and in the journal', async () => {
    const log = new SlowLog();
    const { clock, journal, eventLog } = eventLogAt(NOW_MS, log);
    const appended = eventLog.append(STOP);
    await Promise.resolve();
    clock.advanceTo(NOW_MS + 60_000);
    assert.equal(eventLog.horizonMs(), 1_000_000_000);
    assert.equal(eventLog.closedMs(), 1_000_000_999);
    assert.equal(journal.events.length, 0);
    log.waiting[0]?.keep();
    assert.equal((await appended).timeS, 1_000_001);
    assert.equal(journal.events.length, 1);
    assert.equal(eventLog.horizonMs(), 1_000_060_000);
  });

  it('does not go back if an event arrives after it was read', async () => {
    const { eventLog } = eventLogAt(NOW_MS, new SlowLog());
    const closedMs = eventLog.closedMs();
    void eventLog.append(STOP);
    await Promise.resolve();
    assert.ok(eventLog.closedMs() >= closedMs);
  });
});

describe('an event', () => {
  it('takes effect in the second after everything that may have been read', async () => {
    const { clock, eventLog } = eventLogAt(NOW_MS);
    clock.advanceTo(NOW_MS + 5000);
    const closedMs = eventLog.closedMs();
    const { timeS } = await eventLog.append(STOP);
    assert.ok(timeS * 1000 > closedMs);
    assert.equal(timeS, 1_000_006);
  });

  it('is recorded after earlier ones, one at a time', async () => {
    const log = new SlowLog();
    const { clock, journal, eventLog } = eventLogAt(NOW_MS, log);
    const first = eventLog.append(STOP);
    const second = eventLog.append({ kind: 'start' });
    await Promise.resolve();
    assert.equal(log.waiting.length, 1);
    clock.advanceTo(NOW_MS + 10_000);
    log.waiting[0]?.keep();
    await first;
    await Promise.resolve();
    log.waiting[1]?.keep();
    await second;
    const recorded = journal.events.map(({ kind, sequence, timeS }) => [kind, sequence, timeS]);
    assert.deepEqual(recorded, [
      ['stop', 1, 1_000_001],
      ['start', 2, 1_000_011],
    ]);
  });

  it('that cannot be recorded has no effect, and the next one is tried', async () => {
    const log = new SlowLog();
    const { journal, eventLog } = eventLogAt(NOW_MS, log);
    const failed = eventLog.append(STOP);
    const kept = eventLog.append({ kind: 'start' });
    await Promise.resolve();
    log.waiting[0]?.fail(new Error('disk full'));
    await assert.rejects(failed, (error) => {
      assert.ok(error instanceof CommandError);
      assert.equal(error.refusal, 'unavailable');
      assert.equal((error.cause as Error).message, 'disk full');
      return true;
    });
    await eventLogTurn(log, 2);
    log.waiting[1]?.keep();
    assert.equal((await kept).sequence, 1);
    assert.deepEqual(
      journal.events.map(({ kind }) => kind),
      ['start'],
    );
  });

  it('that waits for the log does not block readers, and later ones are refused', async () => {
    const { clock, journal } = eventLogAt(NOW_MS);
    const log = new AwayLog();
    const eventLog = new LocalEventLog(journal, clock, log, 50);
    const first = eventLog.append(STOP);
    const second = eventLog.append(STOP);
    const askedMs = performance.now();
    while (!log.refuse) await Promise.resolve();
    clock.advanceTo(NOW_MS + 60_000);
    assert.equal(eventLog.horizonMs(), 1_000_060_000);
    assert.ok(log.withinMs > 0 && log.withinMs <= 50);
    while (performance.now() - askedMs <= 50) await turn();
    log.refuse(new Error('away'));
    for (const refused of [first, second])
      await assert.rejects(refused, (error) => {
        assert.ok(error instanceof CommandError);
        assert.equal(error.refusal, 'unavailable');
        return true;
      });
    assert.equal(log.asked, 1, 'the time of the second has passed, so it is not requested');
    assert.deepEqual([log.kept, journal.events], [[], []]);
  });

  it('is refused while a thousand others wait', async () => {
    const { eventLog } = eventLogAt(NOW_MS, new SlowLog());
    for (let i = 0; i < 1000; i++) void eventLog.append(STOP);
    await assert.rejects(eventLog.append(STOP), /1000 commands are waiting/);
  });
});

async function eventLogTurn(log: SlowLog, count: number): Promise<void> {
  while (log.waiting.length < count) await Promise.resolve();
}
