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

/**
 * Watermarks that never lie in the future. A sink that already has readings later than the current
 * time receives the readings from now on again, rather than waiting until they are due again.
 *
 * @param nowMs - Simulated time.
 */
export function presentWatermarks(watermarks: Watermarks, nowMs: () => number): Watermarks {
  return {
    async load(sinkName) {
      const saved = await watermarks.load(sinkName);
      const presentMs = Math.floor(nowMs() / 1000) * 1000;
      if (!saved || saved.timeMs <= presentMs) return saved;
      return { timeMs: presentMs, liveFromMs: Math.min(saved.liveFromMs, presentMs) };
    },
    save: (sinkName, watermark) => watermarks.save(sinkName, watermark),
  };
}

/**
 * Watermarks of a delivery that does not carry the whole fleet at once: one of its own, and under
 * the sink's own name how far everything is. So a delivery of another kind, or of another number of
 * parts, leaves nothing out.
 */
class PartialWatermarks implements Watermarks {
  readonly #watermarks: Watermarks;
  readonly #nameOf: (sinkName: string) => string;
  readonly #wholeOf: (sinkName: string, own: Watermark) => Watermark | undefined;

  /**
   * @param nameOf - The name of its own watermark.
   * @param wholeOf - How far everything is, given its own; none as long as that is not known.
   */
  constructor(
    watermarks: Watermarks,
    nameOf: (sinkName: string) => string,
    wholeOf: (sinkName: string, own: Watermark) => Watermark | undefined,
  ) {
    this.#watermarks = watermarks;
    this.#nameOf = nameOf;
    this.#wholeOf = wholeOf;
  }

  /** The later of both; readings between the two may be delivered a second time. */
  async load(sinkName: string): Promise<Watermark | undefined> {
    const whole = await this.#watermarks.load(sinkName);
    const own = await this.#watermarks.load(this.#nameOf(sinkName));
    return whole && own && own.timeMs > whole.timeMs ? own : whole;
  }

  async save(sinkName: string, own: Watermark): Promise<void> {
    await this.#watermarks.save(this.#nameOf(sinkName), own);
    const whole = this.#wholeOf(sinkName, own);
    if (whole) await this.#watermarks.save(sinkName, whole);
  }
}

/**
 * Watermarks of a spread delivery. The sink has everything up to the longest lag before the instant
 * that the spread has reached.
 *
 * @param longestLagMs - The longest that any reading waits to be published now.
 */
export function spreadWatermarks(watermarks: Watermarks, longestLagMs: () => number): Watermarks {
  return new PartialWatermarks(
    watermarks,
    (sinkName) => `${sinkName}, spread`,
    (_, { timeMs, liveFromMs }) => ({ timeMs: timeMs - longestLagMs(), liveFromMs }),
  );
}

/** Watermarks of deliveries that share a fleet's machines out, by share: together, the earliest. */
export function sharedWatermarks(watermarks: Watermarks, count: number): readonly Watermarks[] {
  const saved = new Map<string, (Watermark | undefined)[]>();
  const earliestOf = (index: number) => (sinkName: string, own: Watermark) => {
    const all = saved.get(sinkName) ?? new Array<undefined>(count).fill(undefined);
    saved.set(sinkName, all);
    all[index] = own;
    const known = all.flatMap((each) => each ?? []);
    if (known.length < count) return undefined;
    return known.reduce((a, b) => (b.timeMs < a.timeMs ? b : a));
  };
  return Array.from({ length: count }, (_, index) => {
    const nameOf = (sinkName: string) => `${sinkName}, share ${index + 1} of ${count}`;
    return new PartialWatermarks(watermarks, nameOf, earliestOf(index));
  });
}
