import assert from 'node:assert/strict';
import test, { after, before, describe, it } from 'node:test';
import { Batch, READING } from '../../src/core/batch.ts';
import type { FactoryDescription } from '../../src/core/factory.ts';
import { Journal } from '../../src/core/journal.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { InstantClock } from '../../src/service/clock.ts';
import { MemoryLog } from '../../src/service/durable-log.ts';
import { LocalEventLog } from '../../src/service/event-log.ts';
import { Observer } from '../../src/service/observer.ts';
import { createFleet, DEFAULT_SETTINGS, nextFleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { readRows } from '../rows.ts';
import {
  COMPRESSOR,
  HVAC,
  NOON_MS,
  PUMP,
  type Simulation,
  startSimulation,
} from '../simulation.ts';
import { until } from '../until.ts';

const NEW = {
  id: 'c0000000-0000-0000-0000-0000000000ff',
  name: 'HVAC-2',
  topic: 'factory/demo/hvac-2',
};

describe('the observer', () => {
  let simulation: Simulation;
  before(async () => {
    simulation = await startSimulation();
  });
  after(() => simulation.close());

  it('knows each machine’s last reading from the start, without counting it', () => {
    const { simulator } = simulation;
    for (const machine of simulator.fleet.machines) {
      const seen = simulator.observer.of(machine);
      assert.equal(seen.timeMs, NOON_MS, machine.name);
      assert.ok(seen.powerKw > 0, machine.name);
      assert.equal(seen.readings, 0);
    }
    assert.equal(simulator.observer.readingsTotal, 0);
  });

  it('adds up the same as a reader over the same time', async () => {
    const { simulator } = simulation;
    await simulation.pass(300);
    const reader = createReader(simulator.fleet);
    reader.seek(NOON_MS);
    const rows = readRows(reader, NOON_MS + 300_000).filter(({ flags }) => flags & READING);
    assert.equal(simulator.observer.readingsTotal, rows.length);
    for (const machine of simulator.fleet.machines) {
      const own = rows.filter(({ machineId }) => machineId === machine.id);
      const sum = (key: string) => {
        const column = machine.type.fields.find((field) => field.key === key)?.column as number;
        return own.reduce((total, { values }) => total + (values[column] as number), 0);
      };
      const seen = simulator.observer.of(machine);
      assert.equal(seen.readings, own.length);
      assert.equal(seen.energyKwh, sum('energyKwh'));
      assert.equal(seen.productionCount, sum('productionCount'));
      assert.equal(seen.timeMs, own.at(-1)?.timeMs);
    }
  });

  it('notices a stop and a start', async () => {
    const { simulator } = simulation;
    const pump = simulator.machine(PUMP);
    const { readings } = simulator.observer.of(pump);
    await simulator.setRunning(false, { machineIds: [PUMP] });
    await simulation.pass(120);
    assert.equal(simulator.observer.of(pump).readings, readings);
    assert.equal(simulator.observer.of(pump).powerKw, 0);
    await simulator.setRunning(true, { machineIds: [PUMP] });
    await simulation.pass(120);
    assert.ok(simulator.observer.of(pump).readings > readings);
  });

  it('gives listeners every row once, and nothing after they unsubscribe', async () => {
    const { simulator } = simulation;
    const compressor = simulator.machine(COMPRESSOR);
    const timesMs: number[] = [];
    const leave = simulator.observer.listen((batch) => {
      for (let row = 0; row < batch.length; row++)
        if (batch.machines[row] === compressor) timesMs.push(batch.timesMs[row] as number);
    });
    const fromMs = simulator.observer.timeMs;
    await simulation.pass(20);
    leave();
    await simulation.pass(20);
    assert.deepEqual(
      timesMs,
      Array.from({ length: 20 }, (_, i) => fromMs + 1000 * (i + 1)),
    );
  });

  it('keeps the totals of unchanged machines when others are added, removed or changed', async () => {
    const { simulator } = simulation;
    const [factory] = simulator.fleet.factories as [FactoryDescription];
    const before = simulator.observer.of(simulator.machine(COMPRESSOR)).readings;
    const machines = factory.machines.flatMap((machine) => {
      if (machine.id === PUMP) return [];
      return machine.id === HVAC
        ? [
            { ...machine, intervalS: 5 },
            { ...machine, ...NEW },
          ]
        : machine;
    });
    const hvac = simulator.observer.of(simulator.machine(HVAC)).readings;
    const fromS = simulator.eventLog.nextS();
    const nowS = simulation.clock.nowMs() / 1000;
    simulator.change([{ ...factory, machines }]);
    assert.equal(simulator.observer.of(simulator.machine(NEW.id)).readings, 0);
    await simulation.pass(60);
    const of = (id: string) => simulator.observer.of(simulator.machine(id));
    assert.equal(of(COMPRESSOR).readings, before + 60);
    const grid = (fromS: number, stepS: number) =>
      Math.floor((nowS + 60) / stepS) - Math.floor(fromS / stepS);
    const old = Math.floor(fromS / 10) - Math.floor(nowS / 10);
    assert.equal(of(HVAC).readings, hvac + old + grid(fromS, 5), 'it continues to count');
    assert.equal(of(NEW.id).readings, grid(fromS, 10));
    assert.throws(() => simulator.machine(PUMP), /no machine has the id/);
  });
});

test('knows the same from another reader’s batches as from its own reading', () => {
  const journal = new Journal({ ...DEFAULT_SETTINGS, enableAnomalies: false });
  const fleet = createFleet([DEFAULT_FACTORY], { journal });
  const clock = new InstantClock(NOON_MS);
  const observer = new Observer(
    fleet,
    new LocalEventLog(journal, clock, new MemoryLog()),
    clock,
    60,
  );
  const reader = createReader(fleet);
  reader.seek(NOON_MS);
  const batch = new Batch();
  const show = (untilMs: number) => {
    clock.advanceTo(untilMs);
    batch.clear();
    reader.read(untilMs, batch);
    observer.take(batch);
  };
  assert.ok(Number.isNaN(observer.timeMs));
  show(NOON_MS);
  assert.equal(observer.timeMs, NOON_MS);
  let heard = 0;
  const leave = observer.listen(({ length }) => {
    heard += length;
  });
  show(NOON_MS + 60_000);
  leave();
  assert.equal(observer.timeMs, NOON_MS + 60_000);
  assert.equal(observer.readingsTotal, 60 + 2 * 6 + 2 * 2);
  assert.equal(heard, observer.readingsTotal);
  const [factory] = fleet.factories as [FactoryDescription];
  const others = { ...factory, machines: factory.machines.filter(({ id }) => id !== PUMP) };
  const pump = fleet.byId.get(PUMP);
  assert.ok(pump && observer.of(pump).readings === 2);
  observer.follow(nextFleet(fleet, [others]), NOON_MS + 90_000);
  show(NOON_MS + 80_000);
  assert.equal(observer.of(pump).readings, 2, 'the next fleet does not hold yet');
  show(NOON_MS + 100_000);
  assert.equal(observer.of(pump).readings, 0, 'it has left');
});

test('after a clock step it skips what sinks skip, and knows the day so far', async () => {
  const journal = new Journal({ ...DEFAULT_SETTINGS, enableAnomalies: false });
  const fleet = createFleet([DEFAULT_FACTORY], { journal });
  const clock = new InstantClock(NOON_MS);
  let leaps = 0;
  const options = { leaps: () => leaps, catchUpMs: 60_000 };
  const eventLog = new LocalEventLog(journal, clock, new MemoryLog());
  const observer = new Observer(fleet, eventLog, clock, 60, options);
  const end = new AbortController();
  const running = observer.run(end.signal);
  await until(() => observer.timeMs === NOON_MS);
  leaps++;
  const YEAR_MS = 365 * 86_400_000;
  clock.advanceTo(NOON_MS + YEAR_MS);
  await until(() => observer.timeMs === NOON_MS + YEAR_MS);
  assert.equal(observer.readingsTotal, 60 + 2 * 6 + 2 * 2);
  const pump = fleet.byId.get(PUMP);
  assert.ok(pump);
  const midnightMs = Date.UTC(2027, 5, 1);
  await until(() => observer.dailyTotals.of(pump, observer.timeMs).fromMs === midnightMs);
  end.abort();
  clock.advanceTo(NOON_MS + YEAR_MS + 1000);
  await running;
});
