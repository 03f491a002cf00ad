/** A user's own machine type, from its definition to the API. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  Batch,
  createFleet,
  createReader,
  DEFAULT_CALENDAR,
  decimal,
  defineMachine,
  ELECTRICITY,
  machineTypes,
  parameter,
  parseFactoryFile,
  READING,
  readingAt,
} from '../src/index.ts';
import { NOON_MS, startSimulation } from './simulation.ts';

/** An electric oven that heats whenever its factory works. */
const oven = defineMachine({
  type: 'oven',
  title: 'Electric oven',
  plural: 'ovens',
  intervalS: 5,
  typicalRatedPowerKw: [5, 100],
  parameters: {
    ratedPowerKw: parameter(20, [1, 1000], 'Power of its heating.'),
    setTempC: parameter(220, [50, 400], 'Temperature that it holds.'),
    idleShare: parameter(0.1, [0, 1], 'Power between shifts, of the rated one.', {
      upTo: 'fullShare',
    }),
    fullShare: parameter(0.8, [0, 1], 'Power at full production, of the rated one.'),
  },
  derived: () => ({}),
  channels: { energy: ELECTRICITY, environmental: { ovenTempC: decimal(1, { offset: 0.2 }) } },
  sums: ['energyKws'],
  anchorS: (_p, _site, tS) => Math.floor(tS / 60) * 60,
  start: () => ({ heatKw: 0, operatingMode: 1 }),
  begin(s, p, site, _random, tS) {
    const slotS = Math.floor(tS / 60) * 60;
    const share = p.idleShare + (p.fullShare - p.idleShare) * site.at(slotS).load;
    s.heatKw = p.ratedPowerKw * share;
    return slotS + 60;
  },
  accumulate(s, _p, fromS, toS) {
    s.energyKws += s.heatKw * (toS - fromS);
  },
  report(s, p, _site, _random, _tS, intervalS) {
    s.powerKw = s.energyKws / intervalS;
    s.ovenTempC = p.setTempC;
  },
  powerFactor: () => 1,
  faults: {
    door_open: {
      onset: 'step',
      about: 'The door does not close.',
      signals: ['powerKw'],
      apply(p, x) {
        p.fullShare += 0.2 * x;
      },
    },
  },
  alerts: {},
});

const TYPES = [...machineTypes, oven];
const FILE = `
factories:
  - name: Bakery
    machines:
      - { name: Oven 1, type: oven, rated_power_kw: 30, parameters: { set_temp_c: 180 } }
      - { name: Fan, type: motor }
`;

test('a user’s own type is read from a file, simulated and reported', () => {
  const { factories } = parseFactoryFile(FILE, DEFAULT_CALENDAR, 'bakery.yaml', TYPES);
  const reader = createReader(createFleet(factories, { types: TYPES }));
  const batch = new Batch();
  reader.seek(NOON_MS);
  reader.read(NOON_MS + 10_000, batch);
  const readings = Array.from({ length: batch.length }, (_, row) => row)
    .filter((row) => (batch.flags[row] as number) & READING && batch.machines[row]?.type === oven)
    .map((row) => readingAt(batch, row));
  assert.equal(readings.length, 2);
  for (const reading of readings) {
    assert.ok(
      Math.abs((reading['power_kw'] as number) - 0.8 * 30) < 1,
      String(reading['power_kw']),
    );
    assert.ok(Math.abs((reading['oven_temp_c'] as number) - 180) < 1);
  }
});

test('errors in a file are reported with the type’s own limits', () => {
  const wrong = FILE.replace('set_temp_c: 180', 'set_temp_c: 500');
  assert.throws(() => parseFactoryFile(wrong, DEFAULT_CALENDAR, 'bakery.yaml', TYPES), {
    message: /50 to 400/,
  });
  assert.throws(() => parseFactoryFile(FILE, DEFAULT_CALENDAR, 'bakery.yaml', machineTypes), {
    message: /"oven" is not accepted/,
  });
});

test('the API treats it like a built-in type', async (t) => {
  const { factories } = parseFactoryFile(FILE, DEFAULT_CALENDAR, 'bakery.yaml', TYPES);
  const simulation = await startSimulation({ catalogue: TYPES, factories });
  t.after(() => simulation.close());
  const { app } = simulation;
  const { machine_types } = (await app.inject('/simulator/info')).json();
  assert.deepEqual(
    machine_types.map((each: { machine_type: string }) => each.machine_type),
    TYPES.map(({ type }) => type),
  );
  const machines = (await app.inject('/simulator/machines?type=oven')).body;
  assert.match(machines, /"machine_name":"Oven 1"/);
  const { statusCode } = await app.inject({
    method: 'POST',
    url: '/simulator/machines/Oven%201/anomaly',
    payload: { anomaly_type: 'door_open' },
  });
  assert.equal(statusCode, 200);
});
