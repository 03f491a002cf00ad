import type { Gap } from '../core/sink.ts';
import { SerialQueue } from '../runtime/serial-queue.ts';
import type { Queries } from '../store/database.ts';
import { persist } from '../store/persist.ts';
import { addGap, latestGaps } from '../store/tables.ts';

/** Gaps kept in memory; the database has all of them. */
const GAPS_MAX = 20;

/**
 * Remembers windows that sinks did not receive, and records them when the database is reachable.
 */
export class GapLog {
  readonly #queries: Queries;
  readonly #end = new AbortController();
  readonly #gaps: Gap[];
  readonly #queue = new SerialQueue();

  private constructor(queries: Queries, gaps: Gap[]) {
    this.#queries = queries;
    this.#gaps = gaps;
  }

  /** @throws StoreError if the database is away. */
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
    const keep = () => addGap(this.#queries, gap);
    void this.#queue.run(() => persist(keep, this.#end.signal));
  }

  /** Stops all pending attempts. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#queue.settled();
  }
}
