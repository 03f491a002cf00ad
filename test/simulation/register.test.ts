import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Batch, READING } from '../../src/core/batch.ts';
import { Journal } from '../../src/core/journal.ts';
import { ROW_WIDTH, takenMilliwattHours, withRegister } from '../../src/core/machine.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import {
  createFleet,
  DEFAULT_SETTINGS,
  type Fleet,
  nextFleet,
} from '../../src/simulation/fleet.ts';
import { batches, createReader } from '../../src/simulation/reader.ts';
import { factoryOf, readRows } from '../rows.ts';

const DAY_S = 86_400;
const FROM_S = Date.UTC(2026, 2, 2, 21) / 1000;
/** One of each type, the boiler and the main meter among them. */
const EVERY_TYPE = {
  ...DEFAULT_FACTORY,
  machines: machineTypes.map(({ type, intervalS }, i) => ({
    ...(DEFAULT_FACTORY.machines[0] as (typeof DEFAULT_FACTORY.machines)[number]),
    id: `00000000-0000-0000-0000-${String(i + 1).padStart(12, '0')}`,
    name: type,
    type,
    ratedPowerKw: machineTypes[i]?.parameters['ratedPowerKw']?.value ?? 100,
    intervalS: Math.max(10, intervalS),
    topic: `factory/demo/${type}`,
  })),
};

const counted = { registersFromS: FROM_S, haveAllRegisters: true };

/** What registers showed, by machine and time [mWh], and the energy of each reading. */
function shown(fleet: Fleet, fromS: number, toS: number, capacity = 4096) {
  const reader = createReader(fleet);
  reader.seek(1000 * fromS);
  const rows: { id: string; timeS: number; mwh: number; takenMwh: number }[] = [];
  for (const batch of batches(reader, 1000 * toS, new Batch(capacity)))
    for (let row = 0; row < batch.length; row++) {
      const { id, type } = batch.machines[row] as Batch['machines'][number];
      if (((batch.flags[row] as number) & READING) === 0 || type.registerColumn < 0) continue;
      const at = row * ROW_WIDTH;
      const kwh = batch.values[at + type.registerColumn] as number;
      rows.push({
        id,
        timeS: (batch.timesMs[row] as number) / 1000,
        mwh: Math.round(1e6 * kwh),
        takenMwh: takenMilliwattHours(type, batch.values, at),
      });
    }
  return rows;
}

describe('an energy register', () => {
  it('is the sum of the energy since its beginning, to the last digit', () => {
    const totals = new Map<string, number>();
    for (const { id, mwh, takenMwh } of shown(
      createFleet([EVERY_TYPE], counted),
      FROM_S,
      FROM_S + DAY_S / 2,
    )) {
      totals.set(id, (totals.get(id) ?? 0) + takenMwh);
      assert.equal(mwh, totals.get(id));
    }
    assert.equal(totals.size, machineTypes.length);
    for (const total of totals.values()) assert.ok(total > 0);
  });

  it('is the last field of the channel with the energy, and counts the gas of a boiler', () => {
    for (const type of machineTypes) {
      const own = withRegister(type);
      assert.equal(withRegister(type), own);
      const channel = own.channels.find(({ fields }) =>
        fields.some(({ name }) => name === 'energy_kwh'),
      );
      assert.equal(channel?.name, type.type === 'boiler' ? 'electricity' : 'energy');
      assert.equal(channel?.fields.at(-1)?.name, 'energy_total_kwh');
      assert.deepEqual(own.fields.slice(0, -1), type.fields);
      assert.ok(own.fields.every(({ column }, i) => column === i));
    }
    const boiler = EVERY_TYPE.machines.find(({ type }) => type === 'boiler');
    const [first] = shown(
      createFleet([{ ...EVERY_TYPE, machines: [boiler as never] }], counted),
      FROM_S + 10 * 3600,
      FROM_S + 10 * 3600 + 60,
    );
    assert.ok((first?.takenMwh ?? 0) > 1e6, 'more than a kilowatt-hour is burnt in an interval');
  });

  it('changes no other value of a reading', () => {
    const [from, to] = [1000 * FROM_S, 1000 * (FROM_S + 3600)];
    const plain = createReader(createFleet([EVERY_TYPE]));
    plain.seek(from);
    const fleet = createFleet([EVERY_TYPE], counted);
    const reader = createReader(fleet);
    reader.seek(from);
    const rows = readRows(reader, to).map((row) => ({
      ...row,
      values: row.values.slice(0, fleet.byId.get(row.machineId)?.type.registerColumn),
    }));
    assert.deepEqual(rows, readRows(plain, to));
  });

  it('is the same however a window is cut, and after any seek', () => {
    const toS = FROM_S + 2 * DAY_S;
    const all = shown(createFleet([EVERY_TYPE], counted), FROM_S, toS);
    const fleet = createFleet([EVERY_TYPE], counted);
    fc.assert(
      fc.property(
        fc.integer({ min: FROM_S - 3600, max: toS }),
        fc.integer({ min: 1, max: 3600 }),
        fc.integer({ min: 1, max: 500 }),
        fc.boolean(),
        (fromS, lengthS, capacity, isFresh) => {
          const untilS = Math.min(toS, fromS + lengthS);
          const own = isFresh ? createFleet([EVERY_TYPE], counted) : fleet;
          assert.deepEqual(
            shown(own, fromS, untilS, capacity).filter(({ timeS }) => timeS > FROM_S),
            all.filter(({ timeS }) => timeS > fromS && timeS <= untilS),
          );
        },
      ),
      { numRuns: 20 },
    );
  });

  it('stands at 0 before its beginning', () => {
    for (const { mwh } of shown(createFleet([EVERY_TYPE], counted), FROM_S - 600, FROM_S))
      assert.equal(mwh, 0);
  });

  it('keeps its value while the machine stands', () => {
    const [machine] = EVERY_TYPE.machines;
    const [stopS, startS] = [FROM_S + 5000, FROM_S + 3 * DAY_S];
    const run = (kind: 'stop' | 'start', timeS: number) =>
      ({ kind, timeS, machineIds: [machine?.id as string] }) as never;
    const options = () => ({
      ...counted,
      journal: new Journal(DEFAULT_SETTINGS, [run('stop', stopS), run('start', startS)]),
    });
    const factory = { ...EVERY_TYPE, machines: [machine as never] };
    const through = shown(createFleet([factory], options()), FROM_S, startS + 600);
    const before = through.findLast(({ timeS }) => timeS < stopS);
    const after = through.find(({ timeS }) => timeS > startS);
    assert.equal(after?.mwh, (before?.mwh ?? 0) + (after?.takenMwh ?? 0));
    assert.deepEqual(
      shown(createFleet([factory], options()), startS + 60, startS + 600),
      through.filter(({ timeS }) => timeS > startS + 60),
    );
  });

  it('forgets what it remembers of a day when something happens in it later', () => {
    const [machine] = EVERY_TYPE.machines;
    const journal = new Journal(DEFAULT_SETTINGS);
    const factory = { ...EVERY_TYPE, machines: [machine as never] };
    const fleet = createFleet([factory], { ...counted, journal });
    const toS = FROM_S + 2 * DAY_S;
    const untouched = shown(fleet, FROM_S, toS).at(-1);
    journal.append({ kind: 'stop', timeS: FROM_S + 100, machineIds: [machine?.id] } as never);
    journal.append({ kind: 'start', timeS: FROM_S + 9100, machineIds: [machine?.id] } as never);
    const stopped = shown(fleet, toS - 60, toS).at(-1);
    assert.ok((stopped?.mwh ?? 0) < (untouched?.mwh ?? 0));
    assert.deepEqual(
      stopped,
      shown(createFleet([factory], { ...counted, journal }), FROM_S, toS).at(-1),
    );
  });

  it('is one of those machines that are asked to have one', () => {
    const [first, second] = EVERY_TYPE.machines;
    const ids = (changes: object, machines: readonly object[]) =>
      createFleet([{ ...EVERY_TYPE, ...changes, machines: machines as never }], {
        registersFromS: FROM_S,
      }).machines.flatMap(({ name, registerFromS }) => (registerFromS === FROM_S ? name : []));
    assert.deepEqual(ids({}, [first as object, { ...second, energyRegister: true }]), [
      second?.name,
    ]);
    assert.deepEqual(
      ids({ energyRegister: true }, [first as object, { ...second, energyRegister: false }]),
      [first?.name],
    );
    assert.deepEqual(ids({}, [first as object]), []);
    const unasked = createFleet([{ ...EVERY_TYPE, energyRegister: true }]);
    assert.ok(unasked.machines.every(({ type }) => type.registerColumn < 0));
  });

  it('goes on in a machine that a new fleet leaves as it is', () => {
    const factory = factoryOf([{ type: 'compressor' }, { type: 'pump' }]);
    const fleet = createFleet([factory], counted);
    const reader = createReader(fleet);
    const middleMs = 1000 * (FROM_S + 3600);
    reader.seek(1000 * FROM_S);
    readRows(reader, middleMs);
    const next = nextFleet(fleet, [
      {
        ...factory,
        machines: [factory.machines[0], { ...factory.machines[1], ratedPowerKw: 99 }] as never,
      },
    ]);
    assert.equal(next.machines[0], fleet.machines[0]);
    const goesOn = createReader(next, { after: reader });
    const direct = createReader(next);
    direct.seek(middleMs);
    const untilMs = middleMs + 600_000;
    const values = (rows: ReturnType<typeof readRows>) =>
      rows
        .filter(({ flags }) => flags & READING)
        .map(({ machineId, timeMs, values }) => ({ machineId, timeMs, values }));
    assert.deepEqual(values(readRows(goesOn, untilMs)), values(readRows(direct, untilMs)));
  });
});
