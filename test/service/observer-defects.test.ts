/** What the observer shows of machines whose instruments or gateways are defective. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { READING } from '../../src/core/batch.ts';
import type { Machine } from '../../src/core/factory.ts';
import { InstantClock } from '../../src/service/clock.ts';
import { MemoryLog } from '../../src/service/durable-log.ts';
import { LocalEventLog } from '../../src/service/event-log.ts';
import { Observer } from '../../src/service/observer.ts';
import type { Fleet } from '../../src/simulation/fleet.ts';
import { compressor, type DefectOf, FROM_S, fleetOf, pump } from '../defects/told.ts';
import { until } from '../until.ts';

const DEFECTS: readonly DefectOf[] = [
  { kind: 'outage', machineIds: [compressor], beginS: FROM_S + 60, endS: FROM_S + 180 },
  { kind: 'gap', machineIds: [pump], beginS: FROM_S + 60, endS: FROM_S + 180 },
  { kind: 'scale', machineIds: [compressor], fields: ['energy_kwh'], values: { unit: 'Wh' } },
];

/** An observer of a fleet, minute by minute: the last observations, and what listeners get. */
async function observed(t: test.TestContext, fleet: Fleet, minutes: number) {
  const clock = new InstantClock(1000 * FROM_S);
  const eventLog = new LocalEventLog(fleet.journal, clock, new MemoryLog());
  const observer = new Observer(fleet, eventLog, clock, 60);
  const heard: { readonly id: string; readonly timeMs: number; readonly minute: number }[] = [];
  let minute = 0;
  observer.listen((batch) => {
    for (let row = 0; row < batch.length; row++)
      if ((batch.flags[row] as number) & READING)
        heard.push({
          id: (batch.machines[row] as Machine).id,
          timeMs: batch.timesMs[row] as number,
          minute,
        });
  });
  const end = new AbortController();
  const running = observer.run(end.signal);
  t.after(async () => {
    end.abort();
    await running;
  });
  await until(() => observer.timeMs === 1000 * FROM_S);
  for (minute = 1; minute <= minutes; minute++) {
    clock.advanceTo(1000 * (FROM_S + 60 * minute));
    await until(() => observer.timeMs >= 1000 * (FROM_S + 60 * minute));
    await turn();
  }
  return { observer, heard };
}

test('counters are of the machine, the stream is what is received, when it is received', async (t) => {
  const [fleet, sound] = [fleetOf(DEFECTS), fleetOf([])];
  const [told, truth] = [await observed(t, fleet, 4), await observed(t, sound, 4)];
  for (const machine of fleet.machines)
    assert.deepEqual(told.observer.of(machine), truth.observer.of(machine), machine.name);
  const later = (id: string, from: number, to: number) =>
    told.heard.filter(
      ({ id: own, timeMs }) =>
        own === id && timeMs > 1000 * (FROM_S + from) && timeMs <= 1000 * (FROM_S + to),
    );
  const held = later(compressor, 60, 180);
  assert.equal(held.length, 120);
  assert.ok(held.every(({ minute }) => minute === 3));
  assert.equal(later(pump, 60, 180).length, 0);
  assert.equal(later(pump, 180, 240).length, 2);
});
