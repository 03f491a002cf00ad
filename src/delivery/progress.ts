import type { Log } from './log.ts';
import type { Watermark, Watermarks } from './watermarks.ts';

/** The watermark is saved no more often than this; a crash delivers so much twice [ms]. */
const SAVE_EVERY_MS = 1000;

/** How far a sink has been delivered to, and how far that is on record. */
export class Progress {
  /** The simulated instant up to which the sink has everything [ms]; NaN before it begins. */
  deliveredMs = Number.NaN;
  /** The present when the sink began [ms]. */
  liveFromMs = Number.NaN;
  readonly #sinkName: string;
  readonly #watermarks: Watermarks;
  readonly #log: Log;
  #savedMs = Number.NaN;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #isFailing = false;

  constructor(sinkName: string, watermarks: Watermarks, log: Log) {
    this.#sinkName = sinkName;
    this.#watermarks = watermarks;
    this.#log = log;
  }

  /** Takes note of what the sink has; it has no less afterwards. */
  reach(timeMs: number): void {
    this.deliveredMs = Math.max(this.deliveredMs, timeMs);
  }

  load(): Promise<Watermark | undefined> {
    return this.#watermarks.load(this.#sinkName);
  }

  /** Saves it if that is due, or if it is the last time; should it fail, the next time will do. */
  async save(isLast: boolean): Promise<void> {
    const nowMs = performance.now();
    const isDue = isLast || nowMs - this.#triedAtMs >= SAVE_EVERY_MS;
    if (!isDue || Object.is(this.deliveredMs, this.#savedMs)) return;
    this.#triedAtMs = nowMs;
    const sink = this.#sinkName;
    const { deliveredMs, liveFromMs } = this;
    try {
      await this.#watermarks.save(sink, { timeMs: deliveredMs, liveFromMs });
      this.#savedMs = deliveredMs;
      if (this.#isFailing) this.#log.info({ sink }, `${sink}: the watermark is saved again`);
      this.#isFailing = false;
    } catch (error) {
      const fields = { sink, reason: String(error) };
      if (!this.#isFailing)
        this.#log.warn(fields, `${sink}: the watermark cannot be saved; trying again`);
      this.#isFailing = true;
    }
  }
}
