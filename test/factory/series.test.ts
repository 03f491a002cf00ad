import assert from 'node:assert/strict';
import test from 'node:test';
import { Check } from 'typebox/schema';
import { parse } from 'yaml';
import { factorySchema } from '../../src/factory/schema.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import { configure, factoriesOf, faultsOf, plant } from './surroundings.ts';

const SPREAD = 'spread: { rated_power_kw: [15, 75], parameters: { leak_share: [0.05, 0.3] } }';

/** The machines of a count of compressors. */
function compressors(count: number, keys = SPREAD) {
  return factoriesOf(plant(`count: ${count}, ${keys}`))[0]?.machines ?? [];
}

test('a count creates machines whose names, ids and topics are numbered from 1', () => {
  const machines = compressors(3);
  assert.deepEqual(
    machines.map(({ name, topic }) => [name, topic]),
    [1, 2, 3].map((number) => [`Air-${number}`, `factory/plant/air-${number}`]),
  );
  assert.equal(new Set(machines.map(({ id }) => id)).size, 3);
  assert.equal(createFleet(factoriesOf(plant('count: 3'))).machines.length, 3);
});

test('a machine of a count does not depend on the count', () => {
  assert.deepEqual(compressors(300).slice(0, 20), compressors(20));
  assert.deepEqual(compressors(1)[0], compressors(20)[0]);
});

test('a spread draws different rated powers and parameters within its ranges', () => {
  const machines = compressors(500);
  const powers = machines.map(({ ratedPowerKw }) => ratedPowerKw);
  const shares = machines.map(({ parameters }) => parameters?.['leakShare'] ?? Number.NaN);
  for (const [values, low, high] of [
    [powers, 15, 75],
    [shares, 0.05, 0.3],
  ] as const) {
    assert.ok(values.every((value) => value >= low && value <= high));
    assert.ok(new Set(values).size > 30, `${new Set(values).size} different ones`);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    assert.ok(Math.abs(mean - (low + high) / 2) < (high - low) / 20, `mean ${mean}`);
  }
});

test('integer parameters stay integers', () => {
  const machines = compressors(50, 'spread: { parameters: { maintenance_weeks: [2, 5] } }');
  const weeks = new Set(machines.map(({ parameters }) => parameters?.['maintenanceWeeks']));
  assert.deepEqual([...weeks].sort(), [2, 3, 4, 5]);
});

test('a factory with a count is a template: each has its own id, name, topic and machines', () => {
  const factories = factoriesOf(plant('count: 2', 'count: 3'));
  assert.deepEqual(
    factories.map(({ name }) => name),
    ['Plant-1', 'Plant-2', 'Plant-3'],
  );
  const machines = factories.flatMap((factory) => factory.machines);
  assert.equal(new Set(machines.map(({ id }) => id)).size, 6);
  assert.equal(machines[3]?.topic, 'factory/plant-2/air-2');
});

test('a number of machines is a fleet with equal numbers of the five basic types', () => {
  const { factories, fleetMachines, publishing } = configure({}, {}, { machines: '12' });
  assert.equal(fleetMachines, 12);
  const types = factories.flatMap(({ machines }) => machines.map(({ type }) => type));
  const counts = Object.fromEntries(
    types.map((type) => [type, types.filter((each) => each === type).length]),
  );
  assert.deepEqual(counts, { compressor: 3, hvac: 3, motor: 2, pump: 2, injection_molding: 2 });
  assert.equal(publishing.isSpread, true);
  const larger = configure({ FLEET_MACHINES: '100' }).factories[0]?.machines ?? [];
  for (const machine of factories[0]?.machines ?? [])
    assert.deepEqual(
      larger.find(({ id }) => id === machine.id),
      machine,
    );
});

test('publication is spread if configured, and by default for a fleet', () => {
  assert.equal(configure().publishing.isSpread, false);
  assert.equal(configure({ PUBLISH_SPREAD: 'interval' }).publishing.isSpread, true);
  assert.equal(
    configure({ FLEET_MACHINES: '5', PUBLISH_SPREAD: 'none' }).publishing.isSpread,
    false,
  );
  const faults = faultsOf(() => configure({ PUBLISH_SPREAD: 'day' }));
  assert.deepEqual(faults, ['PUBLISH_SPREAD: "day" is not accepted; none or interval']);
});

test('a fleet excludes a factory file, and has a million machines at most', () => {
  const files = { 'plant.yaml': plant() };
  assert.deepEqual(
    faultsOf(() => configure({ FACTORY_FILE: 'plant.yaml', FLEET_MACHINES: '5' }, files)),
    ['FLEET_MACHINES: 5 cannot be combined with FACTORY_FILE; set one of them'],
  );
  for (const number of ['0', '1.5', '1000001', 'many'])
    assert.equal(faultsOf(() => configure({ FLEET_MACHINES: number })).length, 1, number);
});

/** Keys of a compressor, and the error in them, if any. */
const ENTRIES: readonly (readonly [keys: string, fault: RegExp | undefined])[] = [
  [`count: 3, ${SPREAD}`, undefined],
  ['count: 1', undefined],
  ['count: 0', /count: 0 is not accepted; a whole number from 1/],
  ['count: 1000001', /count: 1000001 is not accepted/],
  [SPREAD, /spread: requires count/],
  ['count: 2, spread: 5', /spread: 5 is not accepted; a mapping/],
  ['count: 2, spread: { power: [1, 2] }', /spread\.power: is not known/],
  ['count: 2, spread: { rated_power_kw: 5 }', /a list of the lowest and the highest/],
  ['count: 2, spread: { rated_power_kw: [15] }', /rated_power_kw: a list is not accepted/],
  ['count: 2, spread: { rated_power_kw: [1, 75] }', /each 5 to 400/],
  ['count: 2, spread: { parameters: { leak: [0, 1] } }', /parameters\.leak: is not known/],
  ['count: 2, spread: { parameters: { control: [0, 1] } }', /parameters\.control: is not known/],
  ['count: 2, id: c0000000-0000-0000-0000-000000000001', /id: cannot be combined with count/],
];

const schema = factorySchema(machineTypes);
for (const [keys, fault] of ENTRIES) {
  test(`editor and simulator both ${fault ? 'refuse' : 'accept'} { ${keys} }`, () => {
    const text = plant(keys);
    assert.equal(Check(schema, parse(text)), fault === undefined, 'the editor');
    const faults = faultsOf(() => factoriesOf(text));
    assert.equal(faults.length, fault ? 1 : 0, faults.join('\n'));
    if (fault) assert.match(faults[0] as string, fault);
  });
}

test('the simulator also refuses what the schema cannot express', () => {
  const faultOf = (keys: string, factoryKeys = '') => {
    const faults = faultsOf(() => factoriesOf(plant(keys, factoryKeys)));
    assert.equal(faults.length, 1, faults.join('\n'));
    return faults[0] as string;
  };
  assert.match(
    faultOf('count: 2, spread: { rated_power_kw: [75, 15] }'),
    /rated_power_kw: a list is not accepted; a list of the lowest and the highest/,
  );
  assert.match(
    faultOf('count: 2, spread: { parameters: { cut_out_bar: [6, 8] } }'),
    /cut_in_bar may reach 6\.6, not below cut_out_bar of 6/,
  );
  assert.match(
    faultOf(`count: 2, parameters: { leak_share: 0.1 }, ${SPREAD}`),
    /leak_share: is also set in parameters/,
  );
  assert.match(faultOf('count: 2, topic: factory/a/b, faults: 5'), /faults: 5 is not accepted/);
  assert.match(
    faultOf('count: 1000000', 'count: 2'),
    /results in 2000000 machines; a file may have up to 1000000/,
  );
  const twice = `${plant('count: 300')}      - { name: Air, type: pump, count: 300 }\n`;
  assert.match(faultsOf(() => factoriesOf(twice)).join(), /^[^,]*"Air-1" is already the name of/);
});
