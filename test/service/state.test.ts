import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfiguration } from '../../src/config/load.ts';
import { ConfigError } from '../../src/core/errors.ts';
import { LocalEventLog } from '../../src/service/event-log.ts';
import { openState } from '../../src/service/state.ts';
import { loadClock, saveClock } from '../../src/store/tables.ts';
import { environmentOf, withoutPostgres } from '../postgres.ts';
import { sharedPostgres, temporaryFolder } from '../store/places.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };
const COMPRESSOR = 'c0000000-0000-0000-0000-000000000001';

type Environment = Readonly<Record<string, string>>;

function open(env: Environment) {
  const configuration = loadConfiguration({ env, cwd: import.meta.dirname });
  return openState(configuration, silent);
}

/** The place of a store: on a server, if there is one, since opening takes a tenth of the time. */
async function newHome(): Promise<Environment> {
  const embedded = { DATA_DIR: temporaryFolder() };
  if (withoutPostgres()) return embedded;
  return { ...embedded, ...environmentOf(await (await sharedPostgres()).newDatabase()) };
}

test('a restart restores the registry, the journal, the clock and the seed', async () => {
  const env = { DATA_DIR: temporaryFolder() };
  const first = await open({
    ...env,
    SIMULATION_SEED: '7',
    SIMULATION_SPEED: '60',
    SIMULATION_START: '2026-03-03T09:00:00Z',
  });
  assert.equal(first.factories[0]?.machines.length, 5);
  const eventLog = new LocalEventLog(first.journal, first.clock, first.store.journal);
  const injection = { anomalyType: 'leak', severity: 3, durationS: 10_800 };
  await eventLog.append({ kind: 'inject', id: 'a', machineId: COMPRESSOR, ...injection });
  await eventLog.append({ kind: 'stop', machineIds: [COMPRESSOR] });
  await eventLog.append({ kind: 'configure', settings: { anomalyProbability: 0.5 } });
  await first.store.watermarks.save('mqtt', { timeMs: 123_456, liveFromMs: 0 });
  const beforeMs = first.clock.nowMs();
  const kept = first.journal.events;
  await first.store.close();

  const again = await open(env);
  try {
    assert.equal(again.seed, 7);
    assert.equal(again.clock.speed, 60);
    assert.ok(again.clock.nowMs() >= beforeMs, 'simulated time has passed');
    assert.ok(again.clock.nowMs() < beforeMs + 60 * 60_000);
    assert.deepEqual(again.journal.events, kept);
    assert.deepEqual(again.factories, first.factories);
    assert.equal(again.journal.isRunning(COMPRESSOR, Number.MAX_SAFE_INTEGER), false);
    assert.equal(again.journal.settingsAt(Number.MAX_SAFE_INTEGER).anomalyProbability, 0.5);
    assert.equal((await again.store.watermarks.load('mqtt'))?.timeMs, 123_456);
  } finally {
    await again.store.close();
  }

  // A seed other than the one at its creation is refused.
  await assert.rejects(open({ ...env, SIMULATION_SEED: '8' }), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /^SIMULATION_SEED: 8 is not the seed of .*created with 7/);
    return true;
  });
});

test('a store begins where its readings do, and remembers it', async () => {
  const begun = async (env: Environment) => {
    const { beginsS, store } = await open(env);
    await store.close();
    return beginsS;
  };
  const [plain, filled] = [await newHome(), await newHome()];
  const start = { SIMULATION_START: '2026-03-03T09:00:00Z', SIMULATION_SPEED: '1000' };
  const startS = Date.UTC(2026, 2, 3, 9) / 1000;
  assert.equal(await begun({ ...plain, ...start }), startS);
  assert.equal(await begun(plain), startS);
  const backfill = { BACKFILL_FROM: '2026-03-01T00:00:00Z' };
  assert.equal(await begun({ ...filled, ...start, ...backfill }), Date.UTC(2026, 2, 1) / 1000);
  assert.equal(await begun(filled), Date.UTC(2026, 2, 1) / 1000);
});

test('new settings apply from the restart on, and leave the past unchanged', async () => {
  const env = await newHome();
  const first = await open({ ...env, ANOMALY_PROBABILITY: '0.2' });
  const eventLog = new LocalEventLog(first.journal, first.clock, first.store.journal);
  await eventLog.append({ kind: 'configure', settings: { weekendProductionFactor: 0.7 } });
  await first.store.close();

  const unchanged = await open({ ...env, ANOMALY_PROBABILITY: '0.2' });
  assert.equal(unchanged.journal.events.length, 1, 'nothing was configured again');
  const restartedS = unchanged.clock.nowMs() / 1000;
  await unchanged.store.close();

  const changed = await open({ ...env, ANOMALY_PROBABILITY: '0.4' });
  const { journal } = changed;
  await changed.store.close();
  assert.equal(journal.settingsAt(restartedS).anomalyProbability, 0.2);
  const { anomalyProbability, weekendProductionFactor } = journal.settingsAt(Infinity);
  assert.deepEqual([anomalyProbability, weekendProductionFactor], [0.4, 0.7]);

  const again = await open({ ...env, ANOMALY_PROBABILITY: '0.4' });
  assert.deepEqual(again.journal.events, journal.events);
  assert.equal(again.journal.settingsAt(0).anomalyProbability, 0.2);
  await again.store.close();
});

test('a new speed applies from the restart on, without a jump in simulated time', async () => {
  const env = await newHome();
  const slow = await open(env);
  const beforeMs = slow.clock.nowMs();
  await slow.store.close();
  const fast = await open({ ...env, SIMULATION_SPEED: '600' });
  try {
    assert.equal(fast.clock.speed, 600);
    assert.ok(fast.clock.nowMs() >= beforeMs);
  } finally {
    await fast.store.close();
  }
});

test('a speed changed at run time is kept unless a new one is configured', async () => {
  const home = await newHome();
  const speedOf = async (env: Readonly<Record<string, string>>, change?: number) => {
    const { clock, journal, store } = await open({ ...home, ...env });
    const { speed } = clock;
    if (change !== undefined) {
      const eventLog = new LocalEventLog(journal, clock, store.journal);
      const configured = env['SIMULATION_SPEED'];
      const configuredSpeed = configured === undefined ? null : Number(configured);
      await eventLog.append({ kind: 'speed', speed: change, configuredSpeed });
      await saveClock(store.database, clock.setSpeed(change));
    }
    const speeds = journal.events.map((event) => (event.kind === 'speed' ? event.speed : event));
    await store.close();
    return [speed, speeds];
  };
  assert.deepEqual(await speedOf({ SIMULATION_SPEED: '60' }, 600), [60, [600]]);
  assert.deepEqual(await speedOf({ SIMULATION_SPEED: '60' }), [600, [600]]);
  assert.deepEqual(await speedOf({}, 30), [600, [600, 30]]);
  assert.deepEqual(await speedOf({ SIMULATION_SPEED: '60' }), [60, [600, 30, 60]]);
  assert.deepEqual(await speedOf({}), [60, [600, 30, 60]]);
});

test('a change of speed found only in the journal applies from its second on', async () => {
  const home = await newHome();
  const first = await open(home);
  const eventLog = new LocalEventLog(first.journal, first.clock, first.store.journal);
  const change = { kind: 'speed', speed: 1000, configuredSpeed: null } as const;
  const { timeS } = await eventLog.append(change);
  await first.store.close();
  await first.clock.until(1000 * timeS);
  const { clock, store } = await open(home);
  try {
    assert.equal(clock.speed, 1000);
    // However long the process gets no processor time between two of these.
    const earliestMs = Date.now() - 1000 * timeS;
    const sinceMs = (clock.nowMs() - 1000 * timeS) / 1000;
    const latestMs = Date.now() - 1000 * timeS;
    assert.ok(sinceMs > earliestMs - 100 && sinceMs < latestMs + 100, `${sinceMs}`);
    assert.equal((await loadClock(store.database))?.speed, 1000);
  } finally {
    await store.close();
  }
});

test('machines without automatic start are off from the beginning, and stay off', async () => {
  const env = { ...(await newHome()), SIMULATOR_AUTO_START: 'false' };
  for (let start = 0; start < 2; start++) {
    const { journal, store } = await open(env);
    assert.equal(journal.events.length, 1);
    assert.equal(journal.isRunning(COMPRESSOR, Number.MAX_SAFE_INTEGER), false);
    await store.close();
  }
});

test('a factory file replaces the registry', async () => {
  const file = join(import.meta.dirname, '../../../examples/two-sites.yaml');
  const { factories, store } = await open({ ...(await newHome()), FACTORY_FILE: file });
  try {
    assert.equal(factories.length, 2);
  } finally {
    await store.close();
  }
});

test('a folder that cannot be created is an error of DATA_DIR, with the reason', async () => {
  await assert.rejects(open({ DATA_DIR: '/proc/x/data' }), (error) => {
    assert.ok(error instanceof ConfigError);
    const [fault] = error.faults;
    assert.equal(fault?.path, 'DATA_DIR');
    assert.match(String(fault?.message), /^\/proc\/x\/data cannot be created: ENOENT/);
    return true;
  });
});
