import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Check } from 'typebox/schema';
import { parse } from 'yaml';
import { factorySchema } from '../../src/factory/schema.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { factoriesOf, faultsOf, plant } from './surroundings.ts';

const examples = new URL('../../../examples/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, examples), 'utf8');
const schema = factorySchema(machineTypes);

test('the schema in examples is the one generated from the tables', () => {
  assert.deepEqual(JSON.parse(read('factory.schema.json')), schema, 'run: npm run documents');
});

test('the example names the schema for editors, and conforms to it', () => {
  const text = read('two-sites.yaml');
  assert.ok(text.startsWith('# yaml-language-server: $schema=factory.schema.json\n'));
  assert.ok(Check(schema, parse(text)));
});

/** Keys of a machine that both an editor and the simulator judge. */
const MACHINES: readonly (readonly [keys: string, isAccepted: boolean])[] = [
  ['interval: 0.1', true],
  ['interval: 0', false],
  ['topic: factory/a/b', true],
  ['topic: factory/a', false],
  ['topic: "factory/a/#"', false],
  ['topic: "factory/ /b"', false],
  ['id: c0000000-0000-0000-0000-000000000001', true],
  ['id: 7', false],
  ['rated_power_kw: 400', true],
  ['rated_power_kw: 401', false],
  ['parameters: { cut_in_bar: 6.5 }', true],
  ['parameters: { cut_in_bar: 99 }', false],
  ['parameters: { set_bar: 100 }', false],
  ['faults: [{ type: leak, start: 2026-01-01, duration: 90m }]', true],
  ['faults: [{ type: leak, start: 2026-01-01T06:00Z, duration: 600 }]', true],
  ['faults: [{ type: seal_leak, start: 2026-01-01 }]', false],
  ['faults: [{ type: leak, start: tomorrow }]', false],
  ['faults: [{ type: leak, start: 2026-01-01, duration: 5 }]', false],
  ['faults: [{ type: leak }]', false],
  ['interval_s: 3', false],
];

for (const [keys, isAccepted] of MACHINES) {
  test(`editor and simulator both ${isAccepted ? 'accept' : 'refuse'} ${keys}`, () => {
    const text = plant(keys);
    assert.equal(Check(schema, parse(text)), isAccepted, 'the editor');
    assert.equal(faultsOf(() => factoriesOf(text)).length === 0, isAccepted, 'the simulator');
  });
}

test('the schema has every type, parameter and fault of the catalogue, with a description', () => {
  const { definitions } = JSON.parse(JSON.stringify(schema));
  for (const { type, parameters, faultTypes } of machineTypes) {
    const { properties } = definitions[`${type}_parameters`];
    assert.equal(Object.keys(properties).length, Object.keys(parameters).length - 1);
    for (const [name, { description, ...limits }] of Object.entries<{
      description: string;
      minimum: number;
      maximum: number;
      enum?: readonly string[];
      default: number | string;
    }>(properties)) {
      const { minimum, maximum, default: value } = limits;
      assert.ok(description.length > 0, name);
      const isAccepted = limits.enum
        ? limits.enum.includes(String(value))
        : minimum <= Number(value) && Number(value) <= maximum;
      assert.ok(isAccepted, `${type}.${name}`);
    }
    for (const fault of faultTypes)
      assert.ok(JSON.stringify(definitions.machine).includes(`"const":"${fault}"`), fault);
  }
});
