import type { Batch } from '../core/batch.ts';
import type { DeliveredSink, Sink } from '../core/sink.ts';
import { Delivery, type DeliveryOptions } from '../delivery/delivery.ts';
import type { RunningDelivery } from '../delivery/figures.ts';
import { pacing } from '../delivery/pace.ts';
import type { OpenOutput, OutputContext, WantedOutput } from '../outputs/output.ts';
import type { LocalEventLog } from './event-log.ts';
import { ReaderProcesses } from './reader-processes.ts';

/** A sink and the delivery that brings readings to it. */
export interface DeliveryLine {
  readonly sink: DeliveredSink;
  readonly delivery: RunningDelivery;
}

/** A configured output that has been opened. */
export interface OpenedOutput extends WantedOutput {
  readonly open: OpenOutput;
}

/** What all deliveries of this process have in common. */
export interface DeliveriesOptions
  extends Omit<DeliveryOptions, 'sink' | 'horizonMs' | 'onRead' | 'isSpread' | 'reader'> {
  readonly statusIntervalS: number;
  readonly eventLog: LocalEventLog;
  /** Whether publishing is spread over each machine's interval. */
  readonly isSpread: boolean;
  /** Number of processes that divide the machines among them; 1: only this one. */
  readonly readers: number;
  /** Called with the batches read for the first sink, if this process reads them. */
  readonly onRead: ((batch: Batch) => void) | undefined;
}

/**
 * Opens all outputs, or none if one of them fails.
 *
 * @param owned - Settles when the store is this simulator's; only internal outputs open before.
 * @throws ConfigError, and whatever `owned` rejects with.
 */
export async function openOutputs(
  wanted: readonly WantedOutput[],
  context: OutputContext,
  owned?: Promise<unknown>,
): Promise<readonly OpenedOutput[]> {
  const opened: OpenedOutput[] = [];
  try {
    for (const { output, options } of wanted) {
      if (!output.isInternal?.(options)) await owned;
      opened.push({ output, options, open: await output.open(options, context) });
    }
    await owned;
    return opened;
  } catch (error) {
    await closeUnused(opened);
    throw error;
  }
}

/** Closes outputs that no delivery uses, with their sinks. */
export async function closeUnused(opened: readonly OpenedOutput[]): Promise<void> {
  await Promise.all(opened.flatMap(({ open }) => open.sinks).map((sink) => sink.close()));
  await closeOutputs(opened);
}

/** Closes outputs after their sinks have been closed. */
export async function closeOutputs(opened: readonly OpenedOutput[]): Promise<void> {
  await Promise.all(opened.map(({ open }) => open.close?.()));
}

/** Creates a delivery for each sink, in this process or in reader processes. */
export function deliver(
  opened: readonly OpenedOutput[],
  options: DeliveriesOptions,
): readonly DeliveryLine[] {
  const { eventLog, onRead, ...common } = options;
  const isElsewhere = ({ output }: WantedOutput) => options.readers > 1 && output.isShared;
  const shared = opened.filter(isElsewhere);
  const processes =
    shared.length > 0
      ? new ReaderProcesses({
          ...options,
          count: options.readers,
          outputs: shared.map(({ output, open }) => [output.name, open.readerOptions]),
          sinkNames: shared.flatMap(({ open }) => open.sinks.map(({ name }) => name)),
        })
      : undefined;
  return opened.flatMap((each, i) =>
    each.open.sinks.map((sink, j): DeliveryLine => {
      if (processes && isElsewhere(each))
        return { sink, delivery: processes.deliveryTo(sink.name) };
      const isShown = onRead && i === 0 && j === 0;
      const delivery = new Delivery({
        ...common,
        sink,
        ...pacing(each.output, options, () => eventLog.closedMs()),
        ...(isShown && { onRead }),
      });
      return { sink, delivery };
    }),
  );
}

/** Lets a sink take what is in flight, then closes it; an unreachable sink is closed at once. */
export async function stopDelivery(
  delivery: Pick<RunningDelivery, 'figures' | 'stop'>,
  sink: Sink,
): Promise<void> {
  const delivered = delivery.stop();
  if (!delivery.figures.isConnected) await sink.close();
  await delivered;
  await sink.close();
}
