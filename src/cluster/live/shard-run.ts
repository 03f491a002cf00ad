import type { Configuration } from '../../config/configuration.ts';
import type { DeliveredSink, Watermark, Watermarks } from '../../core/sink.ts';
import { Delivery, type DeliveryFigures } from '../../delivery/delivery.ts';
import type { Log } from '../../runtime/log.ts';
import { type OpenedOutput, openOutputs, stopDelivery } from '../../service/deliveries.ts';
import { GroundTruth, type TruthSource } from '../../service/ground-truth.ts';
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

/** Opens the outputs of a shard that was taken. */
export function openShardOutputs(
  taken: readonly TakenShard[],
  { configuration, log }: ShardContext,
): Promise<readonly OpenedOutput[]> {
  return openOutputs(configuration.outputs, {
    log,
    part: String(taken[0]?.shard),
    watermarkSql: (sinkName, timeMs) =>
      saveShardSql(taken.find(({ sink }) => sink === sinkName) as TakenShard, timeMs),
  });
}

/** Figures that only grow, as they were when they were last on record. */
type Totals = Pick<DeliveryFigures, 'readings' | 'messages' | 'bytes' | 'failures' | 'reconnects'>;

const NOTHING: Totals = { readings: 0, messages: 0, bytes: 0, failures: 0, reconnects: 0 };

/** One sink of a shard: the right to it, and what of it is not on record yet. */
interface ShardSink {
  readonly taken: TakenShard;
  /** None for the ground truth, which goes to the database. */
  readonly sink: DeliveredSink | undefined;
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
  readonly #sinks: ReadonlyMap<string, ShardSink>;
  readonly #end = new AbortController();
  readonly #truth: TruthSource & { fleet: Fleet };
  readonly #context: ShardContext;
  #provenMs = performance.now();
  #isLost = false;

  constructor(
    taken: readonly TakenShard[],
    opened: readonly OpenedOutput[],
    fleet: Fleet,
    context: ShardContext,
  ) {
    const { configuration, membership, log } = context;
    const { timeline, store, cluster } = membership;
    this.shard = (taken[0] as TakenShard).shard;
    this.#context = { ...context, log: logOf(this.shard, log, this.#end.signal) };
    const beginMs = configuration.simulation.backfillFromMs ?? 1000 * cluster.begunS;
    const groundTruth = new GroundTruth(fleet, timeline, store.database);
    this.#truth = { fleet, clock: timeline.clock, timeline, groundTruth };
    const sinks = new Map(
      opened.flatMap(({ output, open }) =>
        open.sinks.map((sink) => [sink.name, { output, sink }] as const),
      ),
    );
    this.#sinks = new Map(
      taken.map((each): [string, ShardSink] => {
        const { sink, output } = sinks.get(each.sink) ?? {};
        const fenced = sink && this.#fenced(sink);
        const delivery = fenced && output && this.#delivery(fenced, fleet, beginMs, output.isPaced);
        const savedAtMs = performance.now();
        const saved = { noted: undefined, saved: NOTHING, savedAtMs };
        return [each.sink, { taken: each, sink: fenced, delivery, ...saved }];
      }),
    );
    const { signal } = this.#end;
    const recorder = new TruthRecorder(this.#truth, this, this.#context.log);
    const running: Promise<void>[] = [recorder.run(signal, beginMs)];
    for (const { delivery } of this.#sinks.values()) if (delivery) running.push(delivery.run());
    for (const { open } of opened)
      if (open.truth)
        running.push(new TruthPublisher(this.#truth, open.truth, this.#context.log).run(signal));
    this.finished = Promise.all(running).then(() => undefined);
  }

  /** Whether somebody else owns it by now. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** How it stands and what it has done since {@link ShardRun.confirmReports}. */
  reports(): ShardReport[] {
    return [...this.#sinks.values()].map((entry) => {
      const { taken, noted, delivery, saved, savedAtMs } = entry;
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
  confirmReports(reports: readonly ShardReport[], atMs: number): void {
    for (const { shard, sink, ...done } of reports) {
      const entry = this.#sinks.get(sink);
      if (shard !== this.shard || !entry) continue;
      const { saved } = entry;
      entry.saved = {
        readings: saved.readings + done.readings,
        messages: saved.messages + done.messages,
        bytes: saved.bytes + done.bytes,
        failures: saved.failures + done.failures,
        reconnects: saved.reconnects + done.reconnects,
      };
      entry.savedAtMs = atMs;
      this.#provenMs = atMs;
    }
  }

  /** Goes on with another fleet after an instant that no reader has passed. */
  follow(fleet: Fleet, fromMs: number): void {
    this.#truth.fleet = fleet;
    this.#truth.groundTruth.follow(fleet);
    for (const { delivery } of this.#sinks.values()) delivery?.follow(fleet, fromMs);
  }

  /** Lets sinks take what is in flight, and ends them. */
  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.all(
      [...this.#sinks.values()].map(({ delivery, sink }) =>
        delivery && sink ? stopDelivery(delivery, sink) : undefined,
      ),
    );
    await this.finished;
  }

  /** Ends it in the middle of whatever it does, since somebody else goes on. */
  async lose(): Promise<void> {
    this.#isLost = true;
    this.#end.abort();
    await Promise.all([...this.#sinks.values()].map(({ sink }) => sink?.close()));
    await this.stop();
  }

  /** Where the owner before has left it. */
  async load(sinkName: string): Promise<Watermark | undefined> {
    return this.#sinks.get(sinkName)?.taken.watermark;
  }

  /** Notes how far a sink is, until the worker puts it on record. */
  async save(sinkName: string, watermark: Watermark): Promise<void> {
    const entry = this.#sinks.get(sinkName);
    if (entry) entry.noted = watermark;
  }

  /**
   * A process that was suspended does not know that it was: before it writes anything after a
   * while without proof that the shard is its own, it asks.
   */
  #fenced(sink: DeliveredSink): DeliveredSink {
    return new FencedSink(sink, async () => {
      if (performance.now() - this.#provenMs > LEASE_MS) await this.#context.confirm();
      if (this.#isLost) throw new Error(`shard ${this.shard} is another worker's by now`);
    });
  }

  #delivery(sink: DeliveredSink, fleet: Fleet, beginMs: number, isPaced: boolean): Delivery {
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
      // The rate is what the subscribers of all shards take.
      catchUpRate: isPaced ? Math.ceil(catchUpRate / cluster.shards) : 0,
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
