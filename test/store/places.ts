/** Both drivers of the store, for tests that apply to each. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, type TestContext } from 'node:test';
import type { Log } from '../../src/runtime/log.ts';
import { unpackTemplate } from '../../src/store/drivers/pglite-template.ts';
import { JournalLog } from '../../src/store/journal-log.ts';
import { openStore, type Store, type StoreOptions } from '../../src/store/open-store.ts';
import { type Postgres, startPostgres, withoutPostgres } from '../postgres.ts';

/** The logged lines. */
export interface LogLines extends Log {
  readonly lines: string[];
}

export function logLines(): LogLines {
  const lines: string[] = [];
  const add = (fields: object, message: string) =>
    lines.push(`${message} ${JSON.stringify(fields)}`);
  return { lines, info: add, warn: add };
}

/** A test's own empty database. */
export interface Place {
  readonly options: StoreOptions;
  /** Opens the store, and closes it at the end of the test if it is still open. */
  open(options?: Partial<StoreOptions>, log?: Log): Promise<Store>;
}

/** The place of a test's store. */
export type Driver = 'PGlite' | 'PostgreSQL';

let postgres: Promise<Postgres> | undefined;
const folders: string[] = [];
/** Stores shared by the tests of a file. */
const stores = new Map<Driver, Promise<Store>>();

after(async () => {
  for (const store of stores.values()) await (await store).close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  await (await postgres)?.close();
});

/** A folder that is removed when all tests of the file are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  folders.push(folder);
  return folder;
}

/** The server shared by the tests of a file. */
export function sharedPostgres(): Promise<Postgres> {
  postgres ??= startPostgres();
  return postgres;
}

/**
 * A small file system of its own; if mounting is not permitted, the test is skipped. Never in CI:
 * it fails there.
 */
export function mounted(t: TestContext, options: string): string | undefined {
  const folder = join(temporaryFolder(), 'mount');
  mkdirSync(folder);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  if (status !== 0) {
    assert.ok(!process.env['CI'], 'CI needs the right to mount a file system');
    t.skip('needs the right to mount a file system');
    return undefined;
  }
  // Lazily: a database that is being closed may hold its files for a moment longer.
  t.after(() => spawnSync('umount', ['-l', folder]));
  return folder;
}

/** A folder with an empty, new embedded database. */
export async function embeddedFolder(folder = temporaryFolder()): Promise<string> {
  mkdirSync(join(folder, 'database'));
  await unpackTemplate(join(folder, 'database'));
  return folder;
}

async function newPlace(driver: Driver, folder?: string): Promise<StoreOptions> {
  const embedded = driver === 'PGlite';
  return {
    dataDir: embedded ? await embeddedFolder(folder) : temporaryFolder(),
    server: embedded ? undefined : await (await sharedPostgres()).newDatabase(),
    seed: 42,
    version: '1.2.3',
  };
}

/**
 * A place for the exclusive use of a test.
 *
 * @param folder - Folder of an embedded database, if it matters.
 */
export async function placeOf(driver: Driver, t: TestContext, folder?: string): Promise<Place> {
  const options = await newPlace(driver, folder);
  const opened: Store[] = [];
  t.after(async () => {
    for (const store of opened) await store.close();
  });
  return {
    options,
    async open(changes = {}, log = logLines()) {
      const store = await openStore({ ...options, ...changes }, log);
      opened.push(store);
      return store;
    },
  };
}

/** A limit that no test reaches, however busy the computer is [ms]. */
export const TIMEOUT_MS = 120_000;

/** For a test's `skip`. */
export function without(driver: Driver): string | false {
  return driver === 'PostgreSQL' ? withoutPostgres() : false;
}

/** A test with its own place, for both drivers. */
export function inBothDrivers(
  name: string,
  body: (place: Place, driver: Driver) => Promise<void>,
): void {
  for (const driver of ['PGlite', 'PostgreSQL'] as const)
    test(`${driver}: ${name}`, { skip: without(driver) }, async (t) =>
      body(await placeOf(driver, t), driver),
    );
}

/** Resets a database to the content of a new store. */
const EMPTY = `do $$ declare name text; begin
  for name in select nspname from pg_namespace
    where nspname !~ '^(pg_|information_schema$|simulator$)' loop
    execute format('drop schema %I cascade', name);
  end loop;
  for name in select tablename from pg_tables
    where schemaname = 'simulator' and tablename not in ('migrations', 'identity') loop
    execute format('truncate simulator.%I restart identity', name);
  end loop;
end $$;
create schema public;
update simulator.identity set made_registry = false`;

/** The empty store shared by the tests of a file; opening one takes longer than most tests. */
export async function sharedStore(driver: Driver): Promise<Store> {
  if (!stores.has(driver))
    stores.set(
      driver,
      newPlace(driver).then((place) => openStore(place, logLines())),
    );
  const store = (await stores.get(driver)) as Store;
  await store.database.script(EMPTY);
  return { ...store, journal: new JournalLog(store.database) };
}

/** A test with the shared store, for both drivers. */
export function inSharedStores(
  name: string,
  body: (store: Store, driver: Driver) => Promise<void>,
): void {
  for (const driver of ['PGlite', 'PostgreSQL'] as const)
    test(`${driver}: ${name}`, { skip: without(driver) }, async () =>
      body(await sharedStore(driver), driver),
    );
}
