import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Check } from 'typebox/schema';
import { parse, stringify } from 'yaml';
import { factoryContent } from '../../src/factory/factory.ts';
import { factorySchema } from '../../src/factory/schema.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { factoriesOf, faultsOf, plant } from './surroundings.ts';

const url = new URL('../../../examples/balanced-site.yaml', import.meta.url);
const example = readFileSync(url, 'utf8');

test('the example of a balanced site follows the schema, and is read and written', () => {
  assert.ok(Check(factorySchema(machineTypes), parse(example)));
  const factories = factoriesOf(example);
  assert.deepEqual(factories[0]?.networks, {
    compressedAir: {
      base: 0.8,
      process: 2.4,
      leak: 1.6,
      consumers: { 'Packing-Line': 0.9 },
      priorities: { 'Compressor-3': 2 },
    },
    chilledWater: {},
    steam: { heatingPerK: 25 },
  });
  assert.deepEqual(
    factoriesOf(
      stringify({ factories: factories.map((each) => factoryContent(each, machineTypes)) }),
    ),
    factories,
  );
});

const FAULTS: readonly (readonly [keys: string, fault: RegExp])[] = [
  ['{ steam: {} }', /networks\.steam: has no machine that feeds it; add a machine of type boi/],
  ['{ compresed_air: {} }', /compresed_air: is not known; did you mean compressed_air\?/],
  ['{ compressed_air: { leak_kw: 1 } }', /leak_kw: is not known; accepted are base_m3_min, /],
  ['{ compressed_air: { leak_m3_min: -1 } }', /leak_m3_min: -1 is not accepted; 0 to 1000000/],
  [
    '{ compressed_air: { consumers: { Air: 1 } } }',
    /consumers\.Air: "Air" is not accepted; the factory has none/,
  ],
  ['{ compressed_air: { priorities: { Wind: 1 } } }', /"Wind" is not accepted; Air/],
  ['{ compressed_air: { priorities: { Air: 0 } } }', /priorities\.Air: 0 is not accepted; a whole/],
];

for (const [keys, fault] of FAULTS)
  test(`networks ${keys} are refused`, () => {
    assert.match(faultsOf(() => factoriesOf(plant('', `networks: ${keys}`)))[0] ?? '', fault);
  });
