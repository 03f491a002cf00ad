import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { connectAsync } from 'mqtt';
import { freePort, mosquittoRuns, PATH, withoutMosquitto } from '../servers.ts';
import { composeWith } from './compose.ts';
import { file, textOf } from './files.ts';

const skip = withoutMosquitto();
const USER = { MQTT_USERNAME: 'simulator', MQTT_PASSWORD: 'a p:$w "rd' };

/** The variables of the service `mqtt`. */
type Variables = Readonly<Record<string, string>>;

/** Starts the broker like the service `mqtt`, on a free port, and passes it to a test. */
async function withBroker(
  variables: Variables,
  use: (port: number, folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mosquitto-'));
  const port = await freePort();
  const broker = startBroker(configurationIn(folder, port), folder, variables);
  try {
    await mosquittoRuns(broker, port);
    await use(port, folder);
  } finally {
    if (broker.exitCode === null && broker.signalCode === null) {
      broker.kill();
      await once(broker, 'exit');
    }
    rmSync(folder, { recursive: true });
  }
}

/** The repository's configuration, with paths of the test. */
function configurationIn(folder: string, port: number): string {
  let text = textOf('deploy/mosquitto/mosquitto.conf');
  const places = {
    'listener 1883': `listener ${port} 127.0.0.1`,
    'include_dir /run/mosquitto': `include_dir ${folder}/access`,
    'persistence_location /mosquitto/data/': `persistence_location ${folder}/`,
  };
  for (const [line, replacement] of Object.entries(places)) {
    assert.equal(text.split('\n').filter((each) => each === line).length, 1, line);
    text = text.replace(line, replacement);
  }
  mkdirSync(join(folder, 'access'));
  const path = join(folder, 'mosquitto.conf');
  writeFileSync(path, `${text}\nuser ${userInfo().username}\n`);
  return path;
}

function startBroker(configuration: string, folder: string, variables: Variables): ChildProcess {
  const env = { PATH, MOSQUITTO_ACCESS_DIR: join(folder, 'access'), ...variables };
  const words = [file('deploy/mosquitto/start.sh'), configuration];
  return spawn('sh', words, { env, stdio: ['ignore', 'ignore', 'pipe'] });
}

function connect(port: number, username?: string, password?: string) {
  const user = username === undefined ? {} : { username, password: password ?? '' };
  return connectAsync({ host: '127.0.0.1', port, reconnectPeriod: 0, ...user });
}

/** The exit code of the health check of the service `mqtt`, on another port. */
function health(port: number, variables: Variables): number | null {
  const [, command = ''] = composeWith({}).services['mqtt']?.healthcheck?.test ?? [];
  assert.match(command, / -p 1883 /);
  const words = ['-c', command.replace(' -p 1883 ', ` -p ${port} `)];
  return spawnSync('sh', words, { env: { PATH, ...variables } }).status;
}

test('Mosquitto accepts the configuration, and every client while no user is set', { skip }, () =>
  withBroker({}, async (port) => {
    const client = await connect(port);
    await client.endAsync();
    assert.equal(health(port, {}), 0);
  }),
);

test('Mosquitto accepts only the user that is set', { skip }, () =>
  withBroker(USER, async (port, folder) => {
    const client = await connect(port, USER.MQTT_USERNAME, USER.MQTT_PASSWORD);
    await client.endAsync();
    await assert.rejects(connect(port), /[Nn]ot authorized/);
    await assert.rejects(connect(port, USER.MQTT_USERNAME, 'another'), /[Nn]ot authorized/);
    assert.equal(health(port, USER), 0);
    assert.notEqual(health(port, { ...USER, MQTT_PASSWORD: 'another' }), 0);
    // The disk has only a digest.
    const { status } = spawnSync('grep', ['-rqF', USER.MQTT_PASSWORD, folder]);
    assert.equal(status, 1);
  }),
);

test('the Mosquitto of the compose file keeps retained messages over a restart', {
  skip,
}, () => {
  const isKept = /^persistence true$/m.test(textOf('deploy/mosquitto/mosquitto.conf'));
  const volumes = composeWith({}).services['mqtt']?.volumes ?? [];
  assert.ok(isKept && volumes.includes('mqtt:/mosquitto/data'));
});

test('Mosquitto does not start with a user who has no password', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mosquitto-'));
  const broker = startBroker('unused', folder, { MQTT_USERNAME: 'simulator' });
  const [code] = await once(broker, 'exit');
  assert.notEqual(code, 0);
  rmSync(folder, { recursive: true });
});
