import assert from 'node:assert/strict';
import test from 'node:test';
import { freshDirectory } from '../cli/program.ts';
import { startPostgres, withoutPostgres } from '../postgres.ts';
import { startMosquitto, withoutMosquitto } from '../servers.ts';
import { assertEqualWays } from './ways.ts';

/** An hour in which a shift begins. */
const FROM_MS = Date.UTC(2026, 0, 14, 5, 30);
const TO_MS = FROM_MS + 3_600_000;

test('files, MQTT, HTTP and PostgreSQL deliver the same readings, value by value', {
  skip: withoutMosquitto() || withoutPostgres(),
}, async (t) => {
  const [mosquitto, postgres] = [await startMosquitto(), await startPostgres()];
  t.after(() => Promise.all([mosquitto.close(), postgres.close()]));
  const window = { fromMs: FROM_MS, toMs: TO_MS };
  assert.equal(await assertEqualWays(window, freshDirectory(), mosquitto, postgres), 4560);
});
