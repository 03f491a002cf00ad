import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import pg from 'pg';
import { timeText } from '../../src/encoding/time.ts';
import { openStore } from '../../src/store/open-store.ts';
import { createRegistry } from '../../src/store/registry/create.ts';
import { MAIN } from '../main-program.ts';
import { type Postgres, startPostgres, withoutPostgres } from '../postgres.ts';
import { freePort } from '../servers.ts';

const COMPRESSOR = 'c0000000-0000-0000-0000-000000000001';
const MACHINES = 5;
const KILLS = 3;
/** Rows stored in a table between two kills: several transactions. */
const KILL_EVERY_ROWS = 20_000;
const LOG = { info: () => {}, warn: () => {} };

/**
 * A database with the registry and a record of every attempt to store a row of production. It
 * reports the rows of each transaction once they are committed.
 */
async function watchedDatabase(postgres: Postgres): Promise<pg.Client> {
  const server = await postgres.newDatabase();
  const store = await openStore({ dataDir: '/nowhere', server, seed: 42, version: '1' }, LOG);
  await createRegistry(store.database);
  await store.close();
  const client = new pg.Client(server);
  await client.connect();
  await client.query(`
    set search_path = public;
    create table attempts (machine_id uuid, time timestamptz);
    create function note() returns trigger language plpgsql as
      'begin insert into public.attempts values (new.machine_id, new.time); return new; end';
    create trigger note before insert on production_data for each row execute function note();
    create function tell() returns trigger language plpgsql as
      'begin perform pg_notify(''stored'', (select count(*) from stored)::text); return null; end';
    create trigger tell after insert on production_data
      referencing new table as stored for each statement execute function tell();
    listen stored`);
  return client;
}

test('killed while loading history, it continues where the tables end and stores no row twice', {
  skip: withoutPostgres(),
}, async (t) => {
  const postgres = await startPostgres();
  const folder = mkdtempSync(join(tmpdir(), 'assembly-'));
  const client = await watchedDatabase(postgres);
  let simulator: ChildProcess | undefined;
  t.after(async () => {
    simulator?.kill('SIGKILL');
    await client.end();
    await postgres.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const count = async (sql: string) => Number((await client.query(sql)).rows[0]?.count);
  const { host, port, user, database } = client;
  let stored = 0;
  const beginMs = Math.floor(Date.now() / 1000) * 1000 - 7 * 86_400_000;
  for (let kill = 1; kill <= KILLS; kill++) {
    simulator = spawn(process.execPath, [MAIN], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'] ?? '',
        DATABASE_URL: `postgres://${user}@${host}:${port}/${database}`,
        SINK_POSTGRES: 'true',
        BACKFILL_FROM: timeText(beginMs),
        CATCH_UP: 'all',
        API_PORT: String(await freePort()),
        MQTT_PORT: String(await freePort()),
      },
      stdio: 'ignore',
    });
    const ended = once(simulator, 'exit').then(() => assert.fail('it has ended by itself'));
    while (stored < kill * KILL_EVERY_ROWS) {
      const [{ payload }] = await Promise.race([once(client, 'notification'), ended]);
      stored += Number(payload);
    }
    ended.catch(() => {});
    simulator.kill('SIGKILL');
    await once(simulator, 'exit');
  }
  // A batch may end in the middle of an instant, which is then read again.
  const again = await count(`select count(*) from (
    select from attempts group by machine_id, time having count(*) > 1) as repeated`);
  assert.ok(again < KILLS * MACHINES, `${again} rows were stored again`);
  const missing = await count(`select extract(epoch from max(time) - min(time)) + 1 - count(*)
    as count from production_data where machine_id = '${COMPRESSOR}'`);
  assert.equal(missing, 0);
});
