import assert from 'node:assert/strict';
import test, { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Batch } from '../../src/core/batch.ts';
import type { FactoryDescription, Machine } from '../../src/core/factory.ts';
import type { JournalEvent } from '../../src/core/journal.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { DailyTotals, MACHINES_MAX, READINGS_MAX } from '../../src/service/daily-totals.ts';
import { MemoryLog } from '../../src/service/durable-log.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { factoryOf } from '../rows.ts';
import { NOON_MS, PUMP, type Simulation, startSimulation } from '../simulation.ts';

const BERLIN: FactoryDescription = { ...DEFAULT_FACTORY, timeZone: 'Europe/Berlin' };
/** More turns of the event loop than other work gets while the day so far is computed. */
const TURNS_MAX = 10_000;
/** Machines with long intervals, including one that burns gas. */
const SLOW: FactoryDescription = {
  ...BERLIN,
  machines: [
    ...DEFAULT_FACTORY.machines.filter(({ intervalS }) => intervalS === 30),
    {
      id: 'c0000000-0000-0000-0000-000000000006',
      name: 'Boiler-1',
      type: 'boiler',
      ratedPowerKw: 30,
      intervalS: 30,
      topic: 'factory/demo/boiler-1',
    },
  ],
};

describe('the totals of today', () => {
  it('are the sums of the readings since midnight, right after a start', async () => {
    // A Sunday of 23 hours, at five o'clock; the clocks went forward at two.
    const nowMs = Date.parse('2026-03-29T05:00:00+02:00');
    const simulation = await startSimulation({ nowMs, factories: [BERLIN] });
    await whole(simulation);
    await simulation.pass(90);
    await assertToday(simulation, '2026-03-28T23:00:00Z');
    await simulation.close();
  });

  it('restart at midnight, also after a day of 25 hours', async () => {
    const nowMs = Date.parse('2026-10-25T22:59:00Z');
    const simulation = await startSimulation({ nowMs, factories: [SLOW] });
    // Midnight in winter time would be an hour later.
    await assertToday(simulation, '2026-10-24T22:00:00Z');
    await simulation.pass(59);
    await assertToday(simulation, '2026-10-24T22:00:00Z');
    await simulation.pass(1);
    for (const machine of await listed(simulation))
      assert.deepEqual(
        [machine.today_from, machine.energy_today_kwh, machine.production_today_count],
        ['2026-10-25T23:00:00Z', 0, 0],
      );
    await simulation.pass(75);
    await assertToday(simulation, '2026-10-25T23:00:00Z');
    await simulation.pass(86_400);
    await assertToday(simulation, '2026-10-26T23:00:00Z');
    await simulation.close();
  });

  it('are the same after a restart, stops and starts included', async () => {
    const events: JournalEvent[] = [];
    const journal = { keep: async (event: JournalEvent) => void events.push(event) };
    const first = await startSimulation({ factories: [SLOW], log: journal });
    await whole(first);
    await first.pass(60);
    await first.simulator.setRunning(false, { machineIds: [PUMP] });
    await first.pass(120);
    await first.simulator.setRunning(true, { machineIds: [PUMP] });
    await first.pass(120);
    const before = await listed(first);
    await first.close();
    const store = { journal: Object.assign(new MemoryLog(), { load: async () => events }) };
    const nowMs = NOON_MS + 300_000;
    const factories = [SLOW];
    const second = await startSimulation({ nowMs, factories, store: store as never });
    await assertToday(second, '2026-05-31T22:00:00Z');
    const after = await listed(second);
    for (const [i, { energy_today_kwh, production_today_count }] of before.entries()) {
      assert.ok(Math.abs(energy_today_kwh - (after[i]?.energy_today_kwh ?? 0)) < 1e-5);
      assert.equal(production_today_count, after[i]?.production_today_count);
    }
    await second.close();
  });

  it('are zero from midnight on for a machine that is off', async () => {
    const nowMs = Date.parse('2026-06-01T21:55:00Z');
    const simulation = await startSimulation({ nowMs, factories: [SLOW] });
    const [machine] = simulation.simulator.fleet.machines as [Machine];
    await simulation.simulator.setRunning(false, { machineIds: [machine.id] });
    await assertToday(simulation, '2026-05-31T22:00:00Z');
    await simulation.pass(600);
    const [stopped] = await listed(simulation);
    assert.equal(stopped?.today_from, '2026-06-01T22:00:00Z');
    assert.equal(stopped?.energy_today_kwh, 0);
    await simulation.close();
  });

  it('start for a new machine when it is added, and end when it is removed', async () => {
    const simulation = await startSimulation({ factories: [SLOW] });
    await whole(simulation);
    const { simulator } = simulation;
    const [own] = SLOW.machines as [FactoryDescription['machines'][number]];
    const id = 'c0000000-0000-0000-0000-0000000000ff';
    const newcomer = { ...own, id, name: 'New', topic: 'factory/demo/new' };
    simulator.change([{ ...SLOW, machines: [newcomer, own] }]);
    await simulation.pass(60);
    const [come] = await listed(simulation);
    assert.equal(come?.today_from, '2026-06-01T12:00:00Z');
    assert.ok((come?.energy_today_kwh ?? 0) > 0);
    simulator.change([{ ...SLOW, machines: [own] }]);
    await simulation.pass(60);
    simulator.change([{ ...SLOW, machines: [newcomer, own] }]);
    await simulation.pass(60);
    assert.equal((await listed(simulation))[0]?.today_from, '2026-06-01T12:02:00Z');
    await simulation.close();
  });
});

test('computing the day so far yields to other work, and covers only that day', async () => {
  const fleet = createFleet([SLOW]);
  const totals = new DailyTotals();
  totals.begin(fleet.machines, NOON_MS);
  let isDone = false;
  const restore = async () => {
    await totals.restore(fleet, NOON_MS, new AbortController().signal);
    isDone = true;
  };
  const restored = restore();
  let turns = 0;
  for (; !isDone; turns++) await turn();
  await restored;
  const readings = fleet.machines.reduce(
    (sum, { intervalMs }) => sum + (14 * 3.6e6) / intervalMs,
    0,
  );
  assert.ok(turns >= readings / 256, `${turns} turns for ${readings} readings`);
  const [machine] = fleet.machines as [Machine];
  const reader = createReader(fleet, { machines: [machine] });
  const batch = new Batch(2);
  reader.seek(NOON_MS);
  reader.read(NOON_MS + 2 * machine.intervalMs, batch);
  const before = { ...totals.of(machine, NOON_MS) };
  totals.add(batch, 0);
  const energyKwh = machine.type.energyTakenKwh(batch.values, 0);
  assert.equal(
    totals.of(machine, NOON_MS + machine.intervalMs).energyKwh,
    before.energyKwh + energyKwh,
  );
});

test('very large fleets count from their start', async () => {
  const types = ['compressor', 'injection_molding'] as const;
  for (const [type, count] of [
    [types[0], 150],
    [types[1], MACHINES_MAX + 1],
  ] as const) {
    const fleet = createFleet([factoryOf(Array.from({ length: count }, () => ({ type })))]);
    const [machine] = fleet.machines as [Machine];
    // Less than ten minutes of the day: few readings, but many machines.
    const timeMs = NOON_MS + (type === 'compressor' ? 0 : 12 * 3.6e6 + 60_000);
    const totals = new DailyTotals();
    totals.begin(fleet.machines, timeMs);
    await totals.restore(fleet, timeMs, new AbortController().signal);
    assert.deepEqual(totals.of(machine, timeMs).fromMs, timeMs, type);
  }
  assert.ok(150 * 12 * 3600 > READINGS_MAX);
});

interface Listed {
  readonly machine_id: string;
  readonly machine_name: string;
  readonly today_from: string;
  readonly energy_today_kwh: number;
  readonly production_today_count: number;
}

async function listed({ app }: Simulation): Promise<Listed[]> {
  return (await app.inject('/simulator/machines')).json();
}

/** Waits until the day so far of all machines has been computed. */
async function whole({ simulator, clock }: Simulation): Promise<void> {
  const isWhole = () =>
    simulator.fleet.machines.every(
      (machine) => simulator.state(machine).today.fromMs < clock.nowMs() - 3.6e6,
    );
  for (let turns = 0; turns < TURNS_MAX && !isWhole(); turns++) await turn();
  assert.ok(isWhole());
}

/** Asserts that the totals are the sums of the API's readings since midnight. */
async function assertToday(simulation: Simulation, midnight: string): Promise<void> {
  const { app, simulator } = simulation;
  const midnightMs = Date.parse(midnight);
  const isKnown = () =>
    simulator.fleet.machines.every((each) => simulator.state(each).today.fromMs === midnightMs);
  for (let turns = 0; turns < TURNS_MAX && !isKnown(); turns++) await turn();
  for (const machine of await listed(simulation)) {
    const url = `/simulator/machines/${machine.machine_id}/readings?from=${midnight}`;
    const readings = (await app.inject(url)).json() as Record<string, number>[];
    assert.ok(readings.length > 1);
    let [energyKwh, count] = [0, 0];
    for (const reading of readings) {
      energyKwh += reading['energy_kwh'] ?? 0;
      const gasM3 = reading['natural_gas_consumption_m3'] ?? 0;
      energyKwh += gasM3 * (reading['natural_gas_calorific_value_kwh_m3'] ?? 0);
      count += reading['production_count'] ?? 0;
    }
    assert.equal(machine.today_from, midnight);
    assert.ok(energyKwh > 0);
    const difference = Math.abs(machine.energy_today_kwh - energyKwh);
    assert.ok(difference < 1e-5, `${machine.machine_name}: ${difference} kWh`);
    assert.equal(machine.production_today_count, count, machine.machine_name);
  }
}
