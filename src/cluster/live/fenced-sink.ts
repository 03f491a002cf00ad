import type { Batch } from '../../core/batch.ts';
import type { DeliveredSink, SinkObserver } from '../../core/sink.ts';

/** A sink that only the owner of its shard may write to. */
export class FencedSink implements DeliveredSink {
  readonly name: string;
  readonly batchRows?: number;
  readonly #sink: DeliveredSink;
  readonly #prove: () => Promise<void>;

  /** @param prove - Rejects unless it is certain that the shard has no other owner. */
  constructor(sink: DeliveredSink, prove: () => Promise<void>) {
    this.name = sink.name;
    if (sink.batchRows !== undefined) this.batchRows = sink.batchRows;
    this.#sink = sink;
    this.#prove = prove;
  }

  get isConnected(): boolean {
    return this.#sink.isConnected;
  }

  get connectionCount(): number {
    return this.#sink.connectionCount;
  }

  get bytesWritten(): number {
    return this.#sink.bytesWritten;
  }

  observe(observer: SinkObserver): void {
    this.#sink.observe?.(observer);
  }

  reset(reason: Error): void {
    this.#sink.reset?.(reason);
  }

  async write(batch: Batch): Promise<void> {
    await this.#prove();
    await this.#sink.write(batch);
  }

  close(): Promise<void> {
    return this.#sink.close();
  }
}
