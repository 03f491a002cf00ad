/** The names that pages mention exist: variables, options, routes, files, metrics. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { openApiDocument } from '../../build/reference/open-api.ts';
import { COMMANDS } from '../../src/cli/program.ts';
import { VARIABLES } from '../../src/config/variables.ts';
import { withRegister } from '../../src/core/machine.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { pages, root } from './pages.ts';

/** Records of the past name what existed then. */
const PAST = /^(CHANGELOG\.md|docs\/adr\/|docs\/why\/benchmarks\.md)/;

/** Code within the prose of the pages, each with where it is. */
const mentions = pages
  .filter(({ path }) => !PAST.test(path))
  .flatMap(({ path, prose }) =>
    [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code]) => ({ path, code: code as string })),
  );

/** Those that match a pattern and do not name anything that exists. */
function unknown(pattern: RegExp, isKnown: (name: string) => boolean): readonly string[] {
  const found = mentions.flatMap(({ path, code }) =>
    [...code.matchAll(pattern)].map(([whole, name]) => ({ path, name: name ?? whole })),
  );
  assert.ok(found.length > 5, `no page mentions ${pattern}`);
  return found.filter(({ name }) => !isKnown(name)).map(({ path, name }) => `${path}: ${name}`);
}

test('every variable that a page names is one of the program or of the compose file', () => {
  const compose = readFileSync(new URL('docker-compose.yml', root), 'utf8');
  const alerts = new Set(machineTypes.flatMap(({ alertCodes }) => alertCodes));
  const isKnown = (name: string) =>
    Object.hasOwn(VARIABLES, name) || alerts.has(name) || compose.includes(`\${${name}`);
  assert.deepEqual(unknown(/^([A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9])(?![\w*/])/g, isKnown), []);
});

test('every option that a page names is one of a command', async () => {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  const options = new Set(commands.flatMap((command) => Object.keys(command.options)));
  options.add('help').add('version');
  assert.deepEqual(
    unknown(/^--([a-z][a-z-]*)/g, (name) => options.has(name)),
    [],
  );
});

test('every route that a page names exists', async () => {
  const { paths } = await openApiDocument();
  const general = (path: string) => path.replaceAll(/\{[^}]*\}|(?<=machines\/)[A-Z][\w-]*/g, '*');
  const known = new Set(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${general(path)}`),
    ),
  );
  const route = /^((?:GET|POST|PUT|DELETE) \/[\w/{}-]*)/g;
  assert.deepEqual(
    unknown(route, (name) => known.has(general(name).replace(/(?<=\w)\/$/, ''))),
    [],
  );
});

test('every file that a page names exists', () => {
  const path = /^((?:bench|build|deploy|docs|examples|scripts|src|test|web)\/[\w./-]*)(?![\w<{*])/g;
  const exists = (name: string) =>
    existsSync(new URL(name, root)) || existsSync(new URL(`${name}.ts`, root));
  assert.deepEqual(unknown(path, exists), []);
});

test('every metric that a page names is in the source', () => {
  const source = readdirSync(new URL('src/', root), { recursive: true })
    .map(String)
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(new URL(`src/${path}`, root), 'utf8'))
    .join('\n');
  // Those of sinks and shards are made of two parts.
  const isKnown = (name: string) =>
    source.includes(name.slice('simulator_'.length)) ||
    source.includes(name.replace(/^simulator_(sink|shard)_/, ''));
  assert.deepEqual(unknown(/^(simulator_\w+)/g, isKnown), []);
});

test('the reading tables have the columns that deployment lists for them', () => {
  const { text = '' } = pages.find(({ path }) => path.endsWith('deployment.md')) ?? {};
  const own = new Set(['time', 'machine_id', 'energy_type', 'metadata']);
  const tables = {
    energy: 'energy_readings',
    production: 'production_data',
    environmental: 'environmental_data',
  };
  for (const [channel, table] of Object.entries(tables)) {
    const [, needed = '', used = ''] =
      new RegExp(`^\\| \`${table}\` \\| \`(.*?)\` \\| \`(.*?)\` \\|`, 'm').exec(text) ?? [];
    const listed = `${needed}, ${used}`.split(', ').filter((name) => !own.has(name));
    const fields = machineTypes
      .map(withRegister)
      .flatMap(({ channels }) => channels.filter(({ name }) => name === channel))
      .flatMap((each) => each.fields.map(({ name }) => name));
    assert.deepEqual(new Set(listed), new Set(fields), table);
  }
});
