/** The truth that an energy baseline estimates. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { READING } from '../../src/core/batch.ts';
import type { Machine } from '../../src/core/factory.ts';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { BaselineCount } from '../../src/simulation/baseline.ts';
import { createFleet, DEFAULT_SETTINGS, type Fleet } from '../../src/simulation/fleet.ts';
import { Incidents } from '../../src/simulation/incidents.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { CostCount } from '../../src/simulation/truth.ts';
import { readRows } from '../rows.ts';

const CALM = { ...DEFAULT_SETTINGS, enableAnomalies: false };
const HOUR_S = 3600;
/** A Tuesday. */
const FROM_S = Date.UTC(2026, 5, 2) / 1000;

const machines = machineTypes.map(({ type, intervalS, parameters: { ratedPowerKw } }, i) => ({
  id: `b0000000-0000-0000-0000-00000000000${i}`,
  name: type,
  type,
  ratedPowerKw: ratedPowerKw?.value as number,
  intervalS,
  topic: `factory/demo/${type}`,
}));
/** As good as new, so that only anomalies can be wrong. */
const AS_NEW = { wearShare: 0 };

function fleetOf(
  events: readonly JournalEvent[] = [],
  settings = CALM,
  parameters: Partial<Record<string, number>> = AS_NEW,
): Fleet {
  const journal = new Journal(settings, events);
  const own = machines.map((machine) => ({ ...machine, parameters }));
  return createFleet([{ ...DEFAULT_FACTORY, machines: own }], { journal });
}

function machineOf(fleet: Fleet, type: string): Machine {
  return fleet.machines.find((machine) => machine.type.type === type) as Machine;
}

function accounts(fleet: Fleet, machine: Machine, fromS: number, toS: number) {
  const count = new BaselineCount(fleet, machine, fromS, toS);
  assert.ok(count.advance(Number.POSITIVE_INFINITY));
  return count.accounts;
}

/** The published readings of a machine in a window. */
function published(fleet: Fleet, machine: Machine, fromS: number, toS: number) {
  const reader = createReader(fleet, { machines: [machine] });
  reader.seek(fromS * 1000);
  const { type } = machine;
  const made = type.fields.find(({ key }) => key === 'productionCount')?.column ?? -1;
  let [energyKwh, production] = [0, 0];
  for (const { flags, values } of readRows(reader, toS * 1000)) {
    if (!(flags & READING)) continue;
    energyKwh += type.energyTakenKwh(
      Float64Array.from(values, (each) => each ?? Number.NaN),
      0,
    );
    production += made < 0 ? 0 : (values[made] as number);
  }
  return { energyKwh, production };
}

for (const { type } of machines) {
  test(`${type}: without anomalies and wear the baseline is the actual consumption and production`, () => {
    const fleet = fleetOf();
    const machine = machineOf(fleet, type);
    const toS = FROM_S + 24 * HOUR_S;
    const { actual, expected } = accounts(fleet, machine, FROM_S, toS);
    assert.deepEqual(actual, expected);
    const { energyKwh, production } = published(fleet, machine, FROM_S, toS);
    assert.ok(
      Math.abs(actual.energyKwh / energyKwh - 1) < 0.003,
      `${actual.energyKwh} ${energyKwh}`,
    );
    assert.equal(actual.production, production);
    const parts = [FROM_S, FROM_S + 7 * HOUR_S + 1260, toS];
    const [first, second] = [0, 1].map(
      (i) => accounts(fleet, machine, parts[i] as number, parts[i + 1] as number).expected,
    );
    const sumKwh = (first?.energyKwh ?? 0) + (second?.energyKwh ?? 0);
    assert.ok(Math.abs(sumKwh / expected.energyKwh - 1) < 1e-6, `${sumKwh} ${expected.energyKwh}`);
  });
}

test('a stopped machine uses nothing, and neither does its baseline', () => {
  const [stopS, startS] = [FROM_S + 9.5 * HOUR_S + 7, FROM_S + 13 * HOUR_S + 11];
  const id = machineOf(fleetOf(), 'motor').id;
  const fleet = fleetOf([
    { kind: 'stop', machineIds: [id], sequence: 1, timeS: stopS },
    { kind: 'start', machineIds: [id], sequence: 2, timeS: startS },
  ]);
  const machine = machineOf(fleet, 'motor');
  const [fromS, toS] = [FROM_S + 8 * HOUR_S, FROM_S + 16 * HOUR_S];
  const { actual, expected } = accounts(fleet, machine, fromS, toS);
  assert.deepEqual(actual, expected);
  const { energyKwh } = published(fleet, machine, fromS, toS);
  assert.ok(Math.abs(actual.energyKwh - energyKwh) < 0.2, `${actual.energyKwh} ${energyKwh}`);
  assert.equal(accounts(fleet, machine, stopS, startS).actual.energyKwh, 0);
});

test('the baseline excludes wear and includes planned maintenance', () => {
  const worn = fleetOf([], CALM, { maintenanceWeeks: 1, installedYear: 2016 });
  const asNew = fleetOf([], CALM, { maintenanceWeeks: 1, ...AS_NEW });
  // From Saturday on, over the maintenance of Sunday.
  const [fromS, toS] = [FROM_S + 96 * HOUR_S, FROM_S + 144 * HOUR_S];
  for (const type of ['hvac', 'pump', 'meter']) {
    const { actual, expected } = accounts(worn, machineOf(worn, type), fromS, toS);
    assert.deepEqual(expected, accounts(asNew, machineOf(asNew, type), fromS, toS).actual, type);
    assert.ok(actual.energyKwh > expected.energyKwh, type);
  }
});

test('the cost of an anomaly is the difference from the baseline', () => {
  const machineId = machineOf(fleetOf(), 'compressor').id;
  const fleet = fleetOf([
    {
      kind: 'inject',
      id: 'x',
      machineId,
      anomalyType: 'efficiency_loss',
      severity: 5,
      durationS: 4 * HOUR_S,
      sequence: 1,
      timeS: FROM_S + 9 * HOUR_S,
    },
  ]);
  const machine = machineOf(fleet, 'compressor');
  const { actual, expected } = accounts(fleet, machine, FROM_S, FROM_S + 24 * HOUR_S);
  const [incident] = new Incidents(machine, fleet.journal).between(FROM_S, FROM_S + 24 * HOUR_S);
  assert.ok(incident);
  const cost = new CostCount(fleet, incident);
  while (!cost.advance(incident, FROM_S + 24 * HOUR_S, 10_000));
  const excessKwh = actual.energyKwh - expected.energyKwh;
  assert.ok(excessKwh > 20 && Math.abs(excessKwh / cost.cost.excessEnergyKwh - 1) < 0.02);
});

test('random anomalies are not in the baseline, but reach the main meter', () => {
  const often = { ...DEFAULT_SETTINGS, anomalyProbability: 1 };
  const [ill, well] = [fleetOf([], often), fleetOf()];
  const toS = FROM_S + 24 * HOUR_S;
  for (const type of ['hvac', 'meter']) {
    const own = accounts(ill, machineOf(ill, type), FROM_S, toS);
    const calm = accounts(well, machineOf(well, type), FROM_S, toS);
    assert.deepEqual(own.expected, calm.actual, type);
    assert.ok(Math.abs(own.actual.energyKwh - own.expected.energyKwh) > 1, type);
  }
});
