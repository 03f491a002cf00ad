/** Like `ways.test.ts`, but for a month instead of an hour, day by day to keep memory flat. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { freshDirectory } from '../cli/program.ts';
import { startPostgres, withoutPostgres } from '../postgres.ts';
import { startMosquitto, withoutMosquitto } from '../servers.ts';
import { assertEqualWays } from './ways.ts';

const DAY_MS = 86_400_000;

test('files, MQTT, HTTP and PostgreSQL deliver the same month, value by value', {
  skip: withoutMosquitto() || withoutPostgres(),
}, async (t) => {
  const [mosquitto, postgres] = [await startMosquitto(), await startPostgres()];
  t.after(() => Promise.all([mosquitto.close(), postgres.close()]));
  const cwd = freshDirectory();
  let count = 0;
  for (let day = 1; day <= 31; day++) {
    const fromMs = Date.UTC(2026, 0, day);
    count += await assertEqualWays({ fromMs, toMs: fromMs + DAY_MS }, cwd, mosquitto, postgres);
  }
  assert.equal(count, 31 * 24 * 4560);
});
