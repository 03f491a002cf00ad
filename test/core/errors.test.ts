import assert from 'node:assert/strict';
import test from 'node:test';
import { knownNames, nearestName } from '../../src/core/errors.ts';

const NAMES = ['severity', 'anomaly_type', 'duration_seconds', 'Europe/Berlin'];

test('a mistyped name is recognised, ignoring case', () => {
  assert.equal(nearestName('sevrity', NAMES), 'severity');
  assert.equal(nearestName('europe/belrin', NAMES), 'Europe/Berlin');
  assert.equal(nearestName('durationseconds', NAMES), 'duration_seconds');
});

test('the nearest of several similar names is suggested', () => {
  assert.equal(nearestName('MQTT_HOTS', ['MQTT_PORT', 'MQTT_HOST', 'MQTT_QOS']), 'MQTT_HOST');
});

test('a name without a similar one gets the full list', () => {
  assert.equal(nearestName('colour', NAMES), undefined);
  assert.equal(knownNames('colour', ['a', 'b']), 'accepted are a, b');
});

test('a name of more than 64 characters is not compared', () => {
  const long = 'x'.repeat(65);
  assert.equal(nearestName(long, [`${long}y`]), undefined);
  assert.equal(nearestName('x'.repeat(63), ['x'.repeat(64)]), 'x'.repeat(64));
  const startMs = process.cpuUsage().user / 1000;
  const zones = Intl.supportedValuesOf('timeZone');
  assert.equal(nearestName('a/'.repeat(500_000), zones), undefined);
  const spentMs = process.cpuUsage().user / 1000 - startMs;
  assert.ok(spentMs < 1000, `${spentMs} ms of a processor`);
});
