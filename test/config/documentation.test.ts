import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { envExample, variablesMarkdown } from '../../src/config/documentation.ts';
import { VARIABLES } from '../../src/config/variables.ts';
import { configure } from '../factory/surroundings.ts';

const example = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');

test('.env.example is generated from the table of variables', () => {
  assert.equal(example, envExample(), 'run: npm run documents');
});

test('.env.example sets nothing as it is, and every default if uncommented', () => {
  const untouched = configure({}, { '.env': example });
  assert.ok(Object.values(untouched.sources).every((source) => source === 'default'));

  const uncommented = configure({}, { '.env': example.replace(/^#(?=[A-Z_0-9]+=)/gm, '') });
  const withDefault = Object.entries(VARIABLES).filter(([, each]) => each.default !== undefined);
  for (const [name] of withDefault) assert.equal(uncommented.sources[name], '.env', name);
  assert.deepEqual(uncommented.shown, untouched.shown);
});

test('the reference of the configuration has a row for every variable, with its default', () => {
  const rows = variablesMarkdown()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  assert.deepEqual(
    rows.map((row) => /`(\w+)`/.exec(row)?.[1]),
    Object.keys(VARIABLES),
  );
  assert.ok(rows.some((row) => row.startsWith('| `API_PORT` | `8003` | a whole number from 1')));
  for (const row of rows) assert.equal(row.match(/(?<!\\)\|/g)?.length, 5, row);
});
