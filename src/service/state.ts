import type { Configuration } from '../config/configuration.ts';
import { ConfigError } from '../core/errors.ts';
import type { FactoryDescription } from '../core/factory.ts';
import { Journal, type JournalEntry, type JournalEvent, type Settings } from '../core/journal.ts';
import { clientConfig } from '../outputs/postgres/server.ts';
import type { Log } from '../runtime/log.ts';
import { version } from '../runtime/version.ts';
import { endCluster } from '../store/cluster/members.ts';
import { makeFolder } from '../store/folders.ts';
import { openStoreWith, type Store } from '../store/open-store.ts';
import { createRegistry } from '../store/registry/create.ts';
import {
  beginningS,
  type ClockRecord,
  loadClock,
  loadSettings,
  saveClock,
  saveSettings,
} from '../store/tables.ts';
import { RealClock } from './clock.ts';
import { configuredEntries, type StoryGround } from './configured-stories.ts';
import { GapLog } from './gap-log.ts';
import { RegistrySource } from './registry.ts';

/** What a simulator continues from when it starts. */
export interface RestoredState {
  readonly store: Store;
  /** Where the factories come from; undefined if a factory file replaces it. */
  readonly registry: RegistrySource | undefined;
  readonly factories: readonly FactoryDescription[];
  readonly journal: Journal;
  readonly clock: RealClock;
  readonly gapLog: GapLog;
  readonly seed: number;
  /** When the store begins, in simulated time [s]. */
  readonly beginsS: number;
}

/**
 * Opens the store and restores from it what a restart continues from: the registry (unless a
 * factory file replaces it), the journal, the clock and the seed.
 *
 * @param realNowMs - Real time.
 * @throws StoreError if no database is available, ConfigError if the store was created with
 *   another seed than the configured one, or its folder cannot be created.
 */
export async function openState(
  configuration: Configuration,
  log: Log,
  realNowMs?: () => number,
): Promise<RestoredState> {
  const { simulation, dataDir, database } = configuration;
  const server = database && clientConfig(database);
  if (!server) makeDataDir(dataDir);
  const options = { dataDir, server, seed: simulation.seed, version };
  return openStoreWith(options, log, async (store) => {
    if (await store.database.transaction(endCluster))
      log.info({}, 'the cluster of this store has ended; this simulator continues alone');
    return restore(configuration, store, log, realNowMs);
  });
}

/** @throws ConfigError if the folder of the embedded database cannot be created. */
function makeDataDir(dataDir: string): void {
  try {
    makeFolder(dataDir);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOSPC' ? 'its disk is full' : message;
    throw new ConfigError([
      { path: 'DATA_DIR', message: `${dataDir} cannot be created: ${reason}` },
    ]);
  }
}

/**
 * Restores from a store what a restart continues from.
 *
 * @param realNowMs - Real time.
 * @throws ConfigError if the store was created with another seed than the configured one.
 */
export async function restore(
  configuration: Configuration,
  store: Store,
  log: Log,
  realNowMs: () => number = Date.now,
): Promise<RestoredState> {
  const { simulation, sources } = configuration;
  const { seed } = store.identity;
  if (seed !== simulation.seed && sources['SIMULATION_SEED'] !== 'default')
    throw new ConfigError([
      {
        path: 'SIMULATION_SEED',
        message:
          `${simulation.seed} is not the seed of ${store.database.location}, which was created ` +
          `with ${seed}; remove the setting, or choose another DATA_DIR or database`,
      },
    ]);
  const events = await store.journal.load();
  const clock = await openClock(configuration, store, events, realNowMs);
  const registry = await openRegistry(configuration, store, log);
  const beganS = () => clock.nowMs() / 1000;
  const factories = registry ? await registry.read(beganS) : configuration.factories;
  const beginsS = await beginningS(store.database, likelyBeginningS(configuration, store, clock));
  const ground = {
    factories,
    seed,
    types: configuration.catalogue,
    registersFromS: beginsS,
    haveAllRegisters: configuration.haveAllRegisters,
  };
  return {
    store,
    registry,
    factories,
    journal: await openJournal(configuration, store, events, clock, ground),
    clock,
    gapLog: await GapLog.open(store.database),
    seed,
    beginsS,
  };
}

/** How long creating a store takes at most [ms]. */
const MOMENT_MS = 60_000;

/**
 * When a store begins that does not know it yet: where its first readings are, or at the simulated
 * time of its creation.
 */
function likelyBeginningS(
  { simulation }: Configuration,
  { identity }: Store,
  clock: RealClock,
): number {
  const { simulatedMs, realMs, speed } = clock.record;
  // A clock that has never been set begins a moment after its store was created.
  const sinceMs = realMs - identity.createdAt.getTime();
  const beganMs = simulatedMs - (sinceMs > MOMENT_MS ? sinceMs * speed : 0);
  return Math.floor(Math.min(simulation.backfillFromMs ?? beganMs, beganMs) / 1000);
}

/** The registry, unless a factory file replaces it. */
async function openRegistry(
  configuration: Configuration,
  { database }: Store,
  log: Log,
): Promise<RegistrySource | undefined> {
  if (configuration.factoryFile !== undefined || configuration.fleetMachines !== undefined)
    return undefined;
  if (await createRegistry(database, configuration.haveAllRegisters))
    log.info({ database: database.location }, 'created the registry with the default factory');
  return new RegistrySource(database, configuration, log);
}

/** The configured speed; null if none is set and the default applies. */
export function configuredSpeed({ simulation, sources }: Configuration): number | null {
  return sources['SIMULATION_SPEED'] === 'default' ? null : simulation.speed;
}

/**
 * The stored journal. A new one begins with the stories of the configuration, and machines that
 * must not start by themselves are stopped.
 *
 * @throws ConfigError with everything that is wrong with the stories.
 */
async function openJournal(
  configuration: Configuration,
  store: Store,
  events: JournalEvent[],
  clock: RealClock,
  ground: StoryGround,
): Promise<Journal> {
  const { settings, isAutoStart, scenarios, simulation } = configuration;
  const found = await loadSettings(store.database);
  const isNew = events.every(({ kind }) => kind === 'speed' || (!found && kind === 'scenario'));
  // Settings are saved last, so what a first start left unfinished is finished by the next.
  const { backfillFromMs = clock.nowMs() } = simulation;
  const fromMs = found ? clock.nowMs() + 1000 : Math.min(backfillFromMs, clock.nowMs());
  const fromS = Math.floor(fromMs / 1000);
  for (const entry of configuredEntries(scenarios, events, ground, fromS, !found))
    await append(store, events, entry, fromMs);
  if (!isAutoStart && isNew) await append(store, events, { kind: 'stop' }, clock.nowMs());
  const { begun, configured } = found ?? { begun: settings, configured: settings };
  const changes = Object.fromEntries(
    Object.entries(settings).filter(([key, value]) => configured[key as keyof Settings] !== value),
  );
  // Changed settings apply from now on: the past stays as it was delivered.
  if (Object.keys(changes).length > 0)
    await append(store, events, { kind: 'configure', settings: changes }, clock.nowMs() + 1000);
  await saveSettings(store.database, { begun, configured: settings });
  return new Journal(begun, events);
}

/**
 * The stored clock, so that simulated time has passed while the process was down. A new store
 * begins at `SIMULATION_START`. A speed that was changed at run time stays, unless the configured
 * speed has changed since.
 */
async function openClock(
  configuration: Configuration,
  store: Store,
  events: JournalEvent[],
  realNowMs: () => number,
): Promise<RealClock> {
  const { simulation } = configuration;
  const realMs = realNowMs();
  const found = await loadClock(store.database);
  const change = events.findLast((event) => event.kind === 'speed');
  const record =
    found && change && change.speed !== found.speed
      ? continued(found, change.speed, change.timeS, realMs)
      : (found ?? { simulatedMs: simulation.startMs ?? realMs, realMs, speed: simulation.speed });
  if (record !== found) await saveClock(store.database, record);
  const { speed } = record;
  const { simulatedMs: startMs, realMs: realStartMs } = record;
  const clock = new RealClock({ speed, startMs, realStartMs, realNowMs });
  const asked = configuredSpeed(configuration);
  const before = change ? change.configuredSpeed : speed;
  if (asked !== null && asked !== before && asked !== speed) {
    const event = { kind: 'speed', speed: asked, configuredSpeed: asked } as const;
    await append(store, events, event, clock.nowMs());
    await saveClock(store.database, clock.setSpeed(asked));
  }
  return clock;
}

/**
 * The clock after a change of speed that is in the journal but not in the stored clock, because
 * the process ended between the two writes. It applies from its second on, if that has passed.
 */
function continued(
  { simulatedMs, realMs, speed }: ClockRecord,
  newSpeed: number,
  timeS: number,
  nowMs: number,
): ClockRecord {
  const changeMs = Math.min(nowMs, realMs + (1000 * timeS - simulatedMs) / speed);
  return {
    simulatedMs: simulatedMs + (changeMs - realMs) * speed,
    realMs: changeMs,
    speed: newSpeed,
  };
}

/** Appends an event before the factory runs. */
async function append(
  store: Store,
  events: JournalEvent[],
  entry: JournalEntry,
  nowMs: number,
): Promise<void> {
  const last = events.at(-1);
  const timeS = Math.max(Math.floor(nowMs / 1000), last?.timeS ?? Number.NEGATIVE_INFINITY);
  const event: JournalEvent = { ...entry, sequence: (last?.sequence ?? 0) + 1, timeS };
  await store.journal.keep(event);
  events.push(event);
}
