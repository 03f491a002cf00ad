/** The horizon that the processes of a cluster share, on a real server. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { JournalEvent } from '../../src/core/journal.ts';
import { HorizonTable } from '../../src/store/cluster/horizon-table.ts';
import type { Database, Parameter, Queries } from '../../src/store/database.ts';
import { PostgresDatabase } from '../../src/store/drivers/postgres.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { withoutPostgres } from '../postgres.ts';
import { inSharedStores, placeOf } from './places.ts';

const STOP = { kind: 'stop' } as const;
/** A simulated second takes a millisecond, so most closes and appends coincide with one. */
const SPEED = 1000;
const CLOSERS = 4;
const CLOSES = 60;
const APPENDERS = 3;
const APPENDS = 25;

/** A horizon whose clock has just started. */
async function begun(database: Database, speed: number): Promise<HorizonTable> {
  await database.query(
    `insert into simulator.clock (simulated_ms, real_ms, speed)
     values (1e12, 1000 * extract(epoch from clock_timestamp())::float8, $1)`,
    [speed],
  );
  const table = new HorizonTable(database);
  await table.begin();
  return table;
}

/** Another process, with its own connections. */
async function another(t: TestContext, server: ConstructorParameters<typeof PostgresDatabase>[0]) {
  const database = new PostgresDatabase(server);
  t.after(() => database.close());
  return new HorizonTable(database);
}

test('no event ever falls in a second that any process has closed', {
  skip: withoutPostgres(),
}, async (t) => {
  const place = await placeOf('PostgreSQL', t);
  const { database } = await place.open();
  await begun(database, SPEED);
  const server = place.options.server as ConstructorParameters<typeof PostgresDatabase>[0];
  const closed: { readonly closedS: number; readonly known: number }[] = [];
  const close = async () => {
    const table = await another(t, server);
    const journal: JournalEvent[] = [];
    for (let i = 0; i < CLOSES; i++) {
      const { closedS, events } = await table.close(journal.at(-1));
      journal.push(...events);
      // Everything that this process reads up to this second is known to it now.
      closed.push({ closedS, known: journal.filter(({ timeS }) => timeS <= closedS).length });
    }
  };
  const append = async () => {
    const table = await another(t, server);
    let last: JournalEvent | undefined;
    for (let i = 0; i < APPENDS; i++) last = (await table.append(last, STOP)).event;
  };
  await Promise.all([
    ...Array.from({ length: CLOSERS }, close),
    ...Array.from({ length: APPENDERS }, append),
  ]);
  const { events } = await new HorizonTable(database).close(undefined);
  assert.equal(events.length, APPENDERS * APPENDS);
  assert.deepEqual(
    events.map(({ sequence }) => sequence),
    Array.from({ length: events.length }, (_, i) => i + 1),
  );
  for (const { closedS, known } of closed)
    assert.equal(known, events.filter(({ timeS }) => timeS <= closedS).length, `at ${closedS} s`);
});

inSharedStores('the horizon follows the clock and never goes back', async ({ database }) => {
  const table = await begun(database, SPEED);
  const first = await table.close(undefined);
  let { closedS } = first;
  while (closedS === first.closedS) ({ closedS } = await table.close(undefined));
  assert.ok(closedS > first.closedS);
  // A host whose clock was set back by an hour.
  await database.query('update simulator.clock set simulated_ms = simulated_ms - 3600000');
  assert.equal((await table.close(undefined)).closedS, closedS);
  const { event } = await table.append(undefined, STOP);
  assert.ok(event.timeS > closedS);
});

inSharedStores(
  'a change of speed is an event that changes the clock without a jump',
  async ({ database }) => {
    const table = await begun(database, 1);
    const before = await table.close(undefined);
    const entry = { kind: 'speed', speed: 60, configuredSpeed: null } as const;
    const { clock, event } = await table.append(undefined, entry);
    assert.equal(clock?.speed, 60);
    const passedMs = (clock?.realMs ?? 0) - before.clock.realMs;
    assert.ok(Math.abs((clock?.simulatedMs ?? 0) - before.clock.simulatedMs - passedMs) < 1);
    const after = await table.close(undefined);
    assert.deepEqual(after.clock, clock);
    assert.deepEqual(after.events, [event]);
  },
);

inSharedStores(
  'a registry change takes effect once, at a second that no process has read',
  async ({ database }) => {
    const table = await begun(database, SPEED);
    assert.equal(await table.registryVersion(), 0);
    const { closedS } = await table.close(undefined);
    const change = await table.changeRegistry('one');
    assert.equal(change.version, 1);
    assert.ok(change.fromS > closedS);
    assert.deepEqual(await table.changeRegistry('one'), change);
    const other = await table.changeRegistry('two');
    assert.equal(other.version, 2);
    assert.ok(other.fromS >= change.fromS);
    const { registryVersion, registryFromS } = await table.close(undefined);
    assert.deepEqual({ version: registryVersion, fromS: registryFromS }, other);
  },
);

test('a process that is suspended while it appends does not block the others for long', {
  skip: withoutPostgres(),
}, async (t) => {
  const place = await placeOf('PostgreSQL', t);
  const { database } = await place.open();
  const table = await begun(database, SPEED);
  const locked = deferred();
  const resumed = deferred();
  /** Holds the lock, and does nothing more until it is resumed. */
  const suspended: Database = Object.create(database, {
    transaction: {
      value: <T>(work: (queries: Queries) => Promise<T>) =>
        database.transaction((queries) =>
          work({
            script: queries.script,
            async query<Row>(sql: string, parameters?: readonly Parameter[]) {
              const rows = await queries.query<Row>(sql, parameters);
              if (!/for update/.test(sql)) return rows;
              locked.resolve();
              await resumed.promise;
              return rows;
            },
          }),
        ),
    },
    location: { value: database.location },
  });
  const late = assert.rejects(new HorizonTable(suspended, 200).append(undefined, STOP), StoreError);
  await locked.promise;
  const { event } = await table.append(undefined, STOP);
  assert.equal(event.sequence, 1);
  resumed.resolve();
  await late;
  assert.equal((await table.close(undefined)).events.length, 1);
});

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve() };
}
