import type { Batch } from '../core/batch.ts';
import type { Clock } from '../core/clock.ts';
import type { DeliveredSink } from '../core/sink.ts';
import { Delivery } from '../delivery/delivery.ts';
import { MemoryWatermarks } from '../delivery/watermarks.ts';
import type { Log } from '../runtime/log.ts';
import type { RowReader } from '../simulation/reader.ts';
import { fleetOf, type WindowRequest } from './request.ts';
import { ShiftedReader } from './shifted-reader.ts';
import { tableRows, windowReader } from './window-reader.ts';

/** How a window is published. */
export interface PublicationOptions {
  /** Closed at the end. */
  readonly sink: DeliveredSink;
  /** What has fallen due by it is published: {@link AT_ONCE}, or a clock that runs. */
  readonly clock: Clock;
  /** By how much all times are moved [ms]; the clock shows moved times. */
  readonly shiftMs?: number;
  readonly statusIntervalS: number;
  /** Messages a second while the clock is ahead of the sink; 0: no limit. */
  readonly catchUpRate: number;
  readonly log: Log;
  /** Is told of every batch how many rows its readings have in tables. */
  readonly onRows: (rows: number) => void;
  readonly signal: AbortSignal;
}

/** A clock by which everything has fallen due, so that the sink alone sets the pace. */
export const AT_ONCE: Clock = {
  speed: Number.POSITIVE_INFINITY,
  nowMs: () => Number.POSITIVE_INFINITY,
  until: async () => {},
};

/**
 * Publishes the readings and statuses of a window, each machine's status first. A sink that is away
 * is tried again until it is there, and nothing is left out.
 *
 * @returns Up to which instant, in the window's own time, everything was taken [ms].
 */
export async function publishWindow(
  request: WindowRequest,
  options: PublicationOptions,
): Promise<number> {
  const { sink, clock, shiftMs = 0, statusIntervalS, catchUpRate, log, onRows, signal } = options;
  const fleet = fleetOf(request, 'actual');
  const reader = new ShiftedReader(windowReader(request, fleet, { statusIntervalS }), shiftMs);
  const delivery = new Delivery({
    fleet,
    reader: counted(reader, onRows),
    sink,
    clock,
    horizonMs: () => clock.nowMs(),
    watermarks: new MemoryWatermarks(),
    log,
    catchUpMs: Number.POSITIVE_INFINITY,
    catchUpRate,
    beginMs: request.fromMs + shiftMs,
    endMs: request.toMs + shiftMs,
    statusIntervalS,
  });
  const stop = async () => {
    const stopped = delivery.stop();
    // A sink that is away takes nothing any more, and closing it ends the wait for it.
    if (!sink.isConnected) await sink.close();
    await stopped;
    await sink.close();
  };
  const stopOnSignal = () => void stop();
  if (signal.aborted) stopOnSignal();
  signal.addEventListener('abort', stopOnSignal);
  try {
    await delivery.run();
  } finally {
    signal.removeEventListener('abort', stopOnSignal);
    await sink.close();
  }
  return delivery.deliveredMs - shiftMs;
}

/** A reader that says what it reads. */
function counted(reader: RowReader, onRows: (rows: number) => void): RowReader {
  return {
    get timeMs() {
      return reader.timeMs;
    },
    seek: (timeMs, announce) => reader.seek(timeMs, announce),
    seeking: (timeMs, announce) => reader.seeking(timeMs, announce),
    read(untilMs: number, batch: Batch) {
      const isDone = reader.read(untilMs, batch);
      onRows(tableRows(batch));
      return isDone;
    },
  };
}
