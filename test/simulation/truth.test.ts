import assert from 'node:assert/strict';
import test from 'node:test';
import { Batch } from '../../src/core/batch.ts';
import { Journal } from '../../src/core/journal.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { CostCount } from '../../src/simulation/truth.ts';

const FROM_S = Date.UTC(2026, 6, 7, 9) / 1000;
const CALM = { ...DEFAULT_SETTINGS, enableAnomalies: false };
const MANY = Number.POSITIVE_INFINITY;

for (const machine of DEFAULT_FACTORY.machines) {
  const { type } = createFleet([DEFAULT_FACTORY]).byId.get(machine.id) as never as {
    type: { faultTypes: string[]; fields: { key: string; column: number }[] };
  };

  test(`${machine.type}: an anomaly costs the difference between its readings and the counterfactual's`, () => {
    const journal = new Journal(CALM, [
      {
        kind: 'inject',
        id: 'a',
        machineId: machine.id,
        anomalyType: type.faultTypes[0] as string,
        severity: 4,
        durationS: 1800,
        sequence: 1,
        timeS: FROM_S,
      },
    ]);
    const fleet = createFleet([DEFAULT_FACTORY], { journal });
    const incident = journal.injections(machine.id)[0];
    assert.ok(incident);
    const count = new CostCount(fleet, incident);
    const untilS = FROM_S + 4 * 86_400;
    assert.equal(count.advance(incident, untilS, MANY), true);
    const { cost } = count;
    assert.ok(cost.hasRecovered, 'it recovers within four days');

    const sums = [undefined, 'a'].map((without) => {
      const machines = fleet.machines.filter(({ id }) => id === machine.id);
      const reader = createReader(fleet, { machines, ...(without && { without }) });
      reader.seek(FROM_S * 1000);
      const [energy, units] = ['energyKwh', 'productionCountGood'].map(
        (key) => type.fields.find((field) => field.key === key)?.column,
      ) as [number, number];
      const batch = new Batch();
      const sum = { energyKwh: 0, good: 0 };
      for (let isDone = false; !isDone; ) {
        batch.clear();
        isDone = reader.read(untilS * 1000, batch);
        for (let i = 0; i < batch.length; i++) {
          sum.energyKwh += batch.values[i * ROW_WIDTH + energy] as number;
          sum.good += batch.values[i * ROW_WIDTH + units] as number;
        }
      }
      return sum;
    }) as [{ energyKwh: number; good: number }, { energyKwh: number; good: number }];
    const excessKwh = sums[0].energyKwh - sums[1].energyKwh;
    assert.ok(Math.abs(cost.excessEnergyKwh - excessKwh) < 1e-5, `${excessKwh}`);
    assert.equal(cost.lostProductionUnits, sums[1].good - sums[0].good);
    assert.ok(Math.abs(excessKwh) > 0.01);
  });
}

test('the cost does not depend on the step size', () => {
  const machineId = DEFAULT_FACTORY.machines[0]?.id as string;
  const journal = new Journal(CALM, [
    {
      kind: 'inject',
      id: 'a',
      machineId,
      anomalyType: 'leak',
      severity: 3,
      durationS: 900,
      sequence: 1,
      timeS: FROM_S,
    },
  ]);
  const fleet = createFleet([DEFAULT_FACTORY], { journal });
  const incident = journal.injections(machineId)[0];
  assert.ok(incident);
  const [whole, stepped] = [new CostCount(fleet, incident), new CostCount(fleet, incident)];
  whole.advance(incident, FROM_S + 1800, MANY);
  for (let tS = FROM_S; tS <= FROM_S + 1800; tS += 60) while (!stepped.advance(incident, tS, 7));
  assert.deepEqual(stepped.cost, whole.cost);
  assert.ok(whole.cost.excessEnergyKwh > 0);
});
