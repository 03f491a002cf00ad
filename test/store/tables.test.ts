import assert from 'node:assert/strict';
import test from 'node:test';
import pg from 'pg';
import { Journal, type JournalEvent } from '../../src/core/journal.ts';
import type { DurableLog } from '../../src/service/durable-log.ts';
import {
  addExport,
  deleteExport,
  loadExportFiles,
  loadExports,
  requestExportEnd,
  saveExport,
} from '../../src/store/export-rows.ts';
import { JournalLog } from '../../src/store/journal-log.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { StoreError } from '../../src/store/store-error.ts';
import {
  addGap,
  findTruth,
  keepTruth,
  latestGaps,
  loadClock,
  saveClock,
  type TruthRecord,
  watermarksIn,
} from '../../src/store/tables.ts';
import { startPostgres, withoutPostgres } from '../postgres.ts';
import { until } from '../until.ts';
import { Line } from './line.ts';
import { inBothDrivers, inSharedStores, logLines, placeOf, TIMEOUT_MS } from './places.ts';

const MACHINE = 'c0000000-0000-0000-0000-000000000001';

/** One event of each kind and shape. */
const EVENTS: readonly JournalEvent[] = [
  { kind: 'stop', sequence: 1, timeS: 1_760_000_000 },
  { kind: 'start', sequence: 2, timeS: 1_760_000_001, machineIds: [MACHINE, 'm2'] },
  {
    kind: 'inject',
    sequence: 3,
    timeS: 1_760_000_001,
    id: 'a-1',
    machineId: MACHINE,
    anomalyType: 'leak',
    severity: 0.1 + 1.2,
    durationS: 10_800,
  },
  { kind: 'clear', sequence: 5, timeS: 1_760_000_100, machineId: MACHINE },
  { kind: 'clear', sequence: 6, timeS: 1_760_000_100, machineId: MACHINE, anomalyType: 'leak' },
  {
    kind: 'configure',
    sequence: 7,
    timeS: 1_760_000_200,
    settings: { anomalyProbability: 1 / 3, weekendProductionFactor: null, enableAnomalies: false },
  },
];

inBothDrivers(
  'everything is read back as it was stored, also by the next process',
  async (place) => {
    const first = await place.open();
    assert.deepEqual(await first.journal.load(), []);
    const log: DurableLog = first.journal;
    for (const event of EVENTS) await log.keep(event);
    assert.deepEqual(await first.journal.load(), EVENTS);
    assert.equal(await first.watermarks.load('mqtt'), undefined);
    assert.equal(await loadClock(first.database), undefined);
    await first.watermarks.save('mqtt', { timeMs: 1_760_000_000_000, liveFromMs: 0 });
    await first.watermarks.save('mqtt', { timeMs: 1_760_000_000_500.25, liveFromMs: 9 });
    await saveClock(first.database, { simulatedMs: 1, realMs: 2, speed: 1 });
    await saveClock(first.database, {
      simulatedMs: 1_700_000_000_000,
      realMs: 1_760_000_000_001,
      speed: 0.1,
    });
    await addGap(first.database, { sink: 'mqtt', fromMs: 10, toMs: 20 });
    await addGap(first.database, { sink: 'postgres', fromMs: 10.5, toMs: 30 });
    await addGap(first.database, { sink: 'postgres', fromMs: 10.5, toMs: 30 });
    await first.close();

    const second = await place.open();
    const events = await second.journal.load();
    assert.deepEqual(events, EVENTS);
    const settings = {
      enableAnomalies: true,
      anomalyProbability: 0.1,
      weekendProductionFactor: 0.3,
    };
    assert.equal(new Journal(settings, events).isRunning(MACHINE, 1_760_000_001), true);
    assert.deepEqual(await second.watermarks.load('mqtt'), {
      timeMs: 1_760_000_000_500.25,
      liveFromMs: 0,
    });
    assert.deepEqual(await loadClock(second.database), {
      simulatedMs: 1_700_000_000_000,
      realMs: 1_760_000_000_001,
      speed: 0.1,
    });
    assert.deepEqual(await latestGaps(second.database, 10), [
      { sink: 'mqtt', fromMs: 10, toMs: 20 },
      { sink: 'postgres', fromMs: 10.5, toMs: 30 },
    ]);
    assert.deepEqual(await latestGaps(second.database, 1), [
      { sink: 'postgres', fromMs: 10.5, toMs: 30 },
    ]);
  },
);

inSharedStores(
  'an event stored twice is there once; a different one in its place is refused',
  async (store) => {
    const { journal } = store;
    const [event] = EVENTS as [JournalEvent];
    await journal.keep(event);
    await journal.keep(event);
    await assert.rejects(journal.keep({ ...event, timeS: 1 }), ({ kind, message }: StoreError) => {
      assert.equal(kind, 'rejected');
      assert.match(message, /the stored event 1 .* is a different one/);
      return true;
    });
    assert.deepEqual(await journal.load(), [event]);
  },
);

for (const [name, sql, reason] of [
  ['of no known kind', "update simulator.events set kind = 'burn'", /unknown kind "burn"/],
  ['without its machine', "update simulator.events set body = '{}'", /has an invalid id/],
  [
    'with more than it may have',
    `update simulator.events set body = '{"x":1}'`,
    /the unknown key x/,
  ],
  ['that holds no mapping', "update simulator.events set body = '[]'", /has no content/],
] as const)
  inSharedStores(`a journal with an event ${name} is not read`, async ({ journal, database }) => {
    await journal.keep(EVENTS[2] as JournalEvent);
    await database.script(sql);
    await assert.rejects(journal.load(), ({ kind, message }: StoreError) => {
      assert.equal(kind, 'corrupt');
      assert.match(message, /event 3 of the journal \(simulator\.events\)/);
      assert.match(message, reason);
      return true;
    });
  });

inSharedStores('a journal whose events are out of order is not read', async (store) => {
  const { journal, database } = store;
  for (const event of EVENTS) await journal.keep(event);
  await database.script('update simulator.events set time_s = 5 where sequence = 5');
  await assert.rejects(journal.load(), /event 5 .* is earlier than the previous one/);
});

inSharedStores('a watermark is saved in one transaction with the rows', async (store) => {
  const { database, watermarks } = store;
  const broken = database.transaction(async (queries) => {
    await watermarksIn(queries).save('postgres', { timeMs: 7, liveFromMs: 0 });
    await queries.query('select 1 / 0');
  });
  await assert.rejects(broken, /division by zero/);
  assert.equal(await watermarks.load('postgres'), undefined);
});

inSharedStores(
  'an export’s progress is saved while it runs, not after it has ended',
  async (store) => {
    const { database } = store;
    const id = 'd0000000-0000-0000-0000-00000000000e';
    const [state, asked, files] = ['running', { fromMs: 1 }, [{ path: 'a', bytes: 1 }]] as const;
    const begun = { state, endedMs: null, error: null, rows: 0, allRows: 7, bytes: 0 } as const;
    const first = { ...begun, id, asked, owner: null, createdMs: 2.5 };
    const second = { ...first, id: MACHINE, owner: 'b', createdMs: 1 };
    for (const row of [first, second, { ...first, rows: 9 }])
      await addExport(database, 'exports', { ...row, files: [] });
    const other = { ...first, id: 'e0000000-0000-0000-0000-00000000000e', files: [] };
    await addExport(database, 'others', other);
    assert.deepEqual(await loadExports(database, 'exports'), [second, first]);

    assert.equal(await saveExport(database, id, { ...begun, rows: 5 }), true);
    const done = { ...begun, state: 'done', endedMs: 9.25, rows: 7, bytes: 1 } as const;
    assert.equal(await saveExport(database, id, done, files), true);
    assert.equal(await saveExport(database, id, begun), false);
    assert.deepEqual(await loadExports(database, 'exports'), [second, { ...first, ...done }]);
    assert.deepEqual(await loadExportFiles(database, id), files);

    await requestExportEnd(database, MACHINE);
    assert.equal(await saveExport(database, MACHINE, begun), false);
    await deleteExport(database, MACHINE);
    assert.equal(await saveExport(database, MACHINE, begun), false);
    assert.deepEqual(await loadExports(database, 'exports'), [{ ...first, ...done }]);
  },
);

inSharedStores('ground truth is read back as it was first stored', async ({ database }) => {
  const a: TruthRecord = {
    id: 'm1/random/2026-03-03',
    machineId: MACHINE,
    type: 'leak',
    origin: 'random',
    severity: 1.5,
    startS: 1_760_000_000.25,
    plannedEndS: 1_760_000_600,
    endS: 1_760_000_300,
    clearedBy: 'request',
    affectedSignals: ['pressure_bar', 'power_kw'],
    excessEnergyKwh: 1.234567,
    lostProductionUnits: -3,
    isFinal: true,
  };
  const b: TruthRecord = { ...a, id: 'b', clearedBy: null, affectedSignals: [] };
  for (const record of [a, b, { ...a, excessEnergyKwh: 9 }]) await keepTruth(database, record);
  const found = await findTruth(database, ['b', 'nobody', a.id]);
  assert.deepEqual(
    found.toSorted((x, y) => (x.id < y.id ? -1 : 1)),
    [b, a],
  );
  assert.deepEqual(await findTruth(database, ['nobody']), []);
});

const SERVER = { skip: withoutPostgres() };

test('an event whose confirmation is lost is still stored exactly once', SERVER, async (t) => {
  const place = await placeOf('PostgreSQL', t);
  const line = await Line.to(Number(place.options.server?.port));
  t.after(() => line.close());
  const store = await place.open({ server: { ...place.options.server, port: line.port } });
  await store.journal.load();
  line.isDeaf = true;
  const kept = store.journal.keep(EVENTS[0] as JournalEvent);
  // The first attempt reaches the server, but its response is lost.
  const client = new pg.Client(place.options.server);
  await client.connect();
  t.after(() => client.end());
  await until(async () => (await client.query('select from simulator.events')).rowCount === 1);
  line.isDeaf = false;
  await kept;
  assert.deepEqual(await store.journal.load(), [EVENTS[0]]);
});

test('an event that may have been stored although it was refused is undone', SERVER, async (t) => {
  const place = await placeOf('PostgreSQL', t);
  const line = await Line.to(Number(place.options.server?.port));
  t.after(() => line.close());
  const store = await place.open({ server: { ...place.options.server, port: line.port } });
  const journal = new JournalLog(store.database, 500);
  t.after(() => journal.close());
  await journal.load();
  line.isDeaf = true;
  const refused = journal.keep(EVENTS[0] as JournalEvent);
  await assert.rejects(refused, ({ kind }: StoreError) => kind === 'unreachable');
  line.isDeaf = false;
  await until(async () => {
    const events = await journal.load().catch(() => undefined);
    return events?.length === 0;
  });
  await journal.keep({ ...(EVENTS[0] as JournalEvent), timeS: 1_760_000_009 }, TIMEOUT_MS);
  assert.equal((await journal.load()).length, 1);
});

test(
  'a server that is killed and restarts has what it had confirmed, and accepts more',
  SERVER,
  async (t) => {
    const server = await startPostgres();
    t.after(() => server.close());
    const log = logLines();
    const options = { dataDir: '/nowhere', seed: 1, version: '1' };
    const store = await openStore({ ...options, server: server.server() }, log);
    t.after(() => store.close());
    for (let i = 0; i < 3; i++) {
      for (const event of EVENTS)
        await store.journal.keep({
          ...event,
          sequence: 10 * i + event.sequence,
          timeS: 1000 * i + event.timeS,
        });
      await server.kill();
      await assert.rejects(
        store.watermarks.save('mqtt', { timeMs: i, liveFromMs: 0 }),
        ({ kind }: StoreError) => {
          return kind === 'unreachable';
        },
      );
      assert.equal(store.database.isConnected, false);
      await server.restart();
      await until(() =>
        store.watermarks.save('mqtt', { timeMs: i, liveFromMs: 0 }).then(
          () => true,
          () => false,
        ),
      );
      assert.equal((await store.journal.load()).length, (i + 1) * EVENTS.length);
    }
    assert.equal(store.isOwner, true);
  },
);
