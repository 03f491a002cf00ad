import type { Configuration } from '../../config/configuration.ts';
import type { DeliveredSink, Watermark, Watermarks } from '../../core/sink.ts';
import { Delivery, type DeliveryFigures } from '../../delivery/delivery.ts';
import { pacing } from '../../delivery/pace.ts';
import type { Output } from '../../outputs/output.ts';
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

/** What a running shard needs from its worker. */
export interface ShardContext {
  readonly configuration: Configuration;
  readonly membership: Membership;
  readonly log: Log;
  /** Asks the database who owns each shard, and stops the shards that were lost. */
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

/** Counters, as they were when last saved. */
type Totals = Pick<DeliveryFigures, 'readings' | 'messages' | 'bytes' | 'failures' | 'reconnects'>;

const NOTHING: Totals = { readings: 0, messages: 0, bytes: 0, failures: 0, reconnects: 0 };

/** One sink of a shard: the token for it, and what is not saved yet. */
interface ShardSink {
  readonly taken: TakenShard;
  /** Undefined for the ground truth, which goes to the database. */
  readonly sink: DeliveredSink | undefined;
  readonly delivery: Delivery | undefined;
  noted: Watermark | undefined;
  saved: Totals;
  savedAtMs: number;
}

/**
 * One shard while this process delivers it: its sinks, each with its own connection, and the
 * ground truth of its machines. Watermarks are collected here; the worker saves those of all its
 * shards at once.
 */
export class ShardRun implements Watermarks {
  readonly shard: number;
  /** Settles when it has stopped; rejects if the simulation itself fails. */
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
    const { eventLog, store, cluster } = membership;
    this.shard = (taken[0] as TakenShard).shard;
    this.#context = { ...context, log: logOf(this.shard, log, this.#end.signal) };
    const beginMs = configuration.simulation.backfillFromMs ?? 1000 * cluster.begunS;
    const groundTruth = new GroundTruth(fleet, eventLog, store.database);
    this.#truth = { fleet, clock: eventLog.clock, eventLog, groundTruth };
    const sinks = new Map(
      opened.flatMap(({ output, open }) =>
        open.sinks.map((sink) => [sink.name, { output, sink }] as const),
      ),
    );
    this.#sinks = new Map(
      taken.map((each): [string, ShardSink] => {
        const { sink, output } = sinks.get(each.sink) ?? {};
        const fenced = sink && this.#fenced(sink);
        const delivery = fenced && output && this.#delivery(fenced, output, fleet, beginMs);
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

  /** Whether another worker owns the shard now. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** The current state, and the counts since {@link ShardRun.confirmReports}. */
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

  /** Records that reports were saved, which proves that the shard is still ours. */
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

  /** Continues with another fleet after an instant that no reader has passed. */
  follow(fleet: Fleet, fromMs: number): void {
    this.#truth.fleet = fleet;
    this.#truth.groundTruth.follow(fleet);
    for (const { delivery } of this.#sinks.values()) delivery?.follow(fleet, fromMs);
  }

  /** Stops after the sinks have taken what is in flight. */
  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.all(
      [...this.#sinks.values()].map(({ delivery, sink }) =>
        delivery && sink ? stopDelivery(delivery, sink) : undefined,
      ),
    );
    await this.finished;
  }

  /** Stops immediately, because another worker continues. */
  async lose(): Promise<void> {
    this.#isLost = true;
    this.#end.abort();
    await Promise.all([...this.#sinks.values()].map(({ sink }) => sink?.close()));
    await this.stop();
  }

  /** The watermark that the previous owner saved. */
  async load(sinkName: string): Promise<Watermark | undefined> {
    return this.#sinks.get(sinkName)?.taken.watermark;
  }

  /** Keeps the watermark of a sink until the worker saves it. */
  async save(sinkName: string, watermark: Watermark): Promise<void> {
    const entry = this.#sinks.get(sinkName);
    if (entry) entry.noted = watermark;
  }

  /**
   * A process that was suspended does not notice it. So before it writes after some time without
   * proof that it still owns the shard, it asks.
   */
  #fenced(sink: DeliveredSink): DeliveredSink {
    return new FencedSink(sink, async () => {
      if (performance.now() - this.#provenMs > LEASE_MS) await this.#context.confirm();
      if (this.#isLost) throw new Error(`another worker owns shard ${this.shard} now`);
    });
  }

  #delivery(sink: DeliveredSink, output: Output, fleet: Fleet, beginMs: number): Delivery {
    const { configuration, membership, log } = this.#context;
    const { eventLog, gapLog, cluster } = membership;
    const { catchUpMs, statusIntervalS } = configuration;
    // The limit is for the subscribers of all shards together.
    const catchUpRate = Math.ceil(configuration.catchUpRate / cluster.shards);
    return new Delivery({
      fleet,
      sink,
      clock: eventLog.clock,
      ...pacing(output, { isSpread: false, catchUpRate }, () => eventLog.closedMs()),
      watermarks: this,
      log,
      onGap: (gap) => gapLog.add(gap),
      catchUpMs,
      beginMs,
      statusIntervalS,
    });
  }
}

/**
 * A log that adds the shard to each line. It is silent after the end, when failures are expected.
 */
function logOf(shard: number, log: Log, end: AbortSignal): Log {
  return {
    info: (fields, message) => end.aborted || log.info({ shard, ...fields }, message),
    warn: (fields, message) => end.aborted || log.warn({ shard, ...fields }, message),
  };
}
