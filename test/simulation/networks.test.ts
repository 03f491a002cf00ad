/** What suppliers deliver equals what consumers use, what leaks and what is stored: design.md. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { READING } from '../../src/core/batch.ts';
import type { FactoryDescription, Machine, MachineDescription } from '../../src/core/factory.ts';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import type { Values } from '../../src/core/machine.ts';
import type { NetworkName } from '../../src/core/site.ts';
import { DEFAULT_CALENDAR } from '../../src/factory/default-factory.ts';
import { parseFactoryFile } from '../../src/factory/index.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { ATMOSPHERE_BAR } from '../../src/physics/air.ts';
import { effortSeconds } from '../../src/physics/polymer.ts';
import {
  createFleet,
  DEFAULT_SETTINGS,
  type Fleet,
  nextFleet,
} from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import type { Network } from '../../src/site/network.ts';
import { passOver, type Row, readRows } from '../rows.ts';

const CALM = { ...DEFAULT_SETTINGS, enableAnomalies: false };
const DAY_S = 86_400;
/** A Tuesday in June, from midnight in Bavaria. */
const FROM_S = Date.UTC(2026, 5, 8, 22) / 1000;
const REFERENCE_BAR = 7 + ATMOSPHERE_BAR;

const text = readFileSync(new URL('../../../examples/balanced-site.yaml', import.meta.url), 'utf8');
const EXAMPLE = parseFactoryFile(text, DEFAULT_CALENDAR, 'balanced-site.yaml', machineTypes)
  .factories[0] as FactoryDescription;

function fleetOf(changes: Partial<FactoryDescription> = {}, events: readonly JournalEvent[] = []) {
  return createFleet([{ ...EXAMPLE, ...changes }], { journal: new Journal(CALM, events) });
}

function named(fleet: Fleet, name: string): Machine {
  return fleet.machines.find((machine) => machine.name === name) as Machine;
}

function networkOf(fleet: Fleet, name: NetworkName): Network {
  return fleet.plants
    .find(({ factory }) => factory.id === EXAMPLE.id)
    ?.networks.get(name) as Network;
}

/** Steps through a machine's segments, from an anchor, and visits those of a window. */
function segments(
  { type, parameters, site, random }: Machine,
  fromS: number,
  toS: number,
  look: (state: Readonly<Values<string>>, atS: number, lengthS: number) => void,
): void {
  const anchorS = type.anchorS(parameters, site, fromS, 3);
  const state = type.start(parameters, site, random, anchorS);
  for (let tS = anchorS; tS < toS; ) {
    const endS = type.begin(state, parameters, site, random, tS);
    if (endS > fromS) look(state, tS, Math.min(endS, toS) - Math.max(tS, fromS));
    tS = endS;
  }
}

/** The sum of a flow over a window, from its steps. */
function total(network: Network, toS: number, flow: (at: ReturnType<Network['at']>) => number) {
  let sum = 0;
  for (let tS = FROM_S; tS < toS; tS += network.stepS) sum += flow(network.at(tS)) * network.stepS;
  return sum;
}

const close = (a: number, b: number, what: string, scale = Math.max(Math.abs(a), 1)) =>
  assert.ok(Math.abs(a - b) <= 1e-6 * scale, `${what}: ${a} against ${b}`);

test('air: what compressors deliver in a day is used, leaked or stored, to 1e-6', () => {
  const fleet = fleetOf();
  const network = networkOf(fleet, 'compressedAir');
  const toS = FROM_S + DAY_S;
  let [producedM3, usedM3, leakedM3, storedM3, askedM3] = [0, 0, 0, 0, 0];
  for (const { name } of network.suppliers) {
    const machine = named(fleet, name);
    const p = machine.parameters as Values<string>;
    const rated = p['ratedFlowM3Min'] as number;
    segments(machine, FROM_S, toS, (s, atS, lengthS) => {
      const at = (key: string) => s[key] as number;
      const { leaked, consumers, others } = network.at(atS);
      const leakShare = leaked / (leaked + consumers + others);
      const swingBar = at('startBar') - at('limitBar');
      const decay = Math.exp(-at('perS') * lengthS);
      const barS = at('limitBar') * lengthS + (swingBar * (1 - decay)) / at('perS');
      producedM3 += (p['flowM3PerS'] as number) * at('flowShare') * lengthS;
      const share = at('demandShare');
      const drawnM3 = ((rated * share) / REFERENCE_BAR / 60) * (barS + ATMOSPHERE_BAR * lengthS);
      leakedM3 += leakShare * drawnM3;
      usedM3 += (1 - leakShare) * drawnM3;
      askedM3 += ((rated * share) / 60) * lengthS;
      // Capacity of receiver and pipes in m³ of air per bar.
      const m3PerBar = ((p['storageShare'] as number) * rated) / ATMOSPHERE_BAR;
      storedM3 += m3PerBar * (swingBar * decay - swingBar);
    });
  }
  assert.ok(producedM3 > 5000, `${producedM3}`);
  close(producedM3, usedM3 + leakedM3 + storedM3, 'produced');
  assert.ok(leakedM3 > 0.1 * usedM3 && leakedM3 < usedM3);
  // The demand, at its nominal pressure, is what the plans of the site require.
  const asked = total(network, toS, (flows) => flows.consumers + flows.others + flows.leaked) / 60;
  assert.ok(Math.abs(askedM3 - asked) <= 1e-5 * asked, `${askedM3} against ${asked}`);
  assert.ok(total(network, toS, ({ consumers }) => consumers) > 0.1 * 60 * asked);
  // The draw is proportional to the pressure, which stays within a few percent of its nominal
  // value.
  assert.ok(Math.abs((usedM3 + leakedM3) / askedM3 - 1) < 0.05);
});

test('air: what compressors publish is what their states delivered', () => {
  const fleet = fleetOf();
  const machine = named(fleet, 'Compressor-1');
  const flowM3PerS = machine.parameters['flowM3PerS'] as number;
  let deliveredM3 = 0;
  segments(machine, FROM_S, FROM_S + DAY_S, (s, _atS, lengthS) => {
    deliveredM3 += flowM3PerS * (s['flowShare'] as number) * lengthS;
  });
  const reader = createReader(fleet, { machines: [machine] });
  reader.seek(FROM_S * 1000);
  const column = machine.type.fields.find(({ key }) => key === 'productionCount')?.column ?? -1;
  const published = readRows(reader, (FROM_S + DAY_S) * 1000).reduce(
    (sum, { values }) => sum + (values[column] as number),
    0,
  );
  assert.ok(Math.abs(published - deliveredM3) < 2, `${published} against ${deliveredM3}`);
});

test('chilled water: what the chiller delivers in a day is used, gained or stored, to 1e-6', () => {
  const fleet = fleetOf();
  const network = networkOf(fleet, 'chilledWater');
  const machine = named(fleet, 'Chiller');
  const p = machine.parameters as Values<string>;
  const toS = FROM_S + DAY_S;
  const loopKjPerK = 150 * (p['refKw'] as number);
  let [givenKj, coilKj, processKj, pipesKj] = [0, 0, 0, 0];
  let [firstK, lastK] = [Number.NaN, 0];
  segments(machine, FROM_S, toS, (s, _atS, lengthS) => {
    const at = (key: string) => s[key] as number;
    if (Number.isNaN(firstK)) firstK = at('loopTempC');
    lastK = at('loopTempC') + at('loopKPerS') * lengthS;
    const pipesKw = 0.005 * (p['refKw'] as number);
    givenKj += at('evaporatorKw') * lengthS;
    processKj += at('processKw') * lengthS;
    coilKj += (at('loopGainKw') - pipesKw - at('processKw')) * lengthS;
    pipesKj += pipesKw * lengthS;
  });
  const storedKj = loopKjPerK * (firstK - lastK);
  close(givenKj, coilKj + processKj + pipesKj + storedKj, 'given');
  close(
    processKj,
    total(network, toS, (flows) => flows.consumers + flows.others + flows.leaked),
    'process',
  );
  assert.ok(total(network, toS, ({ consumers }) => consumers) > 0.8 * processKj && coilKj > 0);
});

test('chilled water: a press removes the heat of its mould and oil, a hydraulic unit that of its oil', () => {
  const fleet = fleetOf();
  const network = networkOf(fleet, 'chilledWater');
  const toS = FROM_S + DAY_S;
  const takenKj = (without: string) => {
    const { id } = named(fleet, without);
    const stop = { kind: 'stop', machineIds: [id], sequence: 1, timeS: FROM_S } as const;
    const less = networkOf(fleetOf({}, [stop]), 'chilledWater');
    const consumers = (of: Network) => total(of, toS, (flows) => flows.consumers);
    return consumers(network) - consumers(less);
  };
  const unit = named(fleet, 'Hydraulics');
  let oilKj = 0;
  segments(unit, FROM_S, toS, (s, _atS, lengthS) => {
    oilKj += (unit.parameters['ratedPowerKw'] as number) * (s['heatShare'] as number) * lengthS;
  });
  // The plan knows neither the recipe of a block nor how thin its oil is.
  const share = takenKj('Hydraulics') / oilKj;
  assert.ok(share > 0.66 && share < 0.74, `${share} of the oil's heat`);

  const press = named(fleet, 'Press-1');
  let [mouldKj, pumpKj, meltKj] = [0, 0, 0];
  segments(press, FROM_S, toS, (s, atS, lengthS) => {
    const at = (key: string) => s[key] as number;
    const isCycling = at('activity') === 0;
    if (isCycling) mouldKj += at('shotKw') * lengthS;
    pumpKj += at('pumpBaseKw') * lengthS;
    if (!isCycling) return;
    meltKj += 0.62 * at('shotKw') * lengthS;
    const from = atS - at('cycleStartS');
    const effort = (afterS: number) => effortSeconds(press.parameters as never, 1, afterS);
    pumpKj += at('effortKw') * (effort(from + lengthS) - effort(from));
  });
  const wantedKj = mouldKj + 0.7 * (0.93 * pumpKj - meltKj);
  const pressShare = takenKj('Press-1') / wantedKj;
  assert.ok(pressShare > 0.97 && pressShare < 1.03, `${pressShare} of the heat to be taken`);
  const fixed = { ...unit.parameters, displacement: 1 };
  const wasteful = { ...fixed, ...unit.type.derived(fixed as never) };
  const use = unit.type.uses?.chilledWater;
  assert.ok((use?.(wasteful, 1) as number) > 2 * (use?.(unit.parameters, 1) as number));
});

test('steam: what the boiler raises in a day is used, leaked, blown off or stored, to 1e-6', () => {
  for (const [fromS, isHeating] of [
    [FROM_S, false],
    [Date.UTC(2026, 0, 12, 23) / 1000, true],
  ] as const) {
    const fleet = fleetOf();
    const network = networkOf(fleet, 'steam');
    const toS = fromS + DAY_S;
    let raisedKg = 0;
    let storedKg = 0;
    let mostKg = 0;
    segments(named(fleet, 'Boiler'), fromS, toS, (s, atS, lengthS) => {
      const { consumers, others, leaked, surplus } = network.at(atS);
      const takenKgPerS = (consumers + others + leaked + surplus) / 3600;
      raisedKg += (s['steamKgPerS'] as number) * lengthS;
      storedKg += ((s['steamKgPerS'] as number) - takenKgPerS) * lengthS;
      mostKg = Math.max(mostKg, Math.abs(storedKg));
    });
    assert.ok(raisedKg > 5000, `${raisedKg}`);
    assert.ok(Math.abs(storedKg) < 1e-6 * raisedKg, `${storedKg} of ${raisedKg} kg`);
    // Between its windows the header holds the use of a quarter of an hour at a quarter load.
    assert.ok(mostKg < 250, `${mostKg}`);
    const heatingKg = network.at(fromS + DAY_S / 2).others;
    assert.equal(heatingKg > 2200, isHeating, `${heatingKg}`);
  }
});

test('the first compressor carries the base load, the next ones the rest, in the given order', () => {
  const fleet = fleetOf();
  const network = networkOf(fleet, 'compressedAir');
  const [one, two, three] = network.suppliers.map(({ capacity }) => capacity) as [
    number,
    number,
    number,
  ];
  const leads = new Set<number>();
  for (let tS = FROM_S + 8 * 3600; tS < FROM_S + 15 * DAY_S; tS += 3600) {
    const { supplied, consumers, others, leaked } = network.at(tS);
    const [a, b, c] = supplied as unknown as [number, number, number];
    close(a + b + c, consumers + others + leaked, 'supplied');
    const isAlike = Math.abs(a / one - c / three) < 1e-9;
    if (isAlike) continue;
    leads.add(a >= b ? 0 : 1);
    assert.ok(Math.max(a / one, b / two) >= c / three);
    if (c > 0) close(a + b, 0.95 * (one + two), 'the small one is called last');
  }
  assert.deepEqual([...leads].sort(), [0, 1], 'they take turns, a week each');
});

test('a stopped consumer draws nothing, a stopped supplier leaves the demand to others', () => {
  const stopS = FROM_S + 9 * 3600;
  const stopped = (name: string) => {
    const { id } = named(fleetOf(), name);
    return fleetOf({}, [{ kind: 'stop', machineIds: [id], sequence: 1, timeS: stopS }]);
  };
  const at = (fleet: Fleet, tS: number) => {
    const { supplied, consumers } = networkOf(fleet, 'compressedAir').at(tS);
    return { supplied: Array.from(supplied), consumers };
  };
  const all = fleetOf();
  const without = stopped('Packing-Line');
  assert.deepEqual(at(without, stopS - 60), at(all, stopS - 60));
  let takenM3Min = 0;
  for (let tS = stopS; tS < stopS + 3600; tS += 60)
    takenM3Min += (at(all, tS).consumers - at(without, tS).consumers) / 60;
  // It draws 0.9 m³/min at full activity, and is 85 % busy except for short stops.
  assert.ok(takenM3Min > 0.65 && takenM3Min < 0.85, `${takenM3Min}`);
  const lead = at(all, stopS).supplied.indexOf(Math.max(...at(all, stopS).supplied));
  const left = at(stopped(`Compressor-${lead + 1}`), stopS);
  assert.equal(left.supplied[lead], 0);
  close(
    left.supplied.reduce((a, b) => a + b),
    at(all, stopS).supplied.reduce((a, b) => a + b),
    'the others give all',
  );
});

test('a supplier in maintenance leaves the demand to others, a consumer in maintenance draws nothing', () => {
  const of = (parameters: Partial<Record<string, number>>, name: RegExp) =>
    fleetOf({
      machines: EXAMPLE.machines.map((each) =>
        name.test(each.name)
          ? { ...each, parameters: { ...each.parameters, ...parameters } }
          : each,
      ),
    });
  // A Sunday, 09:00 in Bavaria: during the maintenance.
  const atS = FROM_S + 5 * DAY_S + 9 * 3600;
  const { supplied } = networkOf(of({ maintenanceWeeks: 1 }, /^Compressor-1/), 'compressedAir').at(
    atS,
  );
  assert.equal(supplied[0], 0);
  assert.ok((supplied[1] as number) > 0);
  const never = of({ maintenanceWeeks: 0 }, /./);
  const always = of({ maintenanceWeeks: 1 }, /^(Press|Packing)/);
  const consumers = (fleet: Fleet) => networkOf(fleet, 'compressedAir').at(atS).consumers;
  assert.ok(consumers(always) < consumers(never), `${consumers(always)} ${consumers(never)}`);
});

test('an additional consumer changes its supplier and no other machine', () => {
  const press = EXAMPLE.machines.find(({ name }) => name === 'Press-1') as MachineDescription;
  const more = { ...press, id: '0000000a-0000-0000-0000-000000000001', name: 'Press-3' };
  const rows = (fleet: Fleet) => {
    const reader = createReader(fleet);
    reader.seek((FROM_S + 9 * 3600) * 1000);
    return readRows(reader, (FROM_S + 9.5 * 3600) * 1000).filter(({ flags }) => flags & READING);
  };
  const of = (all: readonly Row[], name: string) => {
    const { id } = EXAMPLE.machines.find((each) => each.name === name) as MachineDescription;
    return all.filter(({ machineId }) => machineId === id);
  };
  const before = rows(fleetOf());
  const after = rows(fleetOf({ machines: [...EXAMPLE.machines, more] }));
  for (const { name } of EXAMPLE.machines) {
    const isFed = /^(Compressor|Chiller|Main-Meter)/.test(name);
    if (!isFed) assert.deepEqual(of(after, name), of(before, name), name);
  }
  assert.notDeepEqual(of(after, 'Chiller'), of(before, 'Chiller'));
});

test('an additional consumer rebuilds its suppliers and the meter, and no other machine', () => {
  const fleet = fleetOf();
  const press = EXAMPLE.machines.find(({ name }) => name === 'Press-1') as MachineDescription;
  const more = { ...press, id: '0000000a-0000-0000-0000-000000000001', name: 'Press-3' };
  const machines = [...EXAMPLE.machines, more];
  const next = nextFleet(fleet, [{ ...EXAMPLE, machines }]);
  const changed = fleet.machines.filter((machine) => next.byId.get(machine.id) !== machine);
  assert.deepEqual(
    changed.map(({ name }) => name),
    EXAMPLE.machines.map(({ name }) => name).filter((name) => /^(Comp|Chiller|Main)/.test(name)),
  );
  const same = nextFleet(next, [{ ...EXAMPLE, machines }]).byId;
  for (const machine of next.machines) assert.equal(same.get(machine.id), machine);
  const anew = createReader(fleetOf({ machines }));
  const gone = createReader(next);
  const [fromMs, untilMs] = [FROM_S * 1000, (FROM_S + 600) * 1000];
  anew.seek(fromMs);
  gone.seek(fromMs);
  assert.deepEqual(readRows(gone, untilMs), readRows(anew, untilMs));
});

test('suppliers read alone, together or from another instant give the same rows', () => {
  const fromMs = (FROM_S + 2.9 * 3600) * 1000;
  const untilMs = fromMs + 1_800_000;
  const all = createReader(fleetOf());
  all.seek(fromMs - 2 * DAY_S * 1000);
  passOver(all, fromMs);
  const through = readRows(all, untilMs, 100_000);
  for (const { name, id } of EXAMPLE.machines) {
    const fleet = fleetOf();
    const reader = createReader(fleet, { machines: [named(fleet, name)] });
    reader.seek(fromMs);
    assert.deepEqual(
      readRows(reader, untilMs),
      through.filter(({ machineId }) => machineId === id),
      name,
    );
  }
});
