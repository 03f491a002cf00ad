import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { VARIABLES } from '../../src/config/variables.ts';
import { mqttOptions } from '../../src/outputs/mqtt/index.ts';
import { configure, faultsOf, inFolder, plant } from '../factory/surroundings.ts';

test('without any variable, the default factory runs on the default ports', () => {
  const configuration = configure();
  assert.equal(configuration.factories.length, 1);
  assert.equal(configuration.factories[0]?.machines.length, 5);
  assert.deepEqual(configuration.api.port, { number: 8003, isExplicit: false });
  assert.deepEqual(mqttOptions(configuration.outputs).port, { number: 1883, isExplicit: false });
  assert.equal(mqttOptions(configuration.outputs).external, undefined);
  assert.deepEqual(configuration.settings, {
    enableAnomalies: true,
    anomalyProbability: 0.1,
    weekendProductionFactor: null,
  });
  assert.deepEqual(configuration.remarks, []);
});

test('every default is valid for its own variable', () => {
  for (const [name, variable] of Object.entries(VARIABLES)) {
    if (variable.default === undefined) continue;
    const env = { [name]: variable.default };
    assert.deepEqual(
      faultsOf(() => configure(env)),
      [],
    );
  }
});

test('the environment overrides .env, and .env the default', () => {
  const { api, simulation, sources } = configure(
    { API_PORT: '9000' },
    { '.env': 'API_PORT=9001\nSIMULATION_SEED=7\n' },
  );
  assert.deepEqual(api.port, { number: 9000, isExplicit: true });
  assert.equal(simulation.seed, 7);
  assert.equal(sources['API_PORT'], 'environment');
  assert.equal(sources['SIMULATION_SEED'], '.env');
  assert.equal(sources['SIMULATION_SPEED'], 'default');
});

test('the option --factory overrides FACTORY_FILE', () => {
  const files = { 'a.yaml': plant('', 'location: A'), 'b.yaml': plant('', 'location: B') };
  const env = { FACTORY_FILE: 'a.yaml' };
  assert.equal(configure(env, files).factories[0]?.location, 'A');
  const { factories, sources } = configure(env, files, { factory: 'b.yaml' });
  assert.equal(factories[0]?.location, 'B');
  assert.equal(sources['FACTORY_FILE'], 'command line');
});

test('an empty variable counts as unset', () => {
  assert.equal(
    mqttOptions(configure({ MQTT_HOST: '', API_PORT: ' ' }).outputs).external,
    undefined,
  );
});

test('all errors are found at once, each with the variable, the value and what is accepted', () => {
  const faults = faultsOf(() =>
    configure({ MQTT_PORT: '70000', API_PORT: 'http', MQTT_QOS: '3', LOG_LEVEL: 'wran' }),
  );
  assert.deepEqual(faults, [
    'API_PORT: "http" is not accepted; a whole number from 1 to 65535',
    'LOG_LEVEL: "wran" is not accepted; fatal, error, warn, info, debug, trace or silent ' +
      '(did you mean warn?)',
    'MQTT_PORT: "70000" is not accepted; a whole number from 1 to 65535',
    'MQTT_QOS: "3" is not accepted; 0, 1 or 2',
  ]);
});

const REFUSED: readonly (readonly [name: string, value: string])[] = [
  ['API_HOST', 'http://localhost'],
  ['API_HOST', '300.1.1.1'],
  ['API_PORT', '0'],
  ['API_PORT', '80.5'],
  ['API_PORT', '0x50'],
  ['API_KEY', 'with a space'],
  ['API_CORS_ORIGINS', 'example.com'],
  ['API_CORS_ORIGINS', 'https://example.com/path'],
  ['API_HOSTS', 'sim.example, https://b.example'],
  ['API_HOSTS', 'sim.example:8003'],
  ['API_LOCAL_ADDRESSES', 'localhost'],
  ['API_LOCAL_ADDRESSES', '192.0.2.0/33'],
  ['API_LOCAL_ADDRESSES', '192.0.2.0/24, 2001:db8::/64/2'],
  ['SIMULATOR_AUTO_START', 'maybe'],
  ['ANOMALY_PROBABILITY', '1.01'],
  ['ANOMALY_PROBABILITY', 'NaN'],
  ['COMPRESSOR_INTERVAL', '0'],
  ['COMPRESSOR_INTERVAL', '-1'],
  ['COMPRESSOR_INTERVAL', '0.0999'],
  ['COMPRESSOR_INTERVAL', '1.0005'],
  ['COMPRESSOR_INTERVAL', '3601'],
  ['SHIFT_1_START', '24'],
  ['SHIFT_1_START', '6.5'],
  ['SHIFT_1_END', '24:01'],
  ['SHIFT_3_FACTOR', '-0.1'],
  ['MQTT_HOST', 'mqtt://broker'],
  ['MQTT_HOST', 'broker:1883'],
  ['MQTT_PROTOCOL', 'tcp'],
  ['MQTT_VERSION', '3'],
  ['MQTT_KEEPALIVE', '65536'],
  ['MQTT_CA_FILE', 'missing.pem'],
  ['DATABASE_URL', 'mysql://localhost/enms'],
  ['REDIS_URL', 'localhost'],
  ['STATUS_INTERVAL', '-1'],
  ['SIMULATION_SEED', '4294967296'],
  ['SIMULATION_SEED', '1.5'],
  ['SIMULATION_SPEED', '0'],
  ['SIMULATION_SPEED', '100001'],
  ['SIMULATION_SPEED', 'Infinity'],
  ['SIMULATION_START', '2026-02-30'],
  ['SIMULATION_START', '2026-01-01T25:00Z'],
  ['SIMULATION_START', '2026-01-01T10:00:00'],
  ['SIMULATION_START', '1969-12-31'],
  ['BACKFILL_FROM', 'yesterday'],
  ['CATCH_UP', '24 hours'],
  ['CATCH_UP', '-1h'],
  ['CATCH_UP_RATE', '0.5'],
  ['FACTORY_FILE', 'missing.yaml'],
];

for (const [name, value] of REFUSED) {
  test(`${name}=${value} is refused, and nothing else is reported`, () => {
    const faults = faultsOf(() => configure({ [name]: value }));
    assert.equal(faults.length, 1, faults.join('\n'));
    assert.match(faults[0] as string, new RegExp(`^${name}: .+; .+`));
  });
}

test('values are accepted in the forms that people write', () => {
  const { simulation, catchUpMs, isAutoStart, logLevel, api, settings } = configure({
    SIMULATION_START: '2026-03-29',
    BACKFILL_FROM: '2026-03-01T01:00+02:00',
    SIMULATION_SPEED: '3.6e3',
    CATCH_UP: '90m',
    SIMULATOR_AUTO_START: 'No',
    LOG_LEVEL: 'DEBUG',
    API_CORS_ORIGINS: 'https://a.example, http://localhost:5173',
    WEEKEND_PRODUCTION_FACTOR: '0.3',
  });
  assert.equal(simulation.startMs, Date.UTC(2026, 2, 29));
  assert.equal(simulation.backfillFromMs, Date.UTC(2026, 1, 28, 23));
  assert.equal(simulation.speed, 3600);
  assert.equal(catchUpMs, 5_400_000);
  assert.equal(isAutoStart, false);
  assert.equal(logLevel, 'debug');
  assert.deepEqual(api.corsOrigins, ['https://a.example', 'http://localhost:5173']);
  assert.equal(settings.weekendProductionFactor, 0.3, 'set to the default is set');
});

test('CATCH_UP is none, all or a duration', () => {
  assert.equal(configure({ CATCH_UP: 'none' }).catchUpMs, 0);
  assert.equal(configure({ CATCH_UP: 'all' }).catchUpMs, Number.POSITIVE_INFINITY);
  assert.equal(configure({ CATCH_UP: '3600' }).catchUpMs, 3_600_000);
  assert.equal(configure().catchUpMs, 86_400_000);
});

test('BACKFILL_FROM cannot be after the start of the simulation', () => {
  assert.match(
    faultsOf(() => configure({ BACKFILL_FROM: '2026-06-02' })).join(),
    /^BACKFILL_FROM: 2026-06-02T00:00:00Z is not accepted; .*now, 2026-06-01T00:00:00Z$/,
  );
  const env = { BACKFILL_FROM: '2026-06-02', SIMULATION_START: '2027-01-01' };
  assert.deepEqual(
    faultsOf(() => configure(env)),
    [],
  );
  assert.equal(faultsOf(() => configure({ ...env, SIMULATION_START: '2026-06-01' })).length, 1);
});

test('the shifts of the variables apply to every factory without a calendar, unless they overlap', () => {
  const env = { SHIFT_1_START: '5:30', SHIFT_2_END: '24', SHIFT_3_FACTOR: '0.2' };
  for (const options of [{}, { factory: 'plant.yaml' }]) {
    const [factory] = configure(env, { 'plant.yaml': plant() }, options).factories;
    assert.deepEqual(factory?.calendar.shifts, [
      { startMinute: 330, endMinute: 840, loadShare: 1 },
      { startMinute: 840, endMinute: 1440, loadShare: 1 },
    ]);
    assert.equal(factory?.calendar.restShare, 0.2);
  }
  assert.deepEqual(
    faultsOf(() => configure({ SHIFT_2_START: '13' })),
    ['SHIFT_2_START, SHIFT_2_END: 13:00-22:00 overlaps the shift 06:00-14:00'],
  );
  assert.match(
    faultsOf(() => configure({ SHIFT_2_START: '22' })).join(),
    /starts and ends at 22:00/,
  );
  assert.match(
    faultsOf(() => configure({ SHIFT_2_END: '7' })).join(),
    /14:00-07:00 overlaps the shift 06:00-14:00/,
  );
});

test('an interval that is set applies to all machines of its type, and to no other', () => {
  const text = `${plant('interval: 5')}      - { name: Fan, type: motor, interval: 7 }\n`;
  const env = { COMPRESSOR_INTERVAL: '2.5' };
  const [factory] = configure(env, { 'p.yaml': text }, { factory: 'p.yaml' }).factories;
  assert.deepEqual(
    factory?.machines.map(({ intervalS }) => intervalS),
    [2.5, 7],
  );
});

test('an external broker is used as configured, with a different client id at each start', () => {
  const env = { MQTT_HOST: 'broker_1', MQTT_USERNAME: 'u', MQTT_PASSWORD: ' p ' };
  const { external } = mqttOptions(configure(env).outputs);
  assert.equal(external?.host, 'broker_1');
  assert.equal(external?.port, 1883);
  assert.equal(external?.password, ' p ', 'a password keeps its spaces');
  assert.match(external?.clientId ?? '', /^enms-simulator-[0-9a-f]{8}$/);
  assert.notEqual(mqttOptions(configure(env).outputs).external?.clientId, external?.clientId);
});

test('variables that need each other are refused alone', () => {
  const faults = faultsOf(() =>
    configure(
      { MQTT_HOST: 'broker', MQTT_PASSWORD: 'p', MQTT_CERT_FILE: 'c.pem', MQTT_CA_FILE: 'c.pem' },
      { 'c.pem': '' },
    ),
  );
  assert.deepEqual(faults, [
    'MQTT_PASSWORD: is set without MQTT_USERNAME; set both or neither',
    'MQTT_CERT_FILE: is set without MQTT_KEY_FILE; set both or neither',
    'MQTT_CA_FILE: requires MQTT_PROTOCOL mqtts or wss, not mqtt',
    'MQTT_CERT_FILE: requires MQTT_PROTOCOL mqtts or wss, not mqtt',
  ]);
});

test('a variable without effect gets a remark', () => {
  const cluster = { CLUSTER: 'true', REDIS_URL: 'redis://x', POSTGRES_HOST: 'db', MQTT_HOST: 'b' };
  assert.deepEqual(configure({ ...cluster, READERS: '4', PUBLISH_SPREAD: 'interval' }).remarks, [
    'READERS: no effect with CLUSTER',
    'PUBLISH_SPREAD: no effect with CLUSTER',
  ]);
  assert.deepEqual(configure({ MQTT_VERSION: '5' }).remarks, [
    'MQTT_VERSION: no effect without MQTT_HOST',
  ]);
  assert.deepEqual(configure({ MQTT_HOST: 'broker', MQTT_PROTOCOL: 'mqtts' }).remarks, [
    'MQTT_PORT: 1883, as it is not set; unusual for MQTT_PROTOCOL=mqtts',
  ]);
});

test('topics that some brokers reject, and settings with late effects, get a remark', () => {
  assert.deepEqual(configure({ MQTT_HOST: 'broker', MQTT_KEEPALIVE: '0' }).remarks, [
    'MQTT_KEEPALIVE: 0, so a lost broker is noticed only while something is being published',
  ]);
  const machines = 'machines: [{ name: M, type: motor, rated_power_kw: 7.5 }]';
  const factory = `factories: [{ name: Plant A, topic: plant a.1, ${machines} }]`;
  assert.deepEqual(configure({ FACTORY_FILE: 'f.yaml' }, { 'f.yaml': factory }).remarks, [
    '"factory/plant a.1/m": some brokers refuse topics that contain a space or a dot',
  ]);
});

test('the database is a server given in parts or by one URL, and a sink only with a server', () => {
  const parts = { POSTGRES_HOST: 'db', POSTGRES_USER: 'enms', SINK_POSTGRES: 'true' };
  const names = ({ outputs }: Configuration) => outputs.map(({ output }) => output.name);
  const server = { host: 'db', port: 5432, user: 'enms', password: undefined, database: 'enms' };
  assert.deepEqual(configure(parts).database, server);
  assert.deepEqual(names(configure(parts)), ['mqtt', 'postgres']);
  const url = 'postgres://localhost/enms';
  assert.deepEqual(configure({ DATABASE_URL: url }).database, { connectionString: url });
  assert.equal(configure({}).database, undefined);
  assert.deepEqual(names(configure({})), ['mqtt']);
  assert.deepEqual(
    faultsOf(() => configure({ SINK_POSTGRES: 'true' })),
    ['SINK_POSTGRES: true needs a server: POSTGRES_HOST or DATABASE_URL'],
  );
  assert.deepEqual(
    faultsOf(() => configure({ SINK_POSTGRES_EXPECTED: 'true' })),
    ['SINK_POSTGRES_EXPECTED: true needs a server: POSTGRES_HOST or DATABASE_URL'],
  );
  const cluster = { CLUSTER: 'true', REDIS_URL: 'redis://x', ...parts };
  assert.deepEqual(
    faultsOf(() => configure({ ...cluster, MQTT_HOST: 'b', SINK_POSTGRES_EXPECTED: 'true' })),
    ['SINK_POSTGRES_EXPECTED: true is not possible in a live cluster'],
  );
});

test('every unknown name in .env gets a remark, those of other programs in one line', () => {
  const { remarks } = configure(
    { SIMULATION_STRAT: '2' },
    { '.env': 'SIMULATION_STRAT=2\nMQTT_TOPIC=x\nCOMPOSE_FILE=y\nPOSTGRES_INITDB_ARGS=z\n' },
  );
  assert.deepEqual(remarks, [
    'MQTT_TOPIC in .env is unknown',
    'SIMULATION_STRAT in .env is unknown; did you mean SIMULATION_START?',
    '.env has variables of other programs, which are ignored: COMPOSE_FILE, POSTGRES_INITDB_ARGS',
  ]);
});

test('secrets never appear in errors, and are shown as (set)', () => {
  const secrets = Object.entries(VARIABLES).filter(([, { isSecret }]) => isSecret);
  assert.equal(secrets.length, 6);
  const bad = Object.fromEntries(secrets.map(([name]) => [name, 'hush\u0007 hush']));
  const faults = faultsOf(() => configure({ ...bad, MQTT_USERNAME: 'u' }));
  assert.equal(faults.length, secrets.length);
  assert.doesNotMatch(faults.join(), /hush/);
  const { shown } = configure({ API_KEY: 'hush', DATABASE_URL: 'postgres://u:hush@db/enms' });
  assert.equal(shown['API_KEY'], '(set)');
  assert.doesNotMatch(JSON.stringify(shown), /hush/);
});

test('an unreadable .env is an error', () => {
  const faults = inFolder({}, (cwd) => {
    mkdirSync(join(cwd, '.env'));
    return faultsOf(() => loadConfiguration({ env: {}, cwd }));
  });
  assert.deepEqual(faults, ['.env: cannot be read (EISDIR)']);
});

test('a live cluster reports all missing servers at once', () => {
  assert.deepEqual(
    faultsOf(() => configure({ CLUSTER: 'true' })).map((fault) => fault.split(':')[0]),
    ['REDIS_URL', 'POSTGRES_HOST', 'MQTT_HOST'],
  );
  const env = { REDIS_URL: 'redis://r', DATABASE_URL: 'postgres://p/x', MQTT_HOST: 'm' };
  assert.equal(configure({ ...env, CLUSTER: 'true' }).cluster.isLive, true);
  assert.equal(configure(env).cluster.isLive, false);
  const { cluster } = loadConfiguration({ options: { isCluster: true }, env, cwd: tmpdir() });
  assert.equal(cluster.isLive, true);
});
