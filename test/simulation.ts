/** A test's own simulator, with a clock that the test moves. */
import { type AppOptions, buildApp } from '../src/api/app.ts';
import type { App } from '../src/api/context.ts';
import type { Configuration } from '../src/config/configuration.ts';
import { loadConfiguration } from '../src/config/load.ts';
import type { FactoryDescription } from '../src/core/factory.ts';
import { Journal } from '../src/core/journal.ts';
import type { MachineType } from '../src/core/machine.ts';
import type { DeliveryFigures } from '../src/delivery/delivery.ts';
import { InstantClock } from '../src/service/clock.ts';
import { type DurableLog, MemoryLog } from '../src/service/durable-log.ts';
import { LocalEventLog } from '../src/service/event-log.ts';
import { Observer } from '../src/service/observer.ts';
import { Simulator } from '../src/service/simulator.ts';
import { createFleet } from '../src/simulation/fleet.ts';
import type { Store } from '../src/store/open-store.ts';
import { toldFleet } from '../src/stories/told.ts';
import { until } from './until.ts';

export const COMPRESSOR = 'c0000000-0000-0000-0000-000000000001';
export const HVAC = 'c0000000-0000-0000-0000-000000000002';
export const PUMP = 'c0000000-0000-0000-0000-000000000004';
export const NOBODY = 'd0000000-0000-0000-0000-00000000000d';

/** Initial simulated time: a Monday at noon. */
export const NOON_MS = Date.UTC(2026, 5, 1, 12);

export interface SimulationOptions extends AppOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly factories?: readonly FactoryDescription[];
  /** The machine types; by default, the built-in ones. */
  readonly catalogue?: readonly MachineType[];
  readonly log?: DurableLog;
  /** The state from an earlier simulator. */
  readonly store?: Store;
  /** Initial simulated time; by default, {@link NOON_MS}. */
  readonly nowMs?: number;
  readonly sinks?: readonly DeliveryFigures[];
}

export interface Simulation {
  readonly app: App;
  readonly simulator: Simulator;
  readonly clock: InstantClock;
  readonly configuration: Configuration;
  /** Lets simulated time pass, and waits until the observer has read it. */
  pass(seconds: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts one on the default factory, without random anomalies. */
export async function startSimulation(options: SimulationOptions = {}): Promise<Simulation> {
  const { env = {}, store, nowMs = NOON_MS, sinks = [], ...appOptions } = options;
  const log = options.log ?? store?.journal ?? new MemoryLog();
  const configuration = loadConfiguration({
    env: { SIMULATOR_ENABLE_ANOMALIES: 'false', ...env },
    cwd: import.meta.dirname,
    ...(options.catalogue && { catalogue: options.catalogue }),
  });
  const journal = new Journal(configuration.settings, await store?.journal.load());
  const fleet = toldFleet(
    createFleet(options.factories ?? configuration.factories, {
      journal,
      types: configuration.catalogue,
      registersFromS: nowMs / 1000 - 3600,
      haveAllRegisters: configuration.haveAllRegisters,
    }),
  );
  const clock = new InstantClock(nowMs);
  const eventLog = new LocalEventLog(journal, clock, log);
  const observer = new Observer(fleet, eventLog, clock, configuration.statusIntervalS);
  const end = new AbortController();
  const running = observer.run(end.signal);
  const deliveries = sinks.map((figures) => ({ figures, deliveredMs: nowMs, follow() {} }));
  const simulator = new Simulator({ fleet, clock, eventLog, observer, deliveries, store });
  const app = await buildApp(simulator, configuration, appOptions);
  await until(() => observer.timeMs === nowMs);
  return {
    app,
    simulator,
    clock,
    configuration,
    async pass(seconds) {
      clock.advanceTo(clock.nowMs() + 1000 * seconds);
      await until(() => observer.timeMs >= Math.floor(clock.nowMs() / 1000) * 1000);
    },
    async close() {
      end.abort();
      await running;
      await app.close();
    },
  };
}
