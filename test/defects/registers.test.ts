/** What registers show: of meters that are wired wrongly, and after rollover, reset and exchange. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Batch } from '../../src/core/batch.ts';
import type { RegisterDefect } from '../../src/core/defect.ts';
import { Journal } from '../../src/core/journal.ts';
import { defects } from '../../src/defects/index.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import {
  boiler,
  columnOf,
  type DefectOf,
  FROM_S,
  factory,
  pump,
  type Row,
  read,
  readings,
  storyOf,
  TO_S,
} from './told.ts';

const BEGINS_S = FROM_S - 3600;
const bitOf = (kind: string) => 1 << defects.findIndex((defect) => defect.kind === kind);
const isActing = (tS: number) => tS > FROM_S + 300 && tS <= FROM_S + 900;

function countedFleet(own: readonly DefectOf[]) {
  return createFleet([factory], {
    journal: new Journal(DEFAULT_SETTINGS),
    stories: [storyOf(own)],
    registersFromS: BEGINS_S,
    haveAllRegisters: true,
  });
}

const mwhOf = ({ machine, values }: Row, name = 'energy_total_kwh') =>
  Math.round(1e6 * (values[columnOf(machine, name)] as number));

/** What the register of a machine told, with the reading and the true one beside it. */
function pairsOf(own: readonly DefectOf[], machineId = pump, fromS = FROM_S, toS = TO_S) {
  const fleet = countedFleet(own);
  const of = (isTrue: boolean) =>
    readings(read(fleet, { isTrue }, fromS, toS)).filter(({ machine }) => machine.id === machineId);
  const truth = new Map(of(true).map((row) => [row.tS, row]));
  return of(false).map((told) => ({ told, true: truth.get(told.tS) as Row }));
}

/** Checks what a register tells from the sound register of each reading, wherever one begins. */
function check(
  own: readonly DefectOf[],
  expected: (mwh: number, tS: number, atMwh: (tS: number) => number) => number,
) {
  const sound = new Map(
    readings(read(countedFleet([]), {}, BEGINS_S, TO_S))
      .filter(({ machine }) => machine.id === pump)
      .map((row) => [row.tS, mwhOf(row)]),
  );
  const intervalS = (factory.machines[0] as { intervalS: number }).intervalS;
  const atMwh = (tS: number) => sound.get(Math.floor(tS / intervalS) * intervalS) as number;
  for (const fromS of [BEGINS_S, FROM_S, FROM_S + 450, FROM_S + 1000])
    for (const { told, true: truth } of pairsOf(own, pump, fromS)) {
      assert.equal(mwhOf(truth), sound.get(truth.tS), 'the true register is sound');
      assert.equal(mwhOf(told), expected(mwhOf(truth), told.tS, atMwh), `at ${told.tS - FROM_S}`);
    }
}

const forGood = { endS: Number.POSITIVE_INFINITY };
const at = (offsetS: number) => ({ beginS: FROM_S + offsetS, ...forGood });

test('a rollover is the rest of a division, while it lasts', () => {
  const modulus = 0.25;
  check([{ kind: 'rollover', values: { modulus } }], (mwh, tS) =>
    isActing(tS) ? mwh % 250_000 : mwh,
  );
});

test('a reset and an exchange count on from their beginning, for good', () => {
  check([{ kind: 'reset', ...at(305) }], (mwh, tS, atMwh) =>
    tS > FROM_S + 305 ? mwh - atMwh(FROM_S + 305) : mwh,
  );
  check([{ kind: 'exchange', values: { value: 2000 }, ...at(300) }], (mwh, tS, atMwh) =>
    tS > FROM_S + 300 ? 2_000_000_000 + mwh - atMwh(FROM_S + 300) : mwh,
  );
});

test('of resets and exchanges the last one counts, and a rollover comes last', () => {
  check(
    [
      { kind: 'rollover', values: { modulus: 0.1 }, ...at(0) },
      { kind: 'reset', ...at(300) },
      { kind: 'exchange', values: { value: 5 }, ...at(600) },
    ],
    (mwh, tS, atMwh) => {
      const own =
        tS > FROM_S + 600
          ? 5_000_000 + mwh - atMwh(FROM_S + 600)
          : tS > FROM_S + 300
            ? mwh - atMwh(FROM_S + 300)
            : mwh;
      return tS > FROM_S ? own % 100_000 : own;
    },
  );
});

test('an instant is a defect of one reading', () => {
  const acted = pairsOf([{ kind: 'reset', ...at(305) }]).filter(({ told }) => told.defects !== 0);
  assert.deepEqual(
    acted.map(({ told }) => [told.tS - FROM_S > 305, told.defects]),
    [[true, bitOf('reset')]],
  );
});

test('falling registers are those that programs misread', () => {
  // Widely used ways to read a register that falls: the difference, and one that knows the modulus.
  const register = [999_990, 999_996, 3, 9, 0, 4, 4, 2000];
  const trueIncrements = [6, 7, 6, 0, 4, 0, 0];
  const of = (kind: string) => defects.find((each) => each.kind === kind) as RegisterDefect;
  const kwh = 1e6;
  let sound = 999_990;
  let shown = [sound];
  for (const [i, increment] of trueIncrements.entries()) {
    const before = sound;
    sound += increment;
    const index = i + 1;
    const beginsAt = { reset: 1_000_009, exchange: 1_000_013 };
    let mwh = sound * kwh;
    if (index >= 7) mwh = of('exchange').show(mwh, beginsAt.exchange * kwh, { value: 2000 });
    else if (index >= 4) mwh = of('reset').show(mwh, beginsAt.reset * kwh, {});
    shown = [...shown, of('rollover').show(mwh, before * kwh, { modulus: 1_000_000 }) / kwh];
  }
  assert.deepEqual(shown, register);
});

/** The energy of a reading that a meter counts [mWh]. */
const countedMwh = (row: Row, electricKwh: number) => {
  const kwh = columnOf(row.machine, 'energy_kwh');
  const values = row.values.slice();
  values[kwh] = Math.max(0, electricKwh);
  return Math.round(1e6 * row.machine.type.energyTakenKwh(values, 0));
};

for (const [name, machineId, fromS] of [
  ['a pump', pump, BEGINS_S],
  ['a boiler, which also burns gas', boiler, BEGINS_S],
  ['a pump that is read from later on', pump, FROM_S + 600],
] as const)
  test(`a meter that is wired wrongly counts what it tells: ${name}`, () => {
    for (const phases of [['L1'], ['L1', 'L2']]) {
      const own: DefectOf[] = [
        { kind: 'ct_reversed', machineIds: [machineId], values: { phases } },
      ];
      const all = pairsOf(own, machineId, BEGINS_S);
      let mwh = 0;
      let standing = 0;
      const expected = new Map<number, number>();
      for (const { told } of all) {
        const electricKwh = told.values[columnOf(told.machine, 'energy_kwh')] as number;
        mwh += countedMwh(told, electricKwh);
        if (electricKwh < 0) standing++;
        expected.set(told.tS, mwh);
      }
      assert.equal(standing > 0, phases.length === 2);
      for (const { told, true: truth } of pairsOf(own, machineId, fromS)) {
        assert.equal(mwhOf(told), expected.get(told.tS));
        assert.ok(told.tS <= FROM_S + 300 || mwhOf(told) < mwhOf(truth));
      }
    }
  });

test('a register of a pump stands while its meter is wired backwards', () => {
  const own = [{ kind: 'ct_reversed', values: { phases: ['L1', 'L2', 'L3'] } }];
  const acting = pairsOf(own).filter(({ told }) => isActing(told.tS));
  const [first] = acting;
  for (const { told } of acting) assert.equal(mwhOf(told), first && mwhOf(first.told));
});

test('a value defect acts on what the register shows', () => {
  const fields = ['energy_total_kwh'];
  check([{ kind: 'scale', fields, values: { unit: 'Wh' } }], (mwh, tS) =>
    isActing(tS) ? 1000 * mwh : mwh,
  );
  check([{ kind: 'stuck', fields }], (mwh, tS, atMwh) =>
    isActing(tS) ? atMwh(FROM_S + 300) : mwh,
  );
  check(
    [
      { kind: 'reset', ...at(-100) },
      { kind: 'stuck', fields },
    ],
    (mwh, tS, atMwh) => {
      if (tS <= FROM_S - 100) return mwh;
      return (isActing(tS) ? atMwh(FROM_S + 300) : mwh) - atMwh(FROM_S - 100);
    },
  );
});

test('a lost reading is counted all the same', () => {
  check([{ kind: 'gap', values: { share: 0.5 } }], (mwh) => mwh);
});

test('a reader that moves to other times shows the same', () => {
  const fleet = countedFleet([
    { kind: 'reset', ...at(305) },
    { kind: 'stuck', fields: ['energy_total_kwh'] },
  ]);
  const reader = createReader(fleet);
  const batch = new Batch(50_000);
  const shown = (fromS: number) => {
    batch.clear();
    reader.seek(1000 * fromS);
    reader.read(1000 * TO_S, batch);
    return readings(batch).map((row) => [row.machine.id, row.tS, mwhOf(row)]);
  };
  const all = shown(FROM_S);
  for (const offsetS of [1100, 310, 900, 0, 299, 301])
    assert.deepEqual(
      shown(FROM_S + offsetS),
      all.filter(([, tS]) => Number(tS) > FROM_S + offsetS),
    );
});
