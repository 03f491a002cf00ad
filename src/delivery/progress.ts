import type { Sink, Watermark, Watermarks } from '../core/sink.ts';
import { BackOff } from '../runtime/back-off.ts';
import { settledWithin, withDeadline } from '../runtime/deadline.ts';
import type { Log } from '../runtime/log.ts';
import { sleep } from '../runtime/sleep.ts';

/** The watermark is saved no more often than this; a crash delivers so much twice [ms]. */
const SAVE_EVERY_MS = 1000;
/** The time that the store has to load or save a watermark, and that a caller waits for it [ms]. */
const ANSWER_MAX_MS = 10_000;
const SAVE_MAX_MS = 3000;

/** How often a watermark is saved, and loading it is tried. */
export interface ProgressOptions {
  /** The shortest time between two saves [ms of real time]; 1 s. A crash repeats that much. */
  readonly saveEveryMs?: number;
  /** The first wait after a failure [ms of real time]; 0.2 s. */
  readonly retryMs?: number;
}

/** How far a sink has been delivered, and how much of that has been saved. */
export class Progress {
  /** The simulated instant up to which the sink has everything [ms]; NaN before it begins. */
  deliveredMs = Number.NaN;
  /** The current simulated time when the sink began [ms]. */
  liveFromMs = Number.NaN;
  readonly #sinkName: string;
  /** Whether the sink saves it with each write. */
  readonly #isSinks: boolean;
  readonly #watermarks: Watermarks;
  readonly #log: Log;
  #savedMs = Number.NaN;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  /** The save in progress, if there is one. */
  #saving: Promise<void> | undefined;
  readonly #saveEveryMs: number;
  readonly #retryMs: number | undefined;
  #isFailing = false;

  constructor(
    sink: Pick<Sink, 'name' | 'keepsWatermark'>,
    watermarks: Watermarks,
    log: Log,
    { saveEveryMs = SAVE_EVERY_MS, retryMs }: ProgressOptions = {},
  ) {
    this.#saveEveryMs = saveEveryMs;
    this.#retryMs = retryMs;
    this.#sinkName = sink.name;
    this.#isSinks = sink.keepsWatermark === true;
    this.#watermarks = watermarks;
    this.#log = log;
  }

  /** Records how far the sink has been delivered; it never goes back. */
  reach(timeMs: number): void {
    this.deliveredMs = Math.max(this.deliveredMs, timeMs);
  }

  /** Loads the saved watermark, retrying until the store answers or the signal is aborted. */
  async load(signal: AbortSignal): Promise<Watermark | undefined> {
    const sink = this.#sinkName;
    const backOff = new BackOff(undefined, this.#retryMs);
    let said: string | undefined;
    while (!signal.aborted) {
      try {
        const watermark = await withDeadline(this.#watermarks.load(sink), ANSWER_MAX_MS, signal);
        if (said !== undefined) this.#log.info({ sink }, `${sink}: the watermark is loaded`);
        return watermark;
      } catch (error) {
        if (signal.aborted) break;
        const reason = String(error);
        if (reason !== said)
          this.#log.warn({ sink, reason }, `${sink}: the watermark cannot be loaded; trying again`);
        said = reason;
      }
      await sleep(backOff.nextMs(), signal);
    }
    return undefined;
  }

  /**
   * Saves the watermark if that is due, in the background; after a failure the next save will do.
   *
   * @param isWritten - Whether the sink has just written rows, and so may have saved it itself.
   */
  async saveIfDue(isWritten: boolean): Promise<void> {
    if (this.#saving || performance.now() - this.#triedAtMs < this.#saveEveryMs) return;
    if (!this.#isSinks) void this.#begin();
    else if (!isWritten) await this.save();
  }

  /** Saves the watermark now; settles when that is done, has failed or takes too long. */
  async save(): Promise<void> {
    const saved = Promise.resolve(this.#saving).then(() => this.#begin());
    await settledWithin(saved, SAVE_MAX_MS);
  }

  /** Begins to save what has not been saved, unless a save is in progress. */
  #begin(): Promise<void> {
    if (Object.is(this.deliveredMs, this.#savedMs)) return Promise.resolve();
    this.#triedAtMs = performance.now();
    this.#saving ??= this.#store().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  async #store(): Promise<void> {
    const sink = this.#sinkName;
    const { deliveredMs, liveFromMs } = this;
    try {
      const saved = this.#watermarks.save(sink, { timeMs: deliveredMs, liveFromMs });
      await withDeadline(saved, ANSWER_MAX_MS);
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
