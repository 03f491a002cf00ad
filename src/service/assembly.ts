import { setImmediate as turn } from 'node:timers/promises';
import type { EmbeddedBroker } from '../broker/embedded-broker.ts';
import type { Configuration } from '../config/configuration.ts';
import { Batch } from '../core/batch.ts';
import { ConfigError } from '../core/errors.ts';
import { presentWatermarks } from '../delivery/watermarks.ts';
import { DEFAULT_FACTORY } from '../factory/default-factory.ts';
import type { Log } from '../runtime/log.ts';
import { sleep } from '../runtime/sleep.ts';
import { inTurns } from '../runtime/turns.ts';
import { createFleet } from '../simulation/fleet.ts';
import { createReader } from '../simulation/reader.ts';
import { saveWatermarkSql } from '../store/tables.ts';
import { toldFleet } from '../stories/told.ts';
import {
  closeOutputs,
  closeUnused,
  deliver,
  type OpenedOutput,
  openOutputs,
  stopDelivery,
} from './deliveries.ts';
import { MonitoredLog } from './durable-log.ts';
import { LocalEventLog } from './event-log.ts';
import { Observer } from './observer.ts';
import { RealTime } from './real-time.ts';
import { RegisterTotals } from './register-totals.ts';
import { Registry } from './registry.ts';
import { Simulator } from './simulator.ts';
import { openState, type RestoredState } from './state.ts';
import { TruthPublisher } from './truth-publisher.ts';
import { TruthRecorder } from './truth-recorder.ts';

/**
 * Up to this many machines, the live status has its own reader, which works even while the broker
 * is away. For larger fleets the status is taken from what is read for the broker, since two
 * readers would double the memory and the start-up time of a millisecond per machine.
 */
const OBSERVED_MAX = 10_000;

/**
 * Most machines in one process. At nine kilobytes each in memory and a millisecond and a half at
 * start-up, this number takes 2.5 GB and six minutes.
 */
const MACHINES_MAX = 250_000;

/** How long the rest of the start waits for the first readings [ms]. */
const BEGIN_MAX_MS = 1000;

const REHEARSED_MS = 10_000;
const REHEARSED_ROWS = 256;

/** A simulator with all its parts, ready to run. */
export interface Assembly {
  readonly simulator: Simulator;
  /** Undefined if a factory file replaces it. */
  readonly registry: Registry | undefined;
  /** Undefined if an external broker is used. */
  readonly broker: EmbeddedBroker | undefined;
  /** Where readings go, by the name of the output: `mqtt://127.0.0.1:1883`. Without secrets. */
  readonly addresses: Readonly<Record<string, string>>;
  /**
   * Settles when the first readings are on their way to a sink, none is due yet, or that takes too
   * long. Until then, whatever else takes the processor delays them.
   */
  readonly begun: Promise<void>;
  /** Follows simulated time until stopped; rejects if the simulation itself fails. */
  run(): Promise<void>;
  /** Lets sinks deliver what is in flight and announce that they are offline. */
  stop(): Promise<void>;
}

/** Options for building a simulator that are not part of its configuration. */
export interface AssemblyOptions {
  /** Interval at which the database is checked for changed rows [ms of real time]. */
  readonly registryPollMs?: number;
}

/**
 * The state and the outputs, which open at the same time.
 *
 * @throws Whatever the state could not be opened for, otherwise the outputs; all is closed then.
 */
async function whenOpen(
  opening: Promise<RestoredState>,
  outputs: Promise<readonly OpenedOutput[]>,
  beside: Promise<void>,
): Promise<[RestoredState, readonly OpenedOutput[]]> {
  const [state, opened] = await Promise.allSettled([opening, outputs, beside]);
  if (state.status === 'rejected') throw state.reason;
  if (opened.status === 'fulfilled') return [state.value, opened.value];
  await state.value.store.close();
  throw opened.reason;
}

/**
 * Reads a little of the default factory while the database opens, so that the code of the models is
 * compiled when the first reading is needed.
 */
async function rehearse(): Promise<void> {
  const reader = createReader(createFleet([DEFAULT_FACTORY]));
  const nowMs = Date.now();
  await inTurns(reader.seeking(nowMs, true), new AbortController().signal);
  reader.read(nowMs + REHEARSED_MS, new Batch(REHEARSED_ROWS));
}

/**
 * Builds the simulator that a configuration describes.
 *
 * @throws ConfigError if the broker's port is taken, or a certificate cannot be read.
 */
export async function assemble(
  configuration: Configuration,
  log: Log,
  { registryPollMs }: AssemblyOptions = {},
): Promise<Assembly> {
  const { statusIntervalS, isAutoStart } = configuration;
  const realTime = new RealTime({ log });
  const { isSpread, readers } = configuration.publishing;
  const opening = openState(configuration, log, () => realTime.nowMs());
  const outputs = openOutputs(
    configuration.outputs,
    {
      log,
      hasReaders: readers > 1,
      // Rows and watermark are saved in one transaction; `liveFromMs` was saved before.
      watermarkSql: (sinkName, timeMs) =>
        saveWatermarkSql(sinkName, { timeMs, liveFromMs: timeMs }),
    },
    opening,
  );
  const [state, opened] = await whenOpen(opening, outputs, rehearse());
  const { store, factories, journal, clock, seed, gapLog } = state;
  const fleet = toldFleet(
    createFleet(factories, {
      seed,
      journal,
      types: configuration.catalogue,
      registersFromS: state.beginsS,
      haveAllRegisters: configuration.haveAllRegisters,
    }),
  );
  const { length } = fleet.machines;
  if (length > MACHINES_MAX) {
    await closeUnused(opened);
    await store.close();
    const message = `${length} machines are too many for one process; at most ${MACHINES_MAX}`;
    throw new ConfigError([{ path: 'the factories', message }]);
  }
  const journalLog = new MonitoredLog(store.journal, log, store.database);
  const eventLog = new LocalEventLog(journal, clock, journalLog);
  const leaps = () => realTime.leaps;
  const leapt = { leaps, catchUpMs: configuration.catchUpMs };
  const observer = new Observer(fleet, eventLog, clock, statusIntervalS, leapt);
  const watermarks = configuration.isAheadRepeated
    ? presentWatermarks(store.watermarks, () => clock.nowMs())
    : store.watermarks;
  const isShown = fleet.machines.length > OBSERVED_MAX && readers === 1;
  const first = new AbortController();
  const lines = deliver(opened, {
    ...{ fleet, clock, eventLog, watermarks, log, leaps, statusIntervalS, isSpread, readers },
    onGap: (gap) => gapLog.add(gap),
    catchUpMs: configuration.catchUpMs,
    catchUpRate: configuration.catchUpRate,
    beginMs: configuration.simulation.backfillFromMs,
    onBegun: () => first.abort(),
    onRead: isShown ? (batch) => observer.take(batch) : undefined,
  });
  const deliveries = lines.map(({ delivery }) => delivery);
  const simulator: Simulator = new Simulator({
    fleet,
    clock,
    eventLog,
    observer,
    deliveries,
    store,
    gapLog,
    watched: { journal: journalLog, clockState: realTime, log },
  });
  const registerTotals = new RegisterTotals(store.database, () => simulator.fleet);
  await registerTotals.load();
  const registry =
    state.registry &&
    new Registry(simulator, state.registry, log, { isAutoStart, pollMs: registryPollMs });
  const end = new AbortController();
  const publishers = opened.flatMap(({ open: { truth } }) =>
    truth ? new TruthPublisher(simulator, truth, log) : [],
  );
  const recorder = new TruthRecorder(simulator, watermarks, log);
  const begun = sleep(readers > 1 ? 0 : BEGIN_MAX_MS, first.signal).then(() => turn());
  return {
    simulator,
    registry,
    begun,
    broker: opened.find(({ open }) => open.broker)?.open.broker,
    addresses: Object.fromEntries(
      opened.flatMap(({ output, open: { address } }) => (address ? [[output.name, address]] : [])),
    ),
    async run() {
      const delivering = deliveries.map((each) => each.run());
      await Promise.race([begun, ...delivering]);
      const running = [
        ...delivering,
        ...(isShown ? [] : [observer.run(end.signal)]),
        simulator.health.run(end.signal),
        registerTotals.run(end.signal),
        registry?.run(end.signal),
        ...publishers.map((each) => each.run(end.signal)),
        recorder.run(end.signal, configuration.simulation.backfillFromMs),
      ];
      await Promise.race([Promise.all(running), store.whenLost()]);
    },
    async stop() {
      simulator.beginStopping();
      first.abort();
      end.abort();
      await Promise.all(lines.map(({ delivery, sink }) => stopDelivery(delivery, sink)));
      await closeOutputs(opened);
      await gapLog.close();
      await registerTotals.keep(end.signal);
      await store.close();
    },
  };
}
