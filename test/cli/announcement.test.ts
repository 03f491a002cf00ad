import assert from 'node:assert/strict';
import test from 'node:test';
import { announcement, type Endpoints, movedPorts } from '../../src/cli/announcement.ts';
import { configure } from '../factory/surroundings.ts';

function reachedOn(brokerPort: number | undefined, env: Readonly<Record<string, string>> = {}) {
  const configuration = configure(env);
  const reached: Endpoints = {
    apiPort: 8003,
    addresses: { mqtt: `mqtt://127.0.0.1:${brokerPort}`, postgres: 'db:5432/enms' },
    brokerPort,
    database: 'memory',
    factories: configuration.factories,
    seed: 42,
    speed: 1,
    nowMs: 0,
  };
  return [configuration, reached] as const;
}

test('the banner begins with the address of the dashboard', () => {
  const [configuration, reached] = reachedOn(1883);
  const rows = announcement(configuration, { ...reached, apiPort: 8004 });
  assert.match(rows, /in 1 factory\n\n {2}Dashboard +http:\/\/127\.0\.0\.1:8004\/\n/);
  assert.match(rows, /^ {2}Port 8003 is taken, so the API uses 8004 \(set API_PORT/m);
});

test('the banner shows how to subscribe, with the broker’s actual port', () => {
  const text = announcement(...reachedOn(1884));
  assert.match(text, /mosquitto_sub -h 127\.0\.0\.1 -p 1884 -v -t 'factory\/#'\n/);
  assert.match(text, /^ {2}Postgres +db:5432\/enms$/m);
  assert.doesNotMatch(announcement(...reachedOn(undefined, { MQTT_HOST: 'b' })), /mosquitto_sub/);
});

test('the command to subscribe includes the user name, but no password', () => {
  const env = { MQTT_USERNAME: 'plant', MQTT_PASSWORD: 'hush', MQTT_BIND_HOST: '::' };
  const text = announcement(...reachedOn(1883, env));
  assert.match(text, /mosquitto_sub -h localhost -p 1883 -u 'plant' -P "\$MQTT_PASSWORD" -v -t/);
  assert.doesNotMatch(text, /hush/);
});

test('a changed port is logged, with the command to subscribe there', () => {
  assert.deepEqual(movedPorts(...reachedOn(1883)), []);
  assert.deepEqual(movedPorts(...reachedOn(1884)), [
    'Port 1883 is taken, so MQTT uses 1884 (set MQTT_PORT to choose another).',
    "Listen to this broker with mosquitto_sub -h 127.0.0.1 -p 1884 -v -t 'factory/#'",
  ]);
});
