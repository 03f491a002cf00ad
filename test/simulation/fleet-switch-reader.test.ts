import assert from 'node:assert/strict';
import test from 'node:test';
import { Batch } from '../../src/core/batch.ts';
import type { FactoryDescription, MachineDescription } from '../../src/core/factory.ts';
import { Journal } from '../../src/core/journal.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { MemorySink } from '../../src/outputs/memory.ts';
import {
  createFleet,
  DEFAULT_SETTINGS,
  type Fleet,
  nextFleet,
} from '../../src/simulation/fleet.ts';
import { FleetSwitchReader } from '../../src/simulation/fleet-switch-reader.ts';
import { batches } from '../../src/simulation/reader.ts';
import { readRows } from '../rows.ts';

const FROM_MS = Date.UTC(2026, 2, 3, 9);
const SWAP_MS = FROM_MS + 95_000;
const TO_MS = FROM_MS + 300_000;
const [COMPRESSOR, HVAC, CONVEYOR, PUMP, MOLDING] =
  DEFAULT_FACTORY.machines as unknown as MachineDescription[];

const factory = (...machines: (MachineDescription | undefined)[]): FactoryDescription => ({
  ...DEFAULT_FACTORY,
  machines: machines as MachineDescription[],
});

/** Every message up to `toMs`, as text, read in batches of `capacity` rows. */
async function messages(reader: FleetSwitchReader, toMs: number, capacity = 4096) {
  const sink = new MemorySink();
  for (const batch of batches(reader, toMs, new Batch(capacity))) await sink.write(batch);
  return sink.messages.map(({ topic, payload }) => ({
    topic: topic.replace('factory/demo/', ''),
    text: payload.toString(),
    ...(JSON.parse(payload.toString()) as { time: string; is_running: boolean }),
  }));
}

function readerOf(fleet: Fleet): FleetSwitchReader {
  const reader = new FleetSwitchReader(fleet);
  reader.seek(FROM_MS, true);
  return reader;
}

test('a machine with an unchanged description is the same object in the next fleet', () => {
  const first = createFleet([factory(COMPRESSOR, HVAC, CONVEYOR)]);
  const renamed = { ...factory(COMPRESSOR, CONVEYOR, PUMP), name: 'New name', location: 'Here' };
  const commented = {
    ...renamed,
    machines: renamed.machines.map((m) => ({ ...m, description: 'x' })),
  };
  const second = nextFleet(first, [commented]);
  const same = second.machines.map((machine) => first.byId.get(machine.id) === machine);
  assert.deepEqual(same, [true, true, false]);
  const moved = nextFleet(first, [{ ...factory(COMPRESSOR), latitude: 51 }]);
  assert.notEqual(moved.machines[0], first.machines[0], 'its weather is another');
});

test('unchanged machines report the same bytes as without a change, in any batches', async () => {
  const pure = await messages(readerOf(createFleet([DEFAULT_FACTORY])), TO_MS);
  for (const capacity of [1, 7, 4096]) {
    const fleet = createFleet([DEFAULT_FACTORY]);
    const reader = readerOf(fleet);
    const others = [{ ...MOLDING, intervalS: 10 } as MachineDescription, COMPRESSOR, CONVEYOR];
    reader.follow(nextFleet(fleet, [factory(...others)]), SWAP_MS);
    reader.follow(nextFleet(fleet, [factory(COMPRESSOR, CONVEYOR)]), SWAP_MS + 60_000);
    const found = await messages(reader, TO_MS, capacity);
    for (const name of ['compressor-1', 'conveyor-a']) {
      const of = (all: typeof pure) =>
        all.filter(({ topic }) => topic.startsWith(name)).map(({ topic, text }) => topic + text);
      assert.deepEqual(of(found), of(pure));
    }
  }
});

test('it does not matter whether the change comes during reading or far ahead', async () => {
  const next = [factory(COMPRESSOR, { ...PUMP, intervalS: 5 } as MachineDescription)];
  const [early, late] = [createFleet([DEFAULT_FACTORY]), createFleet([DEFAULT_FACTORY])];
  const behind = readerOf(early);
  behind.follow(nextFleet(early, next), SWAP_MS);
  const live = readerOf(late);
  const before = await messages(live, SWAP_MS - 1000);
  live.follow(nextFleet(late, next), SWAP_MS);
  const after = await messages(live, TO_MS);
  const texts = (all: typeof before) => all.map(({ topic, text }) => topic + text);
  assert.deepEqual(texts([...before, ...after]), texts(await messages(behind, TO_MS)));
});

test('a removed machine ends as offline, a new one announces itself', async () => {
  const fleet = createFleet([factory(COMPRESSOR, HVAC)]);
  const reader = readerOf(fleet);
  reader.follow(nextFleet(fleet, [factory(COMPRESSOR, CONVEYOR)]), SWAP_MS);
  const found = await messages(reader, TO_MS);
  const hvac = found.filter(({ topic }) => topic.startsWith('hvac-main'));
  assert.match(
    hvac.at(-1)?.text ?? '',
    /"time":"2026-03-03T09:01:35Z".*"is_running":false,"operating_mode":"offline","current_power_kw":0,/,
  );
  assert.equal(
    hvac
      .filter(({ topic }) => topic.endsWith('/energy'))
      .at(-1)
      ?.time.slice(11),
    '09:01:30Z',
  );
  const conveyor = found.filter(({ topic }) => topic.startsWith('conveyor-a'));
  assert.equal(conveyor[0]?.time, '2026-03-03T09:01:40Z');
  const status = conveyor.find(({ topic }) => topic.endsWith('/status'));
  assert.deepEqual([status?.time, status?.is_running], ['2026-03-03T09:01:40Z', true]);
});

test('a stopped machine reports that when it is added, and nothing when it is removed', async () => {
  const journal = new Journal(DEFAULT_SETTINGS);
  const machineIds = [HVAC?.id as string];
  journal.append({ kind: 'stop', sequence: 1, timeS: FROM_MS / 1000 - 60, machineIds });
  const fleet = createFleet([factory(COMPRESSOR)], { journal });
  const reader = readerOf(fleet);
  reader.follow(nextFleet(fleet, [factory(COMPRESSOR, HVAC)]), SWAP_MS);
  reader.follow(nextFleet(fleet, [factory(COMPRESSOR)]), SWAP_MS + 10_000);
  const found = (await messages(reader, TO_MS)).filter(({ topic }) => topic.startsWith('hvac'));
  assert.deepEqual(
    found.map(({ topic, is_running: isRunning }) => [topic, isRunning]),
    [['hvac-main/status', false]],
  );
});

test('with a new topic a machine ends on the old one and continues on the new one', async () => {
  const fleet = createFleet([factory(HVAC)]);
  const reader = readerOf(fleet);
  reader.follow(
    nextFleet(fleet, [factory({ ...HVAC, topic: 'factory/demo/roof' } as MachineDescription)]),
    SWAP_MS,
  );
  const found = await messages(reader, TO_MS);
  const statuses = found.filter(({ topic }) => topic.endsWith('/status'));
  const [last] = statuses.filter(({ topic }) => topic.startsWith('hvac-main')).slice(-1);
  assert.equal(last?.is_running, false);
  const [first] = statuses.filter(({ topic }) => topic.startsWith('roof'));
  assert.equal(first?.is_running, true);
});

test('a seek over a gap applies the changes in it', () => {
  const fleet = createFleet([factory(COMPRESSOR, HVAC)]);
  const reader = readerOf(fleet);
  reader.follow(nextFleet(fleet, [factory(COMPRESSOR, PUMP)]), SWAP_MS);
  reader.seek(TO_MS, true);
  const rows = readRows(reader, TO_MS + 30_000);
  assert.equal(reader.fleet.machines.length, 2);
  const ids = rows.map(({ machineId }) => machineId);
  assert.equal(ids.filter((id) => id === HVAC?.id).length, 1, 'only that it has left');
  assert.equal(ids.filter((id) => id === PUMP?.id).length, 1);
  assert.equal(ids.filter((id) => id === COMPRESSOR?.id).length, 30);
});

test('how far a batch says that all is in includes what the switch itself reports', () => {
  for (const capacity of [1, 2, 3, 5, 7]) {
    const fleet = createFleet([factory(COMPRESSOR, HVAC, CONVEYOR)]);
    const reader = readerOf(fleet);
    reader.follow(nextFleet(fleet, [factory(COMPRESSOR, PUMP)]), SWAP_MS);
    let inMs = FROM_MS;
    for (const batch of batches(reader, SWAP_MS + 30_000, new Batch(capacity))) {
      const times = batch.timesMs.slice(0, batch.length);
      assert.ok(
        times.every((timeMs) => timeMs > inMs),
        `${capacity} rows: ${times} after ${inMs}`,
      );
      inMs = batch.untilMs;
    }
    assert.equal(inMs, SWAP_MS + 30_000);
  }
});

test('many new machines are sought over several calls, without changing any row', () => {
  const added = Array.from({ length: 40 }, (_, i) => ({
    ...(HVAC as MachineDescription),
    id: `c0000000-0000-0000-0000-0000000001${10 + i}`,
    name: `HVAC-${i}`,
    topic: `factory/demo/hvac-${i}`,
  }));
  const journal = new Journal(DEFAULT_SETTINGS);
  const machineIds = [(added.at(-1) as MachineDescription).id];
  journal.append({ kind: 'stop', sequence: 1, timeS: FROM_MS / 1000 - 60, machineIds });
  const fleet = createFleet([factory(COMPRESSOR)], { journal });
  const next = nextFleet(fleet, [factory(COMPRESSOR, ...added)]);
  const reader = readerOf(fleet);
  reader.follow(next, SWAP_MS);
  let calls = 0;
  const announcing = {
    read(untilMs: number, batch: Batch) {
      calls++;
      const isDone = reader.read(untilMs, batch);
      // A receiver that reconnects meanwhile gets each status once.
      if (calls === 1) reader.announce();
      return isDone;
    },
  };
  const found = readRows(announcing, TO_MS);
  assert.equal(calls, 3);
  const whole = new FleetSwitchReader(next);
  whole.seek(SWAP_MS, true);
  const isLater = ({ timeMs }: { timeMs: number }) => !(timeMs >= FROM_MS && timeMs <= SWAP_MS);
  assert.deepEqual(found.filter(isLater), readRows(whole, TO_MS));
  assert.equal(found.filter(({ timeMs }) => timeMs < FROM_MS).length, 1);
});
