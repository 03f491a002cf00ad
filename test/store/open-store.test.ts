import assert from 'node:assert/strict';
import test from 'node:test';
import type { Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrations/index.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import type { StoreError } from '../../src/store/store-error.ts';
import { inSharedStores, logLines, placeOf, without } from './places.ts';

/** Tables and columns outside the simulator's schema. */
async function foreignColumns(database: Database): Promise<readonly unknown[]> {
  return database.query(
    `select n.nspname, c.relname, a.attname, a.atttypid::regtype::text, a.attnotnull
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid
     where a.attnum > 0 and n.nspname !~ '^(pg_|information_schema$|simulator$)'
     order by 1, 2, 3`,
  );
}

/** Cases that share one store, one after the other: opening it takes long. */
for (const driver of ['PGlite', 'PostgreSQL'] as const)
  test(driver, { skip: without(driver) }, async (t) => {
    const place = await placeOf(driver, t);
    let store: Store;

    await t.test('a new store gets its tables once, and keeps its initial values', async () => {
      const log = logLines();
      const first = await place.open({}, log);
      assert.match(log.lines.join(), /created/);
      assert.equal(first.identity.seed, 42);
      assert.equal(first.identity.version, '1.2.3');
      assert.equal(first.identity.hasMadeRegistry, false);
      assert.deepEqual(await foreignColumns(first.database), [], 'it lies in its own schema');
      const migrations = 'select version, applied_at from simulator.migrations';
      const before = await first.database.query(migrations);
      await first.close();
      assert.equal(first.database.isConnected, false);
      await assert.rejects(
        first.database.query('select 1'),
        ({ kind }: StoreError) => kind === 'closed',
      );

      const again = logLines();
      store = await place.open({ version: '9.9.9' }, again);
      assert.deepEqual(again.lines, []);
      assert.deepEqual(store.identity, first.identity);
      assert.deepEqual(await store.database.query(migrations), before);
    });

    await t.test('a second simulator on it is refused until the first one is gone', async () => {
      const second = place.open({ predecessorMs: 200 });
      await assert.rejects(second, ({ kind, message }: StoreError) => {
        assert.equal(kind, 'locked');
        assert.match(message, /another simulator uses the database/);
        return true;
      });
      assert.equal(store.isOwner, true);
      await store.close();
      const log = logLines();
      store = await place.open({ seed: 7 }, log);
      assert.equal(store.isOwner, true);
      assert.match(
        log.lines.join(),
        /SIMULATION_SEED .*"begunWith":42/,
        'a different seed is logged',
      );
    });

    await t.test('a failed migration leaves nothing behind', async () => {
      const { database } = store;
      const schema = 'drop schema simulator cascade; create schema simulator';
      await database.script(`${schema}; create table simulator.gaps (x integer)`);
      await assert.rejects(migrate(database), ({ kind, message }: StoreError) => {
        assert.equal(kind, 'rejected');
        assert.match(message, /relation "gaps" already exists/);
        return true;
      });
      const tables = "select tablename from pg_tables where schemaname = 'simulator'";
      assert.deepEqual(await database.query(tables), [{ tablename: 'gaps' }]);
      await database.script(schema);
      assert.deepEqual(await migrate(database), [1, 2, 3, 4, 5]);
    });

    await t.test('a store that a newer simulator wrote is refused', async () => {
      const { database } = store;
      await database.query("insert into simulator.migrations (version, name) values (99, 'x')");
      await store.close();
      await assert.rejects(place.open(), ({ kind, message }: StoreError) => {
        assert.equal(kind, 'newer');
        assert.match(message, /newer version of the simulator \(schema 99, this one supports 5\)/);
        return true;
      });
    });
  });

inSharedStores(
  'a refused statement is an error with the database’s name, and the next one works',
  async ({ database }) => {
    await assert.rejects(database.query('select nothing'), (error: StoreError) => {
      assert.equal(error.kind, 'rejected');
      assert.equal(error.sqlState, '42703');
      assert.ok(error.message.startsWith(`${database.location}: column "nothing" does not exist`));
      return true;
    });
    assert.deepEqual(await database.query('select 1 as one'), [{ one: 1 }]);
    assert.equal(database.isConnected, true);
  },
);

inSharedStores('values are read back as they were written', async ({ database }) => {
  const [row] = await database.query(
    `select $1::float8 as real, $2::bigint as big, $3::text as text, $4::text[] as texts,
       $5::jsonb as json, $6::boolean as flag, $7::text as nothing,
       '2026-03-29T01:00:00.5Z'::timestamptz as time, 1.50::numeric as exact`,
    [0.1 + 0.2, 2 ** 53 - 1, 'o’clock "\\', ['a,b', '{"c"}'], '{"a":[1,2.5e-7]}', true, null],
  );
  assert.deepEqual(row, {
    real: 0.1 + 0.2,
    big: 2 ** 53 - 1,
    text: 'o’clock "\\',
    texts: ['a,b', '{"c"}'],
    json: { a: [1, 2.5e-7] },
    flag: true,
    nothing: null,
    time: new Date('2026-03-29T01:00:00.5Z'),
    exact: '1.50',
  });
});

inSharedStores('a transaction is all or nothing', async ({ watermarks, database }) => {
  const failure = new Error('ours');
  const broken = database.transaction(async (queries) => {
    await queries.query(
      "insert into simulator.watermarks (sink, time_ms, live_from_ms) values ('a', 1, 0)",
    );
    throw failure;
  });
  await assert.rejects(broken, (error) => error === failure);
  assert.equal(await watermarks.load('a'), undefined);
  await database.transaction(async (queries) => {
    await queries.query(
      "insert into simulator.watermarks (sink, time_ms, live_from_ms) values ('a', 1, 0)",
    );
  });
  assert.equal((await watermarks.load('a'))?.timeMs, 1);
});

test('a database without a valid URL is refused without revealing its password', async (t) => {
  const server = { connectionString: 'postgres://me:s3cret@[nowhere/enms' };
  const options = { dataDir: '/nowhere', server, seed: 1, version: '1', waitMs: 0 };
  await assert.rejects(openStore(options, logLines()), (error: StoreError) => {
    t.diagnostic(error.message);
    assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)} ${error.cause}`, /s3cret/);
    return true;
  });
});
