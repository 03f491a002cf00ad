import type { Watermark, Watermarks } from '../core/sink.ts';

/** Watermarks that end with the process. */
export class MemoryWatermarks implements Watermarks {
  readonly #watermarks = new Map<string, Watermark>();

  async load(sinkName: string): Promise<Watermark | undefined> {
    return this.#watermarks.get(sinkName);
  }

  async save(sinkName: string, { timeMs, liveFromMs }: Watermark): Promise<void> {
    const first = this.#watermarks.get(sinkName)?.liveFromMs;
    this.#watermarks.set(sinkName, { timeMs, liveFromMs: first ?? liveFromMs });
  }
}
