import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import type { JournalEvent } from '../../src/core/journal.ts';
import { ADVISORY_LOCKS } from '../../src/store/locks/advisory-locks.ts';
import { FolderLock } from '../../src/store/locks/folder-lock.ts';
import { SessionLock } from '../../src/store/locks/session-lock.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import type { StoreError } from '../../src/store/store-error.ts';
import { withoutPostgres } from '../postgres.ts';
import { freePort } from '../servers.ts';
import { until } from '../until.ts';
import { Line } from './line.ts';
import {
  inBothDrivers,
  logLines,
  mounted,
  placeOf,
  sharedPostgres,
  temporaryFolder,
} from './places.ts';

const KEEPER = fileURLToPath(new URL('./keeper.js', import.meta.url));

/** The initial values of a new store. */
const BEGUN = { seed: 42, version: '1.2.3' };

const event = (sequence: number): JournalEvent => ({
  kind: 'stop',
  sequence,
  timeS: 1_760_000_000 + sequence,
});

inBothDrivers('confirmed events survive repeated kill -9 of the process', async (place) => {
  let confirmed = 0;
  for (const count of [1, 7, 40]) {
    const keeper = spawn(process.execPath, [KEEPER, JSON.stringify(place.options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(keeper, 'exit');
    const goal = confirmed + count;
    for await (const line of createInterface(keeper.stdout)) {
      const [word, number] = line.split(' ');
      if (word === 'last') {
        // The one in progress at the kill may be there or not.
        assert.ok(Number(number) === confirmed || Number(number) === confirmed + 1, line);
      } else {
        assert.equal(word, 'kept', line);
        confirmed = Number(number);
        if (confirmed === goal) keeper.kill('SIGKILL');
      }
    }
    await exited;
  }
  const store = await place.open();
  const events = await store.journal.load();
  assert.ok(events.length >= confirmed);
  assert.deepEqual(
    events,
    events.map((_, i) => event(i + 1)),
  );
  assert.ok(((await store.watermarks.load('mqtt'))?.timeMs as number) >= confirmed);
});

inBothDrivers('a database shows on request that it accepts writes', async (place) => {
  const store = await place.open({ limits: { checkIntervalMs: 20 } });
  await store.journal.keep(event(1));
  await store.database.whenWritable();
  assert.deepEqual(await store.journal.load(), [event(1)]);
});

test('a lock lasts as long as its holder, and a dead holder leaves nothing behind', async () => {
  const folder = temporaryFolder();
  const lock = await FolderLock.acquire(folder);
  await assert.rejects(FolderLock.acquire(folder), ({ kind, message }: StoreError) => {
    assert.equal(kind, 'locked');
    assert.equal(message, `another simulator uses the database in ${folder}`);
    return true;
  });
  await lock.release();
  assert.deepEqual(readdirSync(join(folder, 'lock')), []);

  const source = `const { FolderLock } = await import(${JSON.stringify(
    new URL('../../src/store/locks/folder-lock.js', import.meta.url).href,
  )});
  await FolderLock.acquire(${JSON.stringify(folder)});
  process.kill(process.pid, 'SIGKILL');`;
  const killed = spawnSync(process.execPath, ['--input-type=module', '-e', source]);
  assert.equal(killed.signal, 'SIGKILL');
  assert.equal(readdirSync(join(folder, 'lock')).length, 1);
  const modules = temporaryFolder();
  mkdirSync(join(modules, 'real'));
  writeFileSync(join(modules, 'real', 'module.js'), '');
  symlinkSync('real', join(modules, 'link'));
  const found = (name: string) =>
    import.meta.resolve(pathToFileURL(join(modules, name, 'module.js')).href);
  const real = found('real');
  const next = await FolderLock.acquire(folder);
  assert.equal(found('link'), real, 'Node looked at the dead socket');
  await next.release();
  assert.deepEqual(readdirSync(join(folder, 'lock')), []);
});

test('of many processes that lock a folder at the same time, at most one succeeds', async () => {
  const folder = temporaryFolder();
  for (let round = 0; round < 5; round++) {
    const claims = Array.from({ length: 6 }, () => FolderLock.acquire(folder));
    const results = await Promise.allSettled(claims);
    const locks = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    assert.ok(locks.length <= 1, `${locks.length} have it`);
    for (const lock of locks) await lock.release();
  }
});

test('a lock works in a folder whose path is too long for a socket', async () => {
  const folder = join(temporaryFolder(), 'a'.repeat(60), 'b'.repeat(60));
  const lock = await FolderLock.acquire(folder);
  await assert.rejects(FolderLock.acquire(folder), ({ kind }: StoreError) => kind === 'locked');
  await lock.release();
  await (await FolderLock.acquire(folder)).release();
});

test('a new database that was not completed is created again', async (t) => {
  const place = await placeOf('PGlite', t);
  const { dataDir } = place.options;
  rmSync(join(dataDir, 'database', 'global'), { recursive: true });
  writeFileSync(join(dataDir, 'database.incomplete'), '');
  const log = logLines();
  const store = await place.open({}, log);
  await store.journal.keep(event(1));
  assert.equal(existsSync(join(dataDir, 'database.incomplete')), false);
  const aside = readdirSync(dataDir).find((name) => name.startsWith('database.'));
  assert.ok(aside && existsSync(join(dataDir, aside, 'PG_VERSION')), 'nothing was deleted');
  assert.equal(
    log.lines[0],
    `moved aside a database whose creation was never completed ${JSON.stringify({
      folder: join(dataDir, aside),
    })}`,
  );
  await store.close();

  // The same file next to a complete database means nothing.
  writeFileSync(join(dataDir, 'database.incomplete'), '');
  const again = await place.open();
  assert.deepEqual(await again.journal.load(), [event(1)]);
  assert.deepEqual(readdirSync(dataDir).sort(), ['database', aside, 'lock'].sort());
});

/** Each causes damage. @returns How to undo it. */
const DAMAGES: Readonly<Record<string, (folder: string) => () => void>> = {
  'whose control file is cut': (folder) => {
    const file = join(folder, 'global/pg_control');
    const whole = readFileSync(file);
    truncateSync(file, 9);
    return () => writeFileSync(file, whole);
  },
  'without its log': (folder) => movedAway(folder, 'pg_wal'),
  'without its version': (folder) => movedAway(folder, 'PG_VERSION'),
};

function movedAway(folder: string, name: string): () => void {
  const [from, to] = [join(folder, name), join(folder, '..', name)];
  renameSync(from, to);
  return () => renameSync(to, from);
}

test('a damaged embedded database is refused and left unchanged', async (t) => {
  const place = await placeOf('PGlite', t);
  const folder = join(place.options.dataDir, 'database');
  const contents = () =>
    ['global/pg_control', 'base/5/1259'].map((file) => readFileSync(join(folder, file)));
  for (const [name, damage] of Object.entries(DAMAGES))
    await t.test(name, async () => {
      const repair = damage(folder);
      const before = contents();
      await assert.rejects(place.open(), ({ kind, message }: StoreError) => {
        t.diagnostic(message);
        assert.equal(kind, 'corrupt');
        assert.ok(message.startsWith(`the embedded database in ${folder} is damaged`));
        assert.doesNotMatch(message, /\n/);
        return true;
      });
      assert.deepEqual(contents(), before);
      repair();
    });
});

test('a folder that cannot be created or written is named', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  const opened = openStore({ ...BEGUN, dataDir: join(file, 'data') }, logLines());
  await assert.rejects(opened, (error: StoreError) => {
    assert.equal(error.kind, 'unwritable');
    assert.ok(error.message.startsWith(`the folder ${join(file, 'data')} is not writable`));
    return true;
  });
});

test('a read-only folder is named, and works again once it is writable', async (t) => {
  const folder = mounted(t, 'size=100m');
  if (folder === undefined) return;
  const place = await placeOf('PGlite', t, folder);
  const first = await place.open();
  await first.journal.keep(event(1));
  await first.close();
  spawnSync('mount', ['-o', 'remount,ro', folder]);
  await assert.rejects(place.open(), ({ kind, message }: StoreError) => {
    t.diagnostic(message);
    assert.equal(kind, 'unwritable');
    assert.ok(message.includes(folder));
    return true;
  });
  spawnSync('mount', ['-o', 'remount,rw', folder]);
  const second = await place.open();
  assert.deepEqual(await second.journal.load(), [event(1)]);
  await second.close();
});

test('a disk without space for a new database is reported, and nothing partial remains', async (t) => {
  const folder = mounted(t, 'size=12m');
  if (folder === undefined) return;
  const opened = openStore({ ...BEGUN, dataDir: folder }, logLines());
  await assert.rejects(opened, ({ kind, message }: StoreError) => {
    t.diagnostic(message);
    assert.equal(kind, 'full');
    assert.ok(message.includes(folder));
    return true;
  });
  assert.equal(existsSync(join(folder, 'database')), false);
});

test('a disk that fills up loses nothing that was confirmed, and works again with free space', async (t) => {
  const folder = mounted(t, 'size=80m');
  if (folder === undefined) return;
  const place = await placeOf('PGlite', t, folder);
  const log = logLines();
  const limits = { retryIntervalMs: 100, reopenAfterMs: 100 };
  const store = await place.open({ limits }, log);
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(join(folder, 'ballast'), Buffer.alloc(bavail * bsize - 2_000_000));
  assert.equal(store.database.problems.length, 0);
  const sinceMs = Date.now();

  const confirmed = await keepUntilRefused(store, (error) => {
    t.diagnostic(error.message);
    assert.equal(error.kind, 'full');
    assert.ok(error.message.includes(folder), error.message);
  });
  assert.ok(confirmed > 0);
  const [problem] = store.database.problems;
  assert.equal(problem?.part, 'store');
  assert.match(String(problem?.reason), /no room|No space/);
  assert.ok(problem && problem.sinceMs >= sinceMs && problem.sinceMs <= Date.now());
  assert.match(log.lines.join('\n'), /^the store has a problem; trying again until it is solved /m);
  let isWritable = false;
  const writable = store.database.whenWritable().then(() => {
    isWritable = true;
  });
  assert.equal(store.database.problems.length, 1);
  assert.equal(isWritable, false);
  rmSync(join(folder, 'ballast'));
  // Without any request: it finds out by itself.
  await until(() => store.database.problems.length === 0);
  await writable;
  assert.equal(log.lines.at(-1), 'the store works again {}');
  let events: JournalEvent[] | undefined;
  while (!events) events = await store.journal.load().catch(() => undefined);
  assert.deepEqual(
    events.slice(0, confirmed),
    Array.from({ length: confirmed }, (_, i) => big(i + 1)),
  );
  await store.journal.keep(big(events.length + 1));
  await store.close();
});

test('a database that panics on a full disk is reopened once there is space', async (t) => {
  const folder = mounted(t, 'size=80m');
  if (folder === undefined) return;
  const place = await placeOf('PGlite', t, folder);
  const store = await place.open({ limits: { reopenAfterMs: 100 } });
  await store.journal.keep(event(1));
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(join(folder, 'ballast'), Buffer.alloc(bavail * bsize - 200_000));
  // The log alone grows by this, and PostgreSQL panics if it cannot write its log.
  const panic = store.database.query(
    "select pg_logical_emit_message(true, 'test', repeat('x', 20000000))",
  );
  await assert.rejects(panic, ({ kind, message, isUncertain }: StoreError) => {
    t.diagnostic(message);
    assert.equal(kind, 'full');
    assert.equal(isUncertain, true);
    assert.ok(message.includes(folder));
    return true;
  });
  assert.equal(store.database.isConnected, false);
  await assert.rejects(
    store.watermarks.save('mqtt', { timeMs: 1, liveFromMs: 0 }),
    ({ kind }: StoreError) => kind === 'full',
  );
  rmSync(join(folder, 'ballast'));
  let events: JournalEvent[] | undefined;
  while (!events) events = await store.journal.load().catch(() => undefined);
  assert.deepEqual(events, [event(1)]);
  assert.equal(store.database.isConnected, true);
  await store.journal.keep(event(2));
  await store.close();
});

/** An event that takes much space: it stops many machines. */
function big(sequence: number): JournalEvent {
  const machineIds = Array.from({ length: 500 }, (_, i) => `${sequence}-${(i * 7919) % 104_729}`);
  return { ...event(sequence), kind: 'stop', machineIds };
}

async function keepUntilRefused(store: Store, check: (error: StoreError) => void): Promise<number> {
  const { JournalLog } = await import('../../src/store/journal-log.ts');
  const journal = new JournalLog(store.database);
  for (let sequence = 1; ; sequence++) {
    try {
      await journal.keep(big(sequence));
    } catch (error) {
      journal.close();
      check(error as StoreError);
      return sequence - 1;
    }
  }
}

const SERVER = { skip: withoutPostgres() };

test('an unreachable server is waited for, until one line says that the time is up', async (t) => {
  const port = await freePort();
  const log = logLines();
  const server = { host: '127.0.0.1', port, user: 'me', password: 's3cret', database: 'enms' };
  const opened = openStore({ ...BEGUN, dataDir: '/nowhere', server, waitMs: 500 }, log);
  await assert.rejects(opened, (error: StoreError) => {
    t.diagnostic(error.message);
    assert.equal(error.kind, 'unreachable');
    assert.match(error.message, /^the database enms at 127\.0\.0\.1:\d+: .*ECONNREFUSED.*gave up/);
    return true;
  });
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0] as string, /^waiting for the database/);
  assert.doesNotMatch(log.lines.join(), /s3cret/);
});

test('a server that starts during the wait is used', SERVER, async (t) => {
  const place = await placeOf('PostgreSQL', t);
  const port = await freePort();
  const log = logLines();
  const opened = place.open({ server: { ...place.options.server, port } }, log);
  await until(() => log.lines.length !== 0);
  const line = await Line.to(Number(place.options.server?.port), port);
  t.after(() => line.close());
  const store = await opened;
  await store.journal.keep(event(1));
  assert.equal(store.isOwner, true);
});

test('a server that denies access is not waited for', SERVER, async (t) => {
  const place = await placeOf('PostgreSQL', t);
  const server = { ...place.options.server, database: 'nowhere', password: 's3cret' };
  await assert.rejects(place.open({ server }), ({ kind, message }: StoreError) => {
    assert.equal(kind, 'refused');
    assert.match(message, /database "nowhere" does not exist/);
    assert.doesNotMatch(message, /s3cret/);
    return true;
  });
});

test('the lock survives a broken connection that the server has not noticed', SERVER, async (t) => {
  const postgres = await sharedPostgres();
  const server = await postgres.newDatabase();
  const line = await Line.to(postgres.port);
  t.after(() => line.close());
  const lock = await SessionLock.acquire({ ...server, port: line.port }, logLines());
  t.after(() => lock.release());
  const holder = await holderOf(server);
  line.cutClients();
  // The old connection still holds the lock until the new one has ended it.
  let holds: number | undefined;
  while (holds === undefined || holds === holder) holds = await holderOf(server);
  assert.equal(lock.isOwner, true);
  const second = SessionLock.acquire(server, logLines(), { predecessorMs: 200 });
  await assert.rejects(second, /another simulator uses/);
});

test(
  'a simulator notices that another one has taken over while it was disconnected',
  SERVER,
  async (t) => {
    const server = await (await sharedPostgres()).newDatabase();
    const log = logLines();
    const lock = await SessionLock.acquire(server, log, { predecessorMs: 200 });
    t.after(() => lock.release());
    const lost = new Promise<void>((resolve) => lock.onLost(resolve));
    const rival = new pg.Client(server);
    await rival.connect();
    t.after(() => rival.end());
    const pid = await holderOf(server);
    const waiting = rival.query('select pg_advisory_lock($1, $2)', [...ADVISORY_LOCKS.simulator]);
    const killer = new pg.Client(server);
    await killer.connect();
    await killer.query('select pg_terminate_backend($1)', [pid]);
    await killer.end();
    await waiting;
    await lost;
    assert.equal(lock.isOwner, false);
    assert.match(log.lines.join(), /another simulator has taken over/);
    await new Promise<void>((resolve) => lock.onLost(resolve));
  },
);

/** The server process that holds the lock, if any. */
async function holderOf(server: pg.ClientConfig): Promise<number | undefined> {
  const client = new pg.Client(server);
  await client.connect();
  const { rows } = await client.query(
    `select pid from pg_locks where locktype = 'advisory' and granted
     and database = (select oid from pg_database where datname = current_database())`,
  );
  await client.end();
  return rows[0]?.pid;
}
