/** How far a sink has been delivered to. */
export interface Watermark {
  /** The simulated instant up to which it has everything [ms]. */
  readonly timeMs: number;
  /** The present when it began: what lies before is history that it was to have in full [ms]. */
  readonly liveFromMs: number;
}

/** How far each sink has been delivered to, kept so that a restart goes on there. */
export interface Watermarks {
  /** None: the sink has nothing yet. */
  load(sinkName: string): Promise<Watermark | undefined>;
  /** Saves how far a sink is; when it became live stays as it was saved first. */
  save(sinkName: string, watermark: Watermark): Promise<void>;
}

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
