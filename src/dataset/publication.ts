import type { Batch } from '../core/batch.ts';
import type { Clock } from '../core/clock.ts';
import type { Machine } from '../core/factory.ts';
import type { DeliveredSink } from '../core/sink.ts';
import { Delivery } from '../delivery/delivery.ts';
import { MemoryWatermarks } from '../delivery/watermarks.ts';
import type { Log } from '../runtime/log.ts';
import type { Fleet } from '../simulation/fleet.ts';
import type { RowReader } from '../simulation/reader.ts';
import type { WindowRequest } from './request.ts';
import { deliveryReader, tableRows } from './window-reader.ts';

/** Options for publishing a window. */
export interface PublicationOptions {
  /** Closed at the end. */
  readonly sink: DeliveredSink;
  /** Determines when rows are due: {@link AT_ONCE}, or a running clock. */
  readonly clock: Clock;
  /** Shift of all times [ms]; the clock shows shifted times. */
  readonly shiftMs?: number;
  readonly statusIntervalS: number;
  /** Messages per second while the clock is ahead of the sink; 0: no limit. */
  readonly catchUpRate: number;
  readonly log: Log;
  /** Called after each batch with its number of table rows. */
  readonly onRows: (rows: number) => void;
  readonly signal: AbortSignal;
}

/** A clock at which everything is due, so that only the sink limits the pace. */
export const AT_ONCE: Clock = {
  speed: Number.POSITIVE_INFINITY,
  nowMs: () => Number.POSITIVE_INFINITY,
  until: async () => {},
};

/**
 * Publishes the readings that are delivered in a window, and statuses, each machine's status first.
 * While the sink is unreachable it retries; nothing is skipped.
 *
 * @returns The instant, in unshifted time, up to which the sink accepted everything [ms].
 */
export async function publishWindow(
  request: WindowRequest,
  fleet: Fleet,
  options: PublicationOptions,
): Promise<number> {
  const { sink, clock, shiftMs = 0, statusIntervalS, catchUpRate, log, onRows, signal } = options;
  const reader = deliveryReader(request, fleet, statusIntervalS);
  const delivery = new Delivery({
    fleet,
    reader: new PublishedReader(reader, shiftMs, onRows),
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
    // An unreachable sink accepts nothing; closing it ends the wait.
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

/** Wraps a reader, shifts all times by the same span, and counts the table rows. */
class PublishedReader implements RowReader {
  readonly #reader: RowReader;
  readonly #shiftMs: number;
  readonly #onRows: (rows: number) => void;

  /** @param shiftMs - A multiple of every machine's interval keeps the times on their grids. */
  constructor(reader: RowReader, shiftMs: number, onRows: (rows: number) => void) {
    this.#reader = reader;
    this.#shiftMs = shiftMs;
    this.#onRows = onRows;
  }

  get timeMs(): number {
    return this.#reader.timeMs + this.#shiftMs;
  }

  seek(timeMs: number, announce?: boolean): void {
    this.#reader.seek(timeMs - this.#shiftMs, announce);
  }

  announce(): void {
    this.#reader.announce();
  }

  seeking(timeMs: number, announce?: boolean): Iterable<undefined> {
    return this.#reader.seeking(timeMs - this.#shiftMs, announce);
  }

  read(untilMs: number, batch: Batch): boolean {
    const start = batch.length;
    const isDone = this.#reader.read(untilMs - this.#shiftMs, batch);
    for (const times of new Set([batch.timesMs, batch.toldMs, batch.receivedMs]))
      for (let row = start; row < batch.length; row++)
        times[row] = (times[row] as number) + this.#shiftMs;
    batch.untilMs = this.timeMs;
    this.#onRows(tableRows(batch));
    return isDone;
  }
}

/**
 * The shift that makes a window begin at an instant, or as shortly before it as the grids of all
 * machines allow [ms].
 */
export function shiftTo(nowMs: number, fromMs: number, machines: readonly Machine[]): number {
  const gridMs = machines.reduce((ms, { intervalMs }) => leastMultiple(ms, intervalMs), 1);
  return Math.floor((nowMs - fromMs) / gridMs) * gridMs;
}

/** The least common multiple of two whole numbers. */
function leastMultiple(a: number, b: number): number {
  let [greater, rest] = [a, b];
  while (rest > 0) [greater, rest] = [rest, greater % rest];
  return (a / greater) * b;
}
