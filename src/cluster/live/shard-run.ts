import type { Configuration, DatabaseServer } from '../../config/configuration.ts';
import type { Sink, Watermark, Watermarks } from '../../core/sink.ts';
import { Delivery, type DeliveryFigures } from '../../delivery/delivery.ts';
import type { Connection } from '../../outputs/connection.ts';
import type { BrokerAddress } from '../../outputs/mqtt/client.ts';
import { MqttSink } from '../../outputs/mqtt/sink.ts';
import { PostgresSink } from '../../outputs/postgres/sink.ts';
import type { Log } from '../../runtime/log.ts';
import { GroundTruth, type TruthSource } from '../../service/ground-truth.ts';
import { stopDelivery } from '../../service/publishing.ts';
import { clientConfig } from '../../service/state.ts';
import { TruthPublisher } from '../../service/truth-publisher.ts';
import { TruthRecorder } from '../../service/truth-recorder.ts';
import type { Fleet } from '../../simulation/fleet.ts';
import {
  type ShardReport,
  saveShardSql,
  type TakenShard,
} from '../../store/cluster/shard-table.ts';
import { FencedSink } from './fenced-sink.ts';
import type { Membership } from './join.ts';
import { LEASE_MS } from './leases.ts';

/** What a shard that runs needs of the worker. */
export interface ShardContext {
  readonly configuration: Configuration;
  readonly membership: Membership;
  readonly log: Log;
  /** Asks the database who owns which shard, and stops those that are lost. */
  readonly confirm: () => Promise<void>;
}

/** Figures that only grow, as they were when they were last on record. */
type Totals = Pick<DeliveryFigures, 'readings' | 'messages' | 'bytes' | 'failures' | 'reconnects'>;

const NOTHING: Totals = { readings: 0, messages: 0, bytes: 0, failures: 0, reconnects: 0 };

/** One sink of a shard: the right to it, and what of it is not on record yet. */
interface Line {
  readonly taken: TakenShard;
  /** None for the ground truth, which goes to the database. */
  readonly delivery: Delivery | undefined;
  noted: Watermark | undefined;
  saved: Totals;
  savedAtMs: number;
}

/**
 * One shard while this process delivers it: its sinks, each with its own connection, and the
 * keeping of its machines' ground truth. Its watermarks are noted here and put on record by the
 * worker, those of all shards at once.
 */
export class ShardRun implements Watermarks {
  readonly shard: number;
  /** Settles when it has stopped; rejects where the simulation itself fails. */
  readonly finished: Promise<void>;
  readonly #lines = new Map<string, Line>();
  readonly #sinks: (Sink & Connection)[] = [];
  readonly #end = new AbortController();
  readonly #truth: TruthSource & { fleet: Fleet };
  readonly #context: ShardContext;
  #provenMs = performance.now();
  #isLost = false;

  constructor(taken: readonly TakenShard[], fleet: Fleet, context: ShardContext) {
    const shard = (taken[0] as TakenShard).shard;
    const log = logOf(shard, context.log, this.#end.signal);
    const { configuration, membership } = context;
    const { timeline, store, cluster } = membership;
    const { clock } = timeline;
    this.shard = shard;
    this.#context = { ...context, log };
    const beginMs = configuration.simulation.backfillFromMs ?? 1000 * cluster.begunS;
    const groundTruth = new GroundTruth(fleet, timeline, store.database);
    this.#truth = { fleet, clock, timeline, groundTruth };
    const mqtt = new MqttSink(this.#brokerAddress(), configuration.mqtt.qos, false);
    const recorder = new TruthRecorder(this.#truth, this, log);
    const running: Promise<void>[] = [recorder.run(this.#end.signal, beginMs)];
    for (const each of taken) {
      const sink = this.#sinkOf(each, mqtt);
      const delivery = sink && this.#delivery(sink, fleet, beginMs);
      const line = { taken: each, delivery, noted: undefined, saved: NOTHING };
      this.#lines.set(each.sink, { ...line, savedAtMs: performance.now() });
      if (sink) this.#sinks.push(sink);
    }
    for (const { delivery } of this.#lines.values()) if (delivery) running.push(delivery.run());
    if (configuration.mqtt.isGroundTruthPublished)
      running.push(new TruthPublisher(this.#truth, mqtt, log).run(this.#end.signal));
    this.finished = Promise.all(running).then(() => undefined);
  }

  /** Whether somebody else owns it by now. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** How it stands and what it has done since {@link ShardRun.reported}. */
  reports(): ShardReport[] {
    return [...this.#lines.values()].map((line) => {
      const { taken, noted, delivery, saved, savedAtMs } = line;
      const { shard, sink, token } = taken;
      const figures = delivery?.figures;
      const now = figures ?? NOTHING;
      const readings = now.readings - saved.readings;
      return {
        shard,
        sink,
        token,
        watermark: noted,
        readings,
        messages: now.messages - saved.messages,
        bytes: now.bytes - saved.bytes,
        failures: now.failures - saved.failures,
        reconnects: now.reconnects - saved.reconnects,
        readingsPerS: (1000 * readings) / Math.max(1, performance.now() - savedAtMs),
        isConnected: figures === undefined || (figures.isConnected && !figures.problems.length),
        lastError: figures?.problems[0]?.reason ?? figures?.lastError,
      };
    });
  }

  /** Takes note that reports are on record, which proves that it is ours. */
  reported(reports: readonly ShardReport[], atMs: number): void {
    for (const { shard, sink, ...done } of reports) {
      const line = this.#lines.get(sink);
      if (shard !== this.shard || !line) continue;
      const { saved } = line;
      line.saved = {
        readings: saved.readings + done.readings,
        messages: saved.messages + done.messages,
        bytes: saved.bytes + done.bytes,
        failures: saved.failures + done.failures,
        reconnects: saved.reconnects + done.reconnects,
      };
      line.savedAtMs = atMs;
      this.#provenMs = atMs;
    }
  }

  /** Goes on with another fleet after an instant that no reader has passed. */
  follow(fleet: Fleet, fromMs: number): void {
    this.#truth.fleet = fleet;
    this.#truth.groundTruth.follow(fleet);
    for (const { delivery } of this.#lines.values()) delivery?.follow(fleet, fromMs);
  }

  /** Lets sinks take what is in flight, and ends them. */
  async stop(): Promise<void> {
    this.#end.abort();
    const deliveries = [...this.#lines.values()].flatMap(({ delivery }) => delivery ?? []);
    await Promise.all(deliveries.map((each, i) => stopDelivery(each, this.#sinks[i] as Sink)));
    await this.finished;
  }

  /** Ends it in the middle of whatever it does, since somebody else goes on. */
  async lose(): Promise<void> {
    this.#isLost = true;
    this.#end.abort();
    await Promise.all(this.#sinks.map((sink) => sink.close()));
    await this.stop();
  }

  /** Where the owner before has left it. */
  async load(sinkName: string): Promise<Watermark | undefined> {
    return this.#lines.get(sinkName)?.taken.watermark;
  }

  /** Notes how far a sink is, until the worker puts it on record. */
  async save(sinkName: string, watermark: Watermark): Promise<void> {
    const line = this.#lines.get(sinkName);
    if (line) line.noted = watermark;
  }

  #brokerAddress(): BrokerAddress {
    const broker = this.#context.configuration.mqtt.external as BrokerAddress;
    return { ...broker, clientId: `${broker.clientId}-${this.shard}` };
  }

  #sinkOf(taken: TakenShard, mqtt: MqttSink): (Sink & Connection) | undefined {
    const { database } = this.#context.configuration;
    if (taken.sink === 'mqtt') return this.#fenced(mqtt);
    if (taken.sink !== 'postgres') return undefined;
    const server = clientConfig(database.server as DatabaseServer);
    const watermarkSql = (timeMs: number) => saveShardSql(taken, timeMs);
    const { log } = this.#context;
    const onRemark = (remark: string) => log.warn({ sink: 'postgres' }, remark);
    return this.#fenced(new PostgresSink({ server, watermarkSql, onRemark }));
  }

  /**
   * A process that was suspended does not know that it was: before it writes anything after a
   * while without proof that the shard is its own, it asks.
   */
  #fenced(sink: Sink & Connection): Sink & Connection {
    return new FencedSink(sink, async () => {
      if (performance.now() - this.#provenMs > LEASE_MS) await this.#context.confirm();
      if (this.#isLost) throw new Error(`shard ${this.shard} is another worker's by now`);
    });
  }

  #delivery(sink: Sink & Connection, fleet: Fleet, beginMs: number): Delivery {
    const { configuration, membership, log } = this.#context;
    const { timeline, gapLog, cluster } = membership;
    const { catchUpMs, catchUpRate, statusIntervalS } = configuration;
    return new Delivery({
      fleet,
      sink,
      clock: timeline.clock,
      horizonMs: () => timeline.horizonMs(),
      watermarks: this,
      log,
      onGap: (gap) => gapLog.add(gap),
      catchUpMs,
      // The rate is what the broker's subscribers take, whoever publishes.
      catchUpRate: sink.name === 'mqtt' ? Math.ceil(catchUpRate / cluster.shards) : 0,
      beginMs,
      statusIntervalS,
    });
  }
}

/** A log that says which shard it is about, until that ends: what breaks then is meant to. */
function logOf(shard: number, log: Log, end: AbortSignal): Log {
  return {
    info: (fields, message) => end.aborted || log.info({ shard, ...fields }, message),
    warn: (fields, message) => end.aborted || log.warn({ shard, ...fields }, message),
  };
}
