import type { Batch } from '../core/batch.ts';
import type { Sink } from '../core/sink.ts';
import { Delivery, type DeliveryOptions } from '../delivery/delivery.ts';
import { LAG_STEP_MS, longestLagMs } from '../delivery/spread-reader.ts';
import { spreadWatermarks } from '../delivery/watermarks.ts';
import type { Connection } from '../outputs/connection.ts';
import type { BrokerAddress } from '../outputs/mqtt/client.ts';
import { Memo } from '../runtime/memo.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { ReaderProcesses } from './reader-processes.ts';
import type { Delivering } from './simulator.ts';
import type { Timeline } from './timeline.ts';

/** How readings get to the broker. */
export interface PublishingOptions
  extends Omit<DeliveryOptions, 'horizonMs' | 'onRead' | 'statusIntervalS'> {
  readonly timeline: Timeline;
  readonly sink: Sink & Connection;
  readonly statusIntervalS: number;
  /** Where the sink publishes to, for processes that connect there themselves. */
  readonly broker: BrokerAddress;
  readonly qos: 0 | 1 | 2;
  readonly isSpread: boolean;
  /** Processes that share the machines out; 1: this one does all. */
  readonly readers: number;
  /** Is shown what this process reads, if that is shown at all. */
  readonly onRead: ((batch: Batch) => void) | undefined;
  /** The fleet that there is now. */
  readonly fleetNow: () => Fleet;
}

/** Brings readings to the broker, until it is stopped. */
export interface Publishing extends Delivering {
  run(): Promise<void>;
  stop(): Promise<void>;
}

/** Lets a sink take what is in flight, and closes it; one that is away takes nothing any more. */
export async function stopDelivery(
  delivery: Pick<Publishing, 'figures' | 'stop'>,
  sink: Sink,
): Promise<void> {
  const delivered = delivery.stop();
  if (!delivery.figures.isConnected) await sink.close();
  await delivered;
  await sink.close();
}

/** Publishes from this process, or from several that share the machines out. */
export function publishing(options: PublishingOptions): Publishing {
  const { timeline, watermarks, isSpread, readers, onRead, fleetNow, ...others } = options;
  const horizonMs = isSpread
    ? () => Math.floor(timeline.closedMs() / LAG_STEP_MS) * LAG_STEP_MS
    : () => timeline.horizonMs();
  if (readers > 1) {
    const { fleet, clock, log, leaps, broker, qos, onGap = () => undefined } = options;
    const { statusIntervalS, catchUpMs, catchUpRate, beginMs } = options;
    const common = { broker, qos, isSpread, statusIntervalS, catchUpMs, catchUpRate, beginMs };
    const parts = { fleet, timeline, clock, horizonMs, watermarks, log, leaps, onGap };
    return new ReaderProcesses({ ...parts, count: readers, order: common });
  }
  const longest = new Memo(({ machines }: Fleet) => longestLagMs(machines));
  return new Delivery({
    ...others,
    horizonMs,
    isSpread,
    watermarks: isSpread ? spreadWatermarks(watermarks, () => longest.of(fleetNow())) : watermarks,
    ...(onRead && { onRead }),
  });
}
