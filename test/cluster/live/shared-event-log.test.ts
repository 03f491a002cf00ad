import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedEventLog } from '../../../src/cluster/live/shared-event-log.ts';
import { Journal, type JournalEntry, type JournalEvent } from '../../../src/core/journal.ts';
import { DEFAULT_SETTINGS } from '../../../src/simulation/fleet.ts';
import type {
  Appended,
  HorizonTable,
  SharedHorizon,
} from '../../../src/store/cluster/horizon-table.ts';
import { StoreError } from '../../../src/store/store-error.ts';

const NOW_S = 1_800_000_000;
const BEGUN: SharedHorizon = {
  closedS: NOW_S,
  events: [],
  registryVersion: 0,
  registryFromS: NOW_S,
  clock: { simulatedMs: 1000 * NOW_S, realMs: 0, speed: 1 },
  realMs: 0,
};
const silent = { info: () => {}, warn: () => {} };

/** A table whose first answer is lost, and which returns keys in another order, as jsonb does. */
class ForgetfulTable {
  readonly stored: JournalEvent[] = [];

  async append(_known: JournalEvent | undefined, entry: JournalEntry): Promise<Appended> {
    const sequence = this.stored.length + 1;
    const event: JournalEvent = { ...entry, sequence, timeS: NOW_S + 1 };
    this.stored.push(event);
    if (sequence === 1)
      throw new StoreError('unreachable', 'the answer was lost', { isUncertain: true });
    return { events: [event], event, clock: undefined };
  }

  async close(): Promise<SharedHorizon> {
    return { ...BEGUN, events: this.stored.map(reversed) };
  }
}

/** The same object with its keys in reverse order, those of nested objects too. */
function reversed<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, reversed(each)]);
  return Object.fromEntries(entries.reverse());
}

test('an event whose answer is lost is not appended twice, whatever the order of its keys', async () => {
  for (const entry of [
    { kind: 'configure', settings: { enableAnomalies: false, anomalyProbability: 0.4 } },
    {
      kind: 'defect',
      id: 'a',
      machineId: 'm',
      factoryId: 'f',
      defectKind: 'late',
      channels: ['energy', 'production'],
      values: { share: 0.5, delay: { between: [1, 2], scale: 'log' } },
      durationS: 60,
    },
  ] satisfies JournalEntry[]) {
    const table = new ForgetfulTable();
    const log = new SharedEventLog(
      new Journal(DEFAULT_SETTINGS),
      table as unknown as HorizonTable,
      BEGUN,
      silent,
    );
    const told: number[] = [];
    log.onTold((fromMs) => told.push(fromMs));
    const event = await log.append(entry);
    assert.equal(event.sequence, 1);
    assert.equal(table.stored.length, 1);
    assert.deepEqual(log.journal.events, [event]);
    // A second is still open when what it changes is known.
    assert.deepEqual(told, entry.kind === 'defect' ? [1000 * (NOW_S + 1) - 1] : []);
  }
});
