import type { Watermark, Watermarks } from '../core/sink.ts';

/**
 * Watermarks of what is published spread out. How far the spread has come is not how far the sink
 * has everything: that is the longest lag earlier, and is what is kept under the sink's own name,
 * so that whoever goes on without a spread leaves nothing out.
 */
export class SpreadWatermarks implements Watermarks {
  readonly #watermarks: Watermarks;
  readonly #longestLagMs: () => number;

  /** @param longestLagMs - How long any reading waits to be published now. */
  constructor(watermarks: Watermarks, longestLagMs: () => number) {
    this.#watermarks = watermarks;
    this.#longestLagMs = longestLagMs;
  }

  /** The later of both: readings of the last interval before it may come a second time. */
  async load(sinkName: string): Promise<Watermark | undefined> {
    const whole = await this.#watermarks.load(sinkName);
    const spread = await this.#watermarks.load(spreadName(sinkName));
    return whole && spread && spread.timeMs > whole.timeMs ? spread : whole;
  }

  async save(sinkName: string, watermark: Watermark): Promise<void> {
    const { timeMs, liveFromMs } = watermark;
    await this.#watermarks.save(spreadName(sinkName), watermark);
    await this.#watermarks.save(sinkName, { timeMs: timeMs - this.#longestLagMs(), liveFromMs });
  }
}

function spreadName(sinkName: string): string {
  return `${sinkName}, spread`;
}
