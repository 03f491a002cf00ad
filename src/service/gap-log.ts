import type { Gap } from '../core/sink.ts';
import { BackOff } from '../runtime/back-off.ts';
import { SerialQueue } from '../runtime/serial-queue.ts';
import { sleep } from '../runtime/sleep.ts';
import type { Queries } from '../store/database.ts';
import { StoreError } from '../store/store-error.ts';
import { addGap, latestGaps } from '../store/tables.ts';

/** Gaps that are told at once; the database has all of them. */
const GAPS_MAX = 20;

/** Remembers what sinks were not given, and puts it on record as soon as the database takes it. */
export class GapLog {
  readonly #queries: Queries;
  readonly #end = new AbortController();
  readonly #gaps: Gap[];
  readonly #queue = new SerialQueue();

  private constructor(queries: Queries, gaps: Gap[]) {
    this.#queries = queries;
    this.#gaps = gaps;
  }

  /** @throws StoreError where the database is away. */
  static async open(queries: Queries): Promise<GapLog> {
    return new GapLog(queries, await latestGaps(queries, GAPS_MAX));
  }

  /** The latest gaps, oldest first. */
  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  add(gap: Gap): void {
    this.#gaps.push(gap);
    if (this.#gaps.length > GAPS_MAX) this.#gaps.shift();
    void this.#queue.run(() => this.#keep(gap));
  }

  /** Ends whatever it still tries. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#queue.settled();
  }

  async #keep(gap: Gap): Promise<void> {
    const backOff = new BackOff();
    for (;;) {
      try {
        return await addGap(this.#queries, gap);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
      }
      if (this.#end.signal.aborted) return;
      await sleep(backOff.nextMs(), this.#end.signal);
    }
  }
}
