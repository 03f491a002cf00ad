/** A server that is slow, dropped by the network, short of connections or restarted. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import type { JournalEvent } from '../../src/core/journal.ts';
import type { Problem } from '../../src/core/problem.ts';
import { machineTypes } from '../../src/machines/index.ts';
import type { Log } from '../../src/runtime/log.ts';
import { PostgresDatabase } from '../../src/store/drivers/postgres.ts';
import { JournalLog } from '../../src/store/journal-log.ts';
import { ADVISORY_LOCKS } from '../../src/store/locks/advisory-locks.ts';
import { openStore, openStoreWith, type Store } from '../../src/store/open-store.ts';
import { updateRow } from '../../src/store/registry/change.ts';
import { createRegistry } from '../../src/store/registry/create.ts';
import type { StoreError } from '../../src/store/store-error.ts';
import { type Postgres, startPostgres, withoutPostgres } from '../postgres.ts';
import { until } from '../until.ts';
import { Line } from './line.ts';
import { logLines, TIMEOUT_MS } from './places.ts';

const COMPRESSOR = 'c0000000-0000-0000-0000-000000000001';
const event = (sequence: number, timeS = 1000): JournalEvent => ({ kind: 'stop', sequence, timeS });

describe('a server', { skip: withoutPostgres() }, () => {
  let postgres: Postgres;
  let server: pg.ClientConfig & { readonly database: string };
  let store: Store;
  /** Another client of the same database. */
  let rival: pg.Client;

  before(async () => {
    postgres = await startPostgres();
    server = await postgres.newDatabase();
    store = await openStore({ dataDir: '/nowhere', server, seed: 1, version: '1' }, logLines());
    rival = new pg.Client(server);
    await rival.connect();
  });

  after(async () => {
    await rival.end();
    await store.close();
    await postgres.close();
  });

  /** The simulator's statements that wait for a lock of the rival. */
  const waiting = async () => {
    // Not on the rival's connection: a transaction sees an unchanging snapshot of these statistics.
    const [row] = await store.database.query<{ count: number }>(
      "select count(*) from pg_stat_activity where wait_event_type = 'Lock'",
    );
    return row?.count;
  };

  it('that answers late keeps what it confirmed, and nothing that was refused', async () => {
    const { database } = store;
    const journal = new JournalLog(database, TIMEOUT_MS);
    await rival.query('begin; lock table simulator.events in share row exclusive mode');
    const refused = journal.keep(event(1, 1000), 300);
    await assert.rejects(refused, ({ kind, message }: StoreError) => {
      assert.equal(kind, 'unreachable');
      assert.match(message, /has accepted no event for 0\.3 s/);
      return true;
    });
    await assert.rejects(journal.ready(300), /has accepted no event for 0\.3 s/);
    const kept = journal.keep(event(1, 2000));
    await database.query('select 1');
    assert.equal(await waiting(), 1, 'the event that was refused, and nothing after it');
    await rival.query('commit');
    await kept;
    assert.deepEqual(await journal.load(), [event(1, 2000)]);
    journal.close();
  });

  it('accepts events while long work waits or runs', async () => {
    const { database, journal } = store;
    await rival.query('begin; lock table simulator.gaps');
    const long = Array.from({ length: 2 }, () =>
      database.transaction(({ query }) => query('select from simulator.gaps'), TIMEOUT_MS),
    );
    await until(async () => (await waiting()) === 2);
    await journal.keep(event(2, 3000));
    assert.equal(await waiting(), 2);
    await rival.query('commit');
    await Promise.all(long);
    assert.deepEqual(store.database.problems, []);
  });

  it('changes its registry while a process joins a cluster', async () => {
    const { database } = store;
    await createRegistry(database);
    await rival.query('begin');
    await rival.query('select pg_advisory_xact_lock($1, $2)', [...ADVISORY_LOCKS.joining]);
    const { name } = await updateRow(
      database,
      'machines',
      COMPRESSOR,
      { name: 'Compressor A' },
      machineTypes,
    );
    assert.equal(name, 'Compressor A');
    await rival.query('rollback');
  });

  it('has a different advisory lock for each purpose', () => {
    const locks = Object.values(ADVISORY_LOCKS).map((numbers) => numbers.join());
    assert.equal(new Set(locks).size, locks.length);
  });

  it('that is dropped by the network is noticed, logged once and reached again', async () => {
    const line = await Line.to(postgres.port);
    const log = logLines();
    const limits = { checkIntervalMs: 100, retryIntervalMs: 100, checkTimeoutMs: 500 };
    // It may be over before anyone checks: a new connection is made at once.
    let problem: Problem | undefined;
    const warn: Log['warn'] = (fields, message) => {
      log.warn(fields, message);
      queueMicrotask(() => {
        [problem] = database.problems;
      });
    };
    const options = { log: { ...log, warn }, limits };
    const database = new PostgresDatabase({ ...server, port: line.port }, options);
    try {
      await Promise.all([1, 2, 3].map(() => database.query('select pg_sleep(0.05)')));
      const sinceMs = Date.now();
      line.forget();
      await until(() => problem !== undefined);
      assert.equal(problem?.part, 'store');
      assert.match(String(problem?.reason), /^the database .*: no answer within (0\.5|5) s$/);
      assert.ok(problem && problem.sinceMs >= sinceMs && problem.sinceMs <= Date.now());
      await until(() => database.problems.length === 0);
      assert.equal(log.lines.length, 2);
      assert.match(String(log.lines[0]), /^the store has a problem; .*no answer within (0\.5|5) s/);
      assert.equal(log.lines[1], 'the store works again {}');
      await database.query('select 1');
    } finally {
      await database.close();
      await line.close();
    }
  });

  it('that grants a role few connections is used with those', async () => {
    const { database } = await postgres.newDatabase();
    await rival.query('create role few login connection limit 2');
    await rival.query(`alter database ${database} owner to few`);
    const given = { ...server, user: 'few', database };
    const few = await openStore(
      { dataDir: '/nowhere', server: given, seed: 1, version: '1' },
      logLines(),
    );
    try {
      const asked = Array.from({ length: 8 }, () => few.database.query('select pg_sleep(0.01)'));
      const long = few.database.transaction(({ query }) => query('select 1'), TIMEOUT_MS);
      await Promise.all([...asked, long]);
      await few.journal.keep(event(1));
      assert.deepEqual(few.database.problems, []);
    } finally {
      await few.close();
    }
  });

  it('that restarts while the store is read is waited for like one that is unreachable', async () => {
    const log = logLines();
    let attempts = 0;
    await rival.end();
    const options = { dataDir: '/nowhere', server: await postgres.newDatabase() };
    const found = await openStoreWith(
      { ...options, seed: 1, version: '1' },
      log,
      async (opened) => {
        attempts++;
        if (attempts === 1) {
          await postgres.kill();
          void postgres.restart();
        }
        const events = await opened.journal.load();
        await opened.close();
        return events;
      },
    );
    assert.deepEqual(found, []);
    assert.equal(attempts, 2);
    assert.match(log.lines.join('\n'), /^waiting for the database /m);
    rival = new pg.Client(server);
    await rival.connect();
  });
});
