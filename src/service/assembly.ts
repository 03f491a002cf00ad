import { randomBytes } from 'node:crypto';
import { EmbeddedBroker } from '../broker/embedded-broker.ts';
import type { Configuration, DatabaseServer } from '../config/configuration.ts';
import { ConfigError } from '../core/errors.ts';
import type { Gap, Sink } from '../core/sink.ts';
import { Delivery } from '../delivery/delivery.ts';
import type { Announcer, Connection } from '../outputs/connection.ts';
import { EmbeddedSink } from '../outputs/embedded.ts';
import type { BrokerAddress } from '../outputs/mqtt/client.ts';
import type { Log } from '../runtime/log.ts';
import { createFleet } from '../simulation/fleet.ts';
import { saveClock, saveWatermarkSql } from '../store/tables.ts';
import { LoggedLog } from './durable-log.ts';
import { Observer } from './observer.ts';
import { PresentWatermarks } from './present-watermarks.ts';
import { publishing, stopDelivery } from './publishing.ts';
import { RealTime } from './real-time.ts';
import { Registry } from './registry.ts';
import { Simulator } from './simulator.ts';
import { clientConfig, openState } from './state.ts';
import { Timeline } from './timeline.ts';
import { TruthPublisher } from './truth-publisher.ts';
import { TruthRecorder } from './truth-recorder.ts';

/**
 * Up to so many machines the live status is a reader of its own, and true while the broker is
 * away; of more it is what was read for the broker, since two readers would take twice the memory
 * and twice the start: a millisecond a machine.
 */
const OBSERVED_MAX = 10_000;

/**
 * Machines of one process: at nine kilobytes each in memory and a millisecond and a half at the
 * start, so many take 2.5 GB and six minutes.
 */
const MACHINES_MAX = 250_000;

/** A refused client is told of no more often than this: there are clients that never give up. */
const REFUSAL_EVERY_MS = 60_000;

/** A simulator with everything that it needs, ready to go. */
export interface Assembly {
  readonly simulator: Simulator;
  /** None where a factory file takes its place. */
  readonly registry: Registry | undefined;
  /** None where an external broker is used. */
  readonly broker: EmbeddedBroker | undefined;
  /** Where the readings go, as a person writes it: `mqtt://127.0.0.1:1883`. */
  readonly brokerAddress: string;
  /** Follows simulated time until it is stopped; rejects if the simulation itself fails. */
  run(): Promise<void>;
  /** Lets sinks take what is in flight and say that they are offline. */
  stop(): Promise<void>;
}

/** How a simulator is built other than its configuration says. */
export interface AssemblyOptions {
  /** The database is asked so often for changed rows [ms of real time]. */
  readonly registryPollMs?: number;
}

/**
 * Builds the simulator that a configuration describes.
 *
 * @throws ConfigError where the broker's port is taken, or a certificate cannot be read.
 */
export async function assemble(
  configuration: Configuration,
  log: Log,
  { registryPollMs }: AssemblyOptions = {},
): Promise<Assembly> {
  const { statusIntervalS, database, isAutoStart } = configuration;
  const realTime = new RealTime({ log });
  const state = await openState(configuration, log, () => realTime.nowMs());
  const { store, factories, journal, clock, seed, gapLog } = state;
  const fleet = createFleet(factories, { seed, journal });
  const { length } = fleet.machines;
  if (length > MACHINES_MAX) {
    await store.close();
    const message = `${length} machines are too many for one process; up to ${MACHINES_MAX}`;
    throw new ConfigError([{ path: 'the factories', message }]);
  }
  const journalLog = new LoggedLog(store.journal, log, {
    probe: () => saveClock(store.database, clock.record),
  });
  const timeline = new Timeline(journal, clock, journalLog);
  const leaps = () => realTime.leaps;
  const leapt = { leaps, catchUpMs: configuration.catchUpMs };
  const observer = new Observer(fleet, timeline, clock, statusIntervalS, leapt);
  const watermarks = configuration.isAheadRepeated
    ? new PresentWatermarks(store.watermarks, () => clock.nowMs())
    : store.watermarks;
  const { qos, isSpread, readers } = configuration.mqtt;
  const isShown = fleet.machines.length > OBSERVED_MAX && readers === 1;
  const common = {
    fleet,
    clock,
    watermarks,
    log,
    leaps,
    onGap: (gap: Gap) => gapLog.add(gap),
    catchUpMs: configuration.catchUpMs,
    beginMs: configuration.simulation.backfillFromMs,
    statusIntervalS,
  };
  const mqtt = await openMqtt(configuration, log).catch(async (error) => {
    await store.close();
    throw error;
  });
  const sinks: (Sink & Connection)[] = [mqtt.sink];
  if (database.isSink && database.server) sinks.push(await openPostgres(database.server, log));
  // A database takes what it is given; only brokers drop what a slow subscriber has not taken.
  const deliveries = sinks.map((sink) =>
    sink === mqtt.sink
      ? publishing({
          ...common,
          ...{ sink, timeline, qos, isSpread, readers },
          broker: mqtt.address,
          catchUpRate: configuration.catchUpRate,
          onRead: isShown ? (batch) => observer.take(batch) : undefined,
          fleetNow: () => simulator.fleet,
        })
      : new Delivery({ ...common, sink, horizonMs: () => timeline.horizonMs(), catchUpRate: 0 }),
  );
  const simulator: Simulator = new Simulator({
    fleet,
    clock,
    timeline,
    observer,
    deliveries,
    store,
    gapLog,
    watched: { journal: journalLog, clockState: realTime, log },
  });
  const registry =
    state.registry &&
    new Registry(simulator, state.registry, log, { isAutoStart, pollMs: registryPollMs });
  const end = new AbortController();
  const truth = configuration.mqtt.isGroundTruthPublished
    ? new TruthPublisher(simulator, mqtt.sink, log)
    : undefined;
  const recorder = new TruthRecorder(simulator, watermarks, log);
  return {
    simulator,
    registry,
    broker: mqtt.broker,
    brokerAddress: mqtt.brokerAddress,
    async run() {
      const running = [
        ...deliveries.map((each) => each.run()),
        ...(isShown ? [] : [observer.run(end.signal)]),
        simulator.health.run(end.signal),
        registry?.run(end.signal),
        truth?.run(end.signal),
        recorder.run(end.signal, configuration.simulation.backfillFromMs),
      ];
      await Promise.race([Promise.all(running), store.whenLost()]);
    },
    async stop() {
      simulator.beginStopping();
      end.abort();
      journalLog.close();
      await Promise.all(deliveries.map((each, i) => stopDelivery(each, sinks[i] as Sink)));
      await mqtt.broker?.close();
      await gapLog.close();
      await store.close();
    },
  };
}

/** The sink of a server's tables; its driver is loaded by those who use it. */
async function openPostgres(server: DatabaseServer, log: Log): Promise<Sink & Connection> {
  const { PostgresSink } = await import('../outputs/postgres/sink.ts');
  // The store is in the same database: what was delivered and how far are one transaction.
  // When it became live was saved as it began.
  const watermarkSql = (timeMs: number) =>
    saveWatermarkSql('postgres', { timeMs, liveFromMs: timeMs });
  const onRemark = (remark: string) => log.warn({ sink: 'postgres' }, remark);
  return new PostgresSink({ server: clientConfig(server), watermarkSql, onRemark });
}

/** A broker with the connection of this process, and where others would connect. */
interface Mqtt extends Pick<Assembly, 'broker' | 'brokerAddress'> {
  readonly sink: Sink & Connection & Announcer;
  readonly address: BrokerAddress;
}

/** Readers tell the embedded broker so often that they are there [s]. */
const KEEPALIVE_S = 60;
/** What readers are called there; their key is another one at every start. */
const READER = 'enms-simulator-reader';
const READER_KEY_BYTES = 32;

async function openMqtt({ mqtt }: Configuration, log: Log): Promise<Mqtt> {
  if (mqtt.external) {
    // The client's code takes a while to load, and most begin with the broker inside.
    const { MqttSink } = await import('../outputs/mqtt/sink.ts');
    const { addressText } = await import('../outputs/mqtt/client.ts');
    const sink = new MqttSink(mqtt.external, mqtt.qos);
    const brokerAddress = addressText(mqtt.external);
    return { sink, broker: undefined, brokerAddress, address: mqtt.external };
  }
  const own =
    mqtt.readers > 1
      ? {
          username: READER,
          password: randomBytes(READER_KEY_BYTES).toString('hex'),
          clientIds: READER,
        }
      : undefined;
  const broker = await EmbeddedBroker.start({
    own,
    host: mqtt.embeddedHost,
    port: mqtt.port,
    username: mqtt.username,
    password: mqtt.password,
    onRefused: refusalLog(log),
    onGivenUp: (notice) => log.warn({}, `the broker: ${notice}`),
  });
  const brokerAddress = `mqtt://${reachableHost(broker.host)}:${broker.port}`;
  const address: BrokerAddress = {
    host: addressOf(broker.host),
    port: broker.port,
    protocol: 'mqtt',
    version: 4,
    username: own?.username,
    password: own?.password,
    clientId: READER,
    keepaliveS: KEEPALIVE_S,
    caFile: undefined,
    certFile: undefined,
    keyFile: undefined,
  };
  return { sink: new EmbeddedSink(broker, mqtt.qos), broker, brokerAddress, address };
}

/** What to connect to, where all addresses are listened on. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/** Where a server that listens on all addresses is reached from this computer. */
function addressOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** Logs the clients that the broker refuses, at a pace that nobody can set from outside. */
export function refusalLog(log: Log): (clientId: string, reason: string) => void {
  let nextMs = Number.NEGATIVE_INFINITY;
  return (clientId, reason) => {
    const nowMs = performance.now();
    if (nowMs < nextMs) return;
    nextMs = nowMs + REFUSAL_EVERY_MS;
    log.warn(
      { clientId, reason },
      'the broker refused a client; further ones are told in a minute',
    );
  };
}
