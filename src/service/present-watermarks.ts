import type { Watermark, Watermarks } from '../core/sink.ts';

/**
 * Watermarks of which none lies in the future: a sink that was given readings later than the clock
 * tells gets those from the present on once more, rather than wait until they are due again.
 */
export class PresentWatermarks implements Watermarks {
  readonly #watermarks: Watermarks;
  readonly #nowMs: () => number;

  /** @param nowMs - Simulated time. */
  constructor(watermarks: Watermarks, nowMs: () => number) {
    this.#watermarks = watermarks;
    this.#nowMs = nowMs;
  }

  async load(sinkName: string): Promise<Watermark | undefined> {
    const saved = await this.#watermarks.load(sinkName);
    const nowMs = Math.floor(this.#nowMs() / 1000) * 1000;
    if (!saved || saved.timeMs <= nowMs) return saved;
    return { timeMs: nowMs, liveFromMs: Math.min(saved.liveFromMs, nowMs) };
  }

  save(sinkName: string, watermark: Watermark): Promise<void> {
    return this.#watermarks.save(sinkName, watermark);
  }
}
