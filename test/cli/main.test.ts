/** The program as a user sees it: a process, its output and its exit code. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { factorySchema } from '../../src/factory/schema.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { version } from '../../src/runtime/version.ts';
import { MAIN } from '../main-program.ts';
import { run } from './program.ts';

const EXAMPLE = fileURLToPath(new URL('../../../examples/two-sites.yaml', import.meta.url));

const cwd = mkdtempSync(join(tmpdir(), 'enms-main-'));
after(() => rmSync(cwd, { recursive: true }));

/** A program that should have ended by itself is ended [ms]. */
const ENDS_WITHIN_MS = 60_000;

/** Runs the program in an empty folder, with only the given variables. */
function simulator(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  nodeOptions: readonly string[] = [],
) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeOptions, MAIN, ...words], {
    cwd,
    env,
    encoding: 'utf8',
    timeout: ENDS_WITHIN_MS,
  });
  return { status, stdout, stderr };
}

/** Runs it in this process, for tests of its output only. */
const here = (words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  run(words, cwd, env);

/** An import that blocks the HTTP server, which the bundle has in a file of its own. */
const WITHOUT_SERVER = [
  '--import',
  `data:text/javascript,${encodeURIComponent(`
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(\`
      export async function resolve(specifier, context, next) {
        if (specifier.match('/api-server(-[A-Z0-9]+)?[.]js$')) throw new Error('the server was loaded');
        return next(specifier, context);
      }\`));
  `)}`,
];

test('--version prints the version without loading a server', () => {
  const { status, stdout, stderr } = simulator(['--version'], {}, WITHOUT_SERVER);
  assert.deepEqual([status, stdout, stderr], [0, `${version}\n`, '']);
});

test('the check that no server is loaded works', () => {
  const { status, stderr } = simulator(['run'], { DATA_DIR: cwd }, WITHOUT_SERVER);
  assert.equal(status, 1);
  assert.match(stderr, /the server was loaded/);
});

test('--help lists the commands', () => {
  const { status, stdout } = simulator(['--help']);
  assert.equal(status, 0);
  for (const name of ['run', 'check', 'machines', 'schema'])
    assert.match(stdout, new RegExp(`^  ${name} +[A-Z]`, 'm'));
});

test('check shows every value with its source, without loading a server', () => {
  const env = { API_PORT: '9000', API_KEY: 'hush', HVAC_INTERVAL: '20', MQTT_VERSION: '5' };
  const { status, stdout, stderr } = simulator(['check'], env, WITHOUT_SERVER);
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^ {2}API_PORT +9000 +environment$/m);
  assert.match(stdout, /^ {2}API_HOST +127\.0\.0\.1 +default$/m);
  assert.match(stdout, /^ {2}API_KEY +\(set\) +environment$/m);
  assert.match(stdout, /HVAC-Main +hvac +150 kW +20 s \(HVAC_INTERVAL\) +factory\/demo\/hvac-main/);
  assert.match(stdout, /^ {2}MQTT_VERSION: no effect without MQTT_HOST$/m);
  assert.match(stdout, /^The configuration is valid\.$/m);
  assert.doesNotMatch(stdout, /hush/);
});

test('check --factory shows the factories of a file', async () => {
  const { status, stdout } = await here(['check', '--factory', EXAMPLE]);
  assert.equal(status, 0);
  assert.match(stdout, /^ {2}FACTORY_FILE +.*two-sites\.yaml +command line$/m);
  assert.match(stdout, /position +34\.05° N, 118\.24° W/);
  assert.match(stdout, /Compressor-2 .* leak for 210m$/m);
});

test('check --scenario reads the stories of a factory file, and tells every fault with its place', async () => {
  const story = (machine: string) =>
    `name: story\nfactory: Berlin Components\nevents:\n  - { at: 1h, stop: { machines: ${machine} } }\n`;
  writeFileSync(join(cwd, 'good.yaml'), story("'*'"));
  writeFileSync(join(cwd, 'wrong.yaml'), story('Nothing-1'));
  const good = await here(['check', '--factory', EXAMPLE, '--scenario', 'good.yaml']);
  assert.equal(good.status, 0, good.stderr);
  assert.match(good.stdout, /^ {2}SCENARIO_FILE +good\.yaml +command line$/m);
  const wrong = await here(['check', '--factory', EXAMPLE, '--scenario', 'wrong.yaml']);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /^events\.0\.stop\.machines.* \(wrong\.yaml:4:\d+\)$/m);
});

test('check --machines shows a fleet of that size, and generate reads one unless a file is given', async () => {
  const { status, stdout } = await here(['check', '--machines', '7', '--json']);
  assert.equal(status, 0);
  const { factories } = JSON.parse(stdout) as { factories: { machines: { name: string }[] }[] };
  const names = factories.flatMap(({ machines }) => machines.map(({ name }) => name));
  assert.equal(names.length, 7);
  const window = ['--from', '2026-01-14T10:00Z', '--to', '2026-01-14T10:01Z', '--out', '-'];
  const csv = (...words: readonly string[]) =>
    here(['generate', ...window, '--format', 'csv', ...words]);
  const ids = (text: string) =>
    new Set(
      text
        .split('\n')
        .slice(1, -1)
        .map((line) => line.split(',')[1]),
    );
  assert.equal(ids((await csv('--machines', '7')).stdout).size, 7);
  const named = await csv('--machines', '7', '--factory', EXAMPLE);
  assert.equal(named.status, 2);
  assert.match(named.stderr, /--machines: there is no machine "7"/);
});

test('check --json is machine-readable, and its factories are a valid factory file', async () => {
  const { stdout } = await here(['check', '--factory', EXAMPLE, '--json'], { MQTT_QOS: '2' });
  const { valid, variables, factories } = JSON.parse(stdout);
  assert.equal(valid, true);
  const qos = variables.find(({ name }: { name: string }) => name === 'MQTT_QOS');
  assert.deepEqual(qos, { name: 'MQTT_QOS', value: 2, source: 'environment' });
  writeFileSync(join(cwd, 'again.json'), JSON.stringify({ factories }));
  const again = await here(['check', '--factory', 'again.json', '--json']);
  assert.deepEqual(JSON.parse(again.stdout).factories, factories);
});

test('all errors go to standard error, one per line, without a stack; the exit code is 2', async () => {
  const env = { MQTT_PORT: '70000', FACTORY_FILE: 'missing.yaml' };
  for (const words of [['check'], ['run'], []]) {
    const { status, stdout, stderr } = await here(words, env);
    assert.deepEqual([status, stdout], [2, ''], words.join());
    assert.equal(
      stderr,
      'MQTT_PORT: "70000" is not accepted; a whole number from 1 to 65535\n' +
        'FACTORY_FILE: "missing.yaml" cannot be read (ENOENT); a YAML or JSON file up to 50 MB\n',
    );
  }
});

test('a URL without its scheme gets the one that was meant, unless it may hold a password', async () => {
  const env = { REDIS_URL: 'localhost:6379', DATABASE_URL: 'user:hush@db/enms' };
  const { stderr } = await here(['check'], env);
  assert.match(stderr, /^REDIS_URL: what was set .* \(did you mean redis:\/\/localhost:6379\?\)$/m);
  assert.match(stderr, /^DATABASE_URL: what was set is not accepted; .* or postgresql:\/\/$/m);
  const window = ['--from', '-1h', '--to', 'now'];
  const generate = await here(['generate', ...window, '--postgres', 'localhost/enms']);
  assert.match(
    generate.stderr,
    /^--postgres: .* \(did you mean postgres:\/\/localhost\/enms\?\)$/m,
  );
});

test('check --json reports errors as JSON, with exit code 2', async () => {
  const { status, stdout, stderr } = await here(['check', '--json'], { MQTT_PORT: '70000' });
  assert.deepEqual([status, stderr], [2, '']);
  assert.deepEqual(JSON.parse(stdout), {
    valid: false,
    faults: [
      {
        path: 'MQTT_PORT',
        message: '"70000" is not accepted; a whole number from 1 to 65535',
      },
    ],
  });
});

test('at most the first hundred errors are shown', async () => {
  const machine = { name: 'a', type: 'motor', interval: 0, topic: 'x' };
  const factories = [{ name: 'P', machines: Array(60).fill(machine) }];
  writeFileSync(join(cwd, 'bad.json'), JSON.stringify({ factories }));
  const { status, stderr } = await here(['check', '--factory', 'bad.json']);
  const lines = stderr.trimEnd().split('\n');
  assert.equal(status, 2);
  assert.equal(lines.length, 101);
  assert.equal(lines.at(-1), 'and 79 more errors');
});

test('an unknown command or option gets the most similar one, with exit code 2', () => {
  assert.deepEqual(simulator(['chek']), {
    status: 2,
    stdout: '',
    stderr: 'chek: is not a command; did you mean check?\n',
  });
  assert.deepEqual(simulator(['check', '--factry', 'x']), {
    status: 2,
    stdout: '',
    stderr: '--factry: is not an option; did you mean --factory?\n',
  });
});

test('machines lists every type with its parameters, fields and faults', async () => {
  const { status, stdout } = await here(['machines']);
  assert.equal(status, 0);
  for (const { type, faultTypes } of machineTypes) {
    assert.match(stdout, new RegExp(`^${type}: `, 'm'));
    for (const fault of faultTypes)
      assert.match(stdout, new RegExp(`^ {4}${fault} +(step|ramp) `, 'm'));
  }
  assert.match(
    stdout,
    /^ {4}cut_in_bar +6\.6 +4 to 12 +bar +Gauge pressure at which the compressor loads\.$/m,
  );
});

test('machines TYPE shows one type, optionally as JSON', async () => {
  const [type, ...others] = JSON.parse((await here(['machines', 'compressor', '--json'])).stdout);
  assert.deepEqual(others, []);
  assert.equal(type.type, 'compressor');
  assert.deepEqual(type.typical_rated_power_kw, [15, 75]);
  const { name, fields } = type.channels[0];
  assert.equal(name, 'energy');
  assert.deepEqual(fields[0], { name: 'power_kw', unit: 'kW', kind: 'number', decimals: 3 });
  assert.deepEqual(await here(['machines', 'compresor']), {
    status: 2,
    stdout: '',
    stderr: 'compresor: is not a machine type; did you mean compressor?\n',
  });
});

test('schema prints the schema of factory files', async () => {
  const { status, stdout } = await here(['schema']);
  assert.equal(status, 0);
  assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(factorySchema(machineTypes))));
});
