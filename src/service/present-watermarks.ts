import type { Watermark, Watermarks } from '../core/sink.ts';

/**
 * Watermarks that never lie in the future. A sink that already has readings later than the current
 * time receives the readings from now on again, rather than waiting until they are due again.
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
