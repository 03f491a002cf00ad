/** A folder that disappears or is replaced while a simulator uses it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { JournalEvent } from '../../src/core/journal.ts';
import { makeFolder } from '../../src/store/folders.ts';
import { FolderLock } from '../../src/store/locks/folder-lock.ts';
import type { Store } from '../../src/store/open-store.ts';
import type { StoreError } from '../../src/store/store-error.ts';
import { until } from '../until.ts';
import { embeddedFolder, logLines, mounted, placeOf, temporaryFolder } from './places.ts';

const event = (sequence: number): JournalEvent => ({
  kind: 'stop',
  sequence,
  timeS: 1000 + sequence,
});

/** Every file below a folder, with its content. */
function contentsOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    files
      .filter((name) => lstatSync(join(folder, name)).isFile())
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  );
}

async function assertRefused(store: Store, reason: RegExp): Promise<void> {
  await assert.rejects(store.journal.keep(event(9)), ({ kind, message }: StoreError) => {
    assert.equal(kind, 'unwritable', message);
    assert.match(message, reason);
    return true;
  });
}

test('a change of its folder is noticed before a command is accepted', async (t) => {
  const place = await placeOf('PGlite', t);
  const { dataDir } = place.options;
  const elsewhere = join(temporaryFolder(), 'elsewhere');
  const log = logLines();
  const store = await place.open(
    { limits: { checkIntervalMs: 50, retryIntervalMs: 50, reopenAfterMs: 50 } },
    log,
  );
  const { database, journal } = store;
  await journal.keep(event(1));
  assert.equal(database.problems.length, 0);
  log.lines.length = 0;

  await t.test('a lost folder is noticed without any request, and logged once', async () => {
    renameSync(dataDir, elsewhere);
    await until(() => database.problems.length !== 0);
    assert.match(String(database.problems[0]?.reason), /is gone; nothing is written there/);
    await assertRefused(store, /is gone/);
    assert.equal(database.isConnected, false);
    assert.deepEqual(readdirSync(elsewhere).sort(), ['database', 'lock']);
    assert.equal(log.lines.length, 1);
    assert.match(String(log.lines[0]), /^the store has a problem; .* is gone/);
  });

  await t.test('a folder that comes back continues with what was confirmed', async () => {
    renameSync(elsewhere, dataDir);
    await until(() => database.problems.length === 0);
    assert.deepEqual(await journal.load(), [event(1)]);
    await journal.keep(event(2));
    assert.equal(log.lines.length, 2);
  });

  await t.test('a folder without its database accepts nothing', async () => {
    renameSync(join(dataDir, 'database'), elsewhere);
    await assertRefused(store, /database is gone/);
    renameSync(elsewhere, join(dataDir, 'database'));
    assert.deepEqual(await journal.load(), [event(1), event(2)]);
  });

  await t.test('a folder that replaces it is neither used nor written to', async () => {
    const another = await embeddedFolder();
    rmSync(dataDir, { recursive: true });
    cpSync(another, dataDir, { recursive: true });
    const before = contentsOf(dataDir);
    await assertRefused(store, /was replaced while it was in use/);
    assert.match(String(database.problems[0]?.reason), /was replaced/);
    if (process.platform === 'linux')
      await assert.rejects(place.open(), ({ kind }: StoreError) => kind === 'locked');
    await store.close();
    assert.deepEqual(contentsOf(dataDir), before);
    const second = await place.open();
    assert.deepEqual(await second.journal.load(), []);
  });
});

test('the remains of a database that was never completed are moved aside', async (t) => {
  const place = await placeOf('PGlite', t);
  const dataDir = temporaryFolder();
  makeFolder(join(dataDir, 'database'));
  writeFileSync(join(dataDir, 'database', 'notes.txt'), 'mine');
  writeFileSync(join(dataDir, 'database.incomplete'), '');
  const log = logLines();
  await place.open({ dataDir }, log);
  const aside = readdirSync(dataDir).find((name) => name.startsWith('database.'));
  assert.equal(readFileSync(join(dataDir, String(aside), 'notes.txt'), 'utf8'), 'mine');
  assert.match(String(log.lines[0]), /creation was never completed/);
});

test('a folder that cannot be created says why, immediately', async (t) => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  assert.throws(() => makeFolder('/proc/x/y'), { code: 'ENOENT' });
  assert.throws(() => makeFolder(file), { code: 'EEXIST' });
  assert.throws(() => makeFolder(join(file, 'below')), { code: 'ENOTDIR' });
  const deep = join(temporaryFolder(), 'a', 'b', 'c');
  makeFolder(deep);
  makeFolder(deep);
  assert.ok(lstatSync(deep).isDirectory());
  await assert.rejects(FolderLock.acquire('/proc/x'), ({ kind, message }: StoreError) => {
    assert.equal(kind, 'unwritable');
    assert.match(message, /^the folder \/proc\/x is not writable \(ENOENT/);
    return true;
  });
  const mount = mounted(t, 'size=1m');
  if (mount === undefined) return;
  spawnSync('mount', ['-o', 'remount,ro', mount]);
  assert.throws(() => makeFolder(join(mount, 'a', 'b')), { code: 'EROFS' });
});
