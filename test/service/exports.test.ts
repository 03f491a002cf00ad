import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import test, { afterEach } from 'node:test';
import { firstDifference, openDataset } from '../../src/dataset/comparison.ts';
import type { DatasetRequest } from '../../src/dataset/request.ts';
import { CommandError, type Refusal } from '../../src/service/command-error.ts';
import { type ExportRecord, Exports, type ExportsOptions } from '../../src/service/exports.ts';
import { leave } from '../../src/store/cluster/members.ts';
import type { Database } from '../../src/store/database.ts';
import { loadExports } from '../../src/store/export-rows.ts';
import { freshFolder, made, requestOf } from '../dataset/request.ts';
import { withoutPostgres } from '../postgres.ts';
import { placeOf, sharedStore } from '../store/places.ts';
import { until } from '../until.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 5, 1);
const PUMP = 'c0000000-0000-0000-0000-000000000004';
const SHORT = requestOf({ machineIds: [PUMP] });
/** Too large to finish during a test. */
const LONG = requestOf({ partition: 'month' }, 24 * 300);
const NOBODY = 'd0000000-0000-0000-0000-00000000000d';

const silent = { info: () => {}, warn: () => {} };

/** Exports of the current test: one that continued would slow down the next test. */
const running: Exports[] = [];
afterEach(async () => {
  for (const exports of running.splice(0)) await exports.close();
});

/** The store of a single simulator, and that of a cluster if there can be one. */
const { database } = await sharedStore('PGlite');
const shareable = withoutPostgres() ? database : (await sharedStore('PostgreSQL')).database;

async function opened(
  options: ExportsOptions = {},
  folder = freshFolder(),
  store: Database = options.member ? shareable : database,
) {
  const exports = new Exports(store, folder, silent, {
    nowMs: () => NOW_MS,
    reportMs: 20,
    ...options,
  });
  await exports.begin();
  running.push(exports);
  return { exports, folder };
}

/** An export that has ended, successfully or not. */
async function ended(exports: Exports, request: DatasetRequest): Promise<ExportRecord> {
  const { id } = await exports.create(request);
  await until(async () => (await exports.get(id)).state !== 'running');
  return exports.get(id);
}

/** Waits until an export has written some rows. */
async function begun(exports: Exports, request: DatasetRequest): Promise<ExportRecord> {
  const { id } = await exports.create(request);
  await until(async () => (await exports.get(id)).rows !== 0);
  return exports.get(id);
}

function refused(refusal: Refusal, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof CommandError);
    assert.equal(error.refusal, refusal);
    assert.match(error.message, message);
    return true;
  };
}

test('an export is the dataset that generate writes, for a day, and nothing else', async () => {
  let nowMs = NOW_MS;
  const { exports, folder } = await opened({ nowMs: () => nowMs });
  const { id, state, rows, allRows, bytes, files, endedMs } = await ended(exports, SHORT);
  assert.deepEqual([state, rows, allRows, endedMs], ['done', 360, 360, NOW_MS]);
  const dataset = openDataset((await made(SHORT)).folder);
  const own = dirname((await exports.file(id, 'manifest.json')).path);
  assert.equal(firstDifference(openDataset(own), dataset), undefined);
  assert.deepEqual(
    files.map(({ path }) => path),
    ['manifest.json', ...dataset.manifest.files.map(({ path }) => path)],
  );
  assert.equal(
    bytes,
    files.reduce((sum, file) => sum + file.bytes, 0),
  );

  // Only listed files are served.
  for (const path of ['../export.json', '/etc/passwd', 'energy/../../export.json', 'energy', ''])
    await assert.rejects(exports.file(id, path), refused('unknown', /has no file/), path);
  const unknown = exports.file(NOBODY, 'manifest.json');
  await assert.rejects(unknown, refused('unknown', /no export has/));
  const { id: early } = await exports.create(LONG);
  const tooEarly = exports.file(early, 'manifest.json');
  await assert.rejects(tooEarly, refused('conflict', /is not done/));
  await exports.remove(early);

  nowMs += DAY_MS;
  await exports.sweep();
  assert.equal((await exports.list()).length, 1);
  nowMs += 1;
  await exports.sweep();
  assert.deepEqual(await exports.list(), []);
  assert.equal(existsSync(join(folder, id)), false);
});

test('an export that is removed while running stops, and leaves nothing behind', async () => {
  const { exports, folder } = await opened();
  const { id } = await begun(exports, LONG);
  assert.ok(existsSync(join(folder, id, 'dataset')));
  await exports.remove(id);
  assert.equal(existsSync(join(folder, id)), false);
  await assert.rejects(exports.get(id), refused('unknown', /no export has/));
  assert.deepEqual(await exports.list(), []);
});

test('the number of running and stored exports and their disk space are limited', async () => {
  const { exports } = await opened({ limits: { running: 1, kept: 1 } });
  const { id } = await exports.create(LONG);
  await assert.rejects(exports.create(SHORT), refused('busy', /^1 exports are running/));
  await exports.remove(id);
  await ended(exports, SHORT);
  await assert.rejects(exports.create(SHORT), refused('conflict', /^1 exports are kept; remove/));

  const full = (await opened({ limits: { bytes: 1000 } })).exports;
  assert.equal((await ended(full, SHORT)).state, 'done');
  await assert.rejects(full.create(SHORT), refused('conflict', /^exports may take .* in total/));
});

test('an export that exceeds the available space stops, and frees its space', async () => {
  const { exports, folder } = await opened({ limits: { bytes: 1e6 } });
  const { id, state, error } = await ended(exports, LONG);
  assert.deepEqual(
    [state, error],
    ['failed', 'exports may take 0.001 GB in total; remove one, or request less'],
  );
  assert.deepEqual(readdirSync(join(folder, id)), []);
});

test('the reason why a file cannot be written does not reveal the server’s folders', async () => {
  const { exports, folder } = await opened();
  const creating = exports.create(SHORT);
  await until(async () => (await exports.list()).length !== 0);
  const { id } = await creating;
  // There is a file where the folder of the tables must be.
  mkdirSync(join(folder, id, 'dataset'), { recursive: true });
  writeFileSync(join(folder, id, 'dataset', 'energy'), '');
  await until(async () => (await exports.get(id)).state !== 'running');
  const { state, error } = await exports.get(id);
  assert.equal(state, 'failed');
  assert.match(error ?? '', /a file is in the place of a folder$/);
  assert.ok(!error?.includes(folder), error ?? '');
});

test('after a restart complete exports remain, incomplete ones have failed and take no space', async () => {
  const folder = freshFolder();
  const first = new Exports(database, folder, silent);
  await first.begin();
  const whole = await ended(first, SHORT);
  const half = await begun(first, LONG);
  await first.close();
  mkdirSync(join(folder, NOBODY, 'dataset'), { recursive: true });

  const { exports } = await opened({ nowMs: Date.now }, folder);
  assert.deepEqual(
    (await exports.list()).map(({ id, state }) => [id, state]),
    [
      [half.id, 'failed'],
      [whole.id, 'done'],
    ],
  );
  assert.match(
    (await exports.get(half.id)).error ?? '',
    /^the simulator stopped before the export was complete/,
  );
  assert.deepEqual(readdirSync(join(folder, half.id)), []);
  assert.ok(existsSync((await exports.file(whole.id, 'manifest.json')).path));
  assert.equal(existsSync(join(folder, NOBODY)), false);
});

test('a second simulator leaves the first one’s exports alone', async (t) => {
  const { exports, folder } = await opened();
  const { id } = await begun(exports, LONG);
  const other = await (await placeOf('PGlite', t)).open();
  const second = (await opened({}, folder, other.database)).exports;
  assert.deepEqual(await second.list(), []);
  await assert.rejects(second.create(SHORT), refused('unavailable', /used by another simulator/));
  assert.equal((await exports.get(id)).state, 'running');
});

/** Exports of an API of a cluster, in a folder that its APIs share. */
async function shared(member: string, folder: string) {
  await shareable.query(
    `insert into simulator.members values ($1, 'api', '1', now(), 'infinity')
     on conflict do nothing`,
    [member],
  );
  return (await opened({ member, limits: { running: 1 } }, folder)).exports;
}

test('every API of a cluster lists all exports, serves their files and cancels them', async () => {
  const folder = freshFolder();
  const [a, b] = [await shared('a', folder), await shared('b', folder)];
  const whole = await ended(a, SHORT);
  assert.deepEqual(await b.get(whole.id), whole);
  assert.ok(existsSync((await b.file(whole.id, 'manifest.json')).path));

  const { id } = await begun(a, LONG);
  await until(async () => (await b.get(id)).rows !== 0);
  assert.equal((await b.get(id)).state, 'running');
  await assert.rejects(b.create(SHORT), refused('busy', /^1 exports are running/));
  await b.remove(id);
  assert.equal(existsSync(join(folder, id)), false);
  await assert.rejects(a.get(id), refused('unknown', /no export has/));

  await b.remove(whole.id);
  assert.deepEqual(await a.list(), []);
  assert.equal((await ended(b, SHORT)).owner, 'b');
});

test('an export fails when its API dies, and takes no space', async () => {
  const folder = freshFolder();
  const [a, b] = [await shared('a', folder), await shared('b', folder)];
  const { id } = await begun(a, LONG);
  await a.close();
  await b.sweep();
  assert.equal((await b.get(id)).state, 'running');
  await leave(shareable, 'a');
  await b.sweep();
  assert.match(
    (await b.get(id)).error ?? '',
    /^the simulator stopped before the export was complete/,
  );
  assert.deepEqual(readdirSync(join(folder, id)), []);
  assert.equal((await ended(b, SHORT)).state, 'done');
});

test('an API of a cluster that was presumed dead abandons its exports', async () => {
  const folder = freshFolder();
  const [a, b] = [await shared('a', folder), await shared('b', folder)];
  const { id } = await begun(a, LONG);
  await leave(shareable, 'a');
  await b.sweep();
  assert.equal((await b.get(id)).state, 'failed');
  await until(() => !existsSync(join(folder, id)));
  assert.deepEqual(await a.list(), []);
});

test('records from files of an earlier version are moved into the table', async () => {
  const { exports: first, folder } = await opened();
  const { files, ...whole } = await ended(first, SHORT);
  const half = await begun(first, LONG);
  await first.close();
  for (const record of [{ ...whole, files }, half])
    writeFileSync(join(folder, record.id, 'export.json'), JSON.stringify(record));
  await database.script('truncate simulator.exports');

  const { exports } = await opened({}, folder);
  assert.deepEqual(await exports.get(whole.id), { ...whole, files });
  assert.ok(existsSync((await exports.file(whole.id, 'manifest.json')).path));
  assert.equal((await exports.get(half.id)).state, 'failed');
  await exports.remove(whole.id);
  assert.equal(existsSync(join(folder, whole.id)), false);
});

test('a complete export of another database keeps its files for a day', async (t) => {
  const { exports: first, folder } = await opened({ nowMs: Date.now });
  const { id } = await ended(first, SHORT);
  const manifest = (await first.file(id, 'manifest.json')).path;
  await first.close();
  const other = await (await placeOf('PGlite', t)).open();
  const second = (await opened({ nowMs: Date.now }, folder, other.database)).exports;
  assert.deepEqual(await second.list(), []);
  await second.close();
  assert.ok(existsSync(manifest));

  const dayAgoS = (Date.now() - DAY_MS) / 1000 - 1;
  utimesSync(manifest, dayAgoS, dayAgoS);
  await opened({ nowMs: Date.now }, folder, other.database);
  assert.equal(existsSync(join(folder, id)), false);
});

test('an export in another folder is not listed, and its record is removed after a day', async () => {
  let nowMs = NOW_MS;
  const { exports: first, folder } = await opened();
  const { id } = await ended(first, SHORT);
  await first.close();
  const elsewhere = join(freshFolder(), basename(folder));
  const { exports } = await opened({ nowMs: () => nowMs }, elsewhere);
  assert.deepEqual(await exports.list(), []);
  const isKnown = async () =>
    (await loadExports(database, basename(folder))).some((row) => row.id === id);
  assert.ok(await isKnown());
  nowMs += DAY_MS + 1;
  await exports.sweep();
  assert.ok(!(await isKnown()));
});
