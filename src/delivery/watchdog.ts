import type { Batch } from '../core/batch.ts';
import type { Sink, SinkObserver } from '../core/sink.ts';
import { type Outages, StallError } from './outages.ts';
import type { Refusals } from './refusals.ts';

/** Checks of a write during the time that it may take without progress. */
const LOOKS = 30;

/**
 * Watches the writes of one sink. A write in which nothing is acknowledged for too long is aborted,
 * whether it waits for a connection, an answer, a lock or a socket.
 */
export class Watchdog implements SinkObserver {
  readonly #sink: Sink;
  readonly #stallMs: number;
  readonly #outages: Outages;
  readonly #refusals: Refusals;
  #steps = 0;

  /** @param stallMs - How long a write may take without any progress. */
  constructor(sink: Sink, stallMs: number, outages: Outages, refusals: Refusals) {
    this.#sink = sink;
    this.#stallMs = stallMs;
    this.#outages = outages;
    this.#refusals = refusals;
    sink.observe?.(this);
  }

  get refusedTopics(): ReadonlySet<string> {
    return this.#refusals.topics;
  }

  progress(): void {
    this.#steps++;
  }

  refused(topic: string, reason: string): void {
    this.#refusals.add(topic, reason);
  }

  accepted(topic: string): void {
    this.#refusals.accept(topic);
  }

  lost(error: Error): void {
    this.#outages.lost(error);
  }

  /**
   * Writes a batch to the sink.
   *
   * @throws StallError if nothing happens for too long; whatever the sink throws.
   */
  async write(batch: Batch): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const stalled = new Promise<never>((_, reject) => {
      let steps = this.#steps;
      let idleLooks = 0;
      const look = () => {
        if (steps !== this.#steps) idleLooks = 0;
        steps = this.#steps;
        // Count checks rather than time: this process itself may have been suspended.
        if (++idleLooks <= LOOKS) return;
        clearInterval(timer);
        const error = new StallError(this.#stallMs, this.#sink.address);
        reject(error);
        this.#sink.reset?.(error);
      };
      timer = setInterval(look, this.#stallMs / LOOKS).unref();
    });
    try {
      await Promise.race([this.#sink.write(batch), stalled]);
    } finally {
      clearInterval(timer);
    }
  }
}
