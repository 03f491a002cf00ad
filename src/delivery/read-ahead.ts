import { setImmediate as turn } from 'node:timers/promises';
import { Batch } from '../core/batch.ts';
import type { RowReader } from '../simulation/reader.ts';

/** Work that is done before others get a turn [ms]. */
const SLICE_MS = 10;

/**
 * Reads one batch after the other, and the next one ahead while a sink has the one before: a sink
 * that waits for its server leaves the processor to the models. Batches come in order and each
 * once; two that take turns are all there are.
 */
export class ReadAhead {
  readonly #reader: Pick<RowReader, 'seeking' | 'read' | 'announce'>;
  readonly #sliceMs: number;
  #batch = new Batch(0);
  #next = new Batch(0);
  #isAhead = false;
  /** Whether the batch that was read last had room for everything there was. */
  #isComplete = true;

  /** @param sliceMs - How long it seeks before others get a turn. */
  constructor(reader: Pick<RowReader, 'seeking' | 'read' | 'announce'>, sliceMs = SLICE_MS) {
    this.#reader = reader;
    this.#sliceMs = sliceMs;
  }

  /**
   * Goes to an instant, from which on every machine says its status; forgets what is ahead. Of
   * many machines that takes a while, in which others have their turn; aborted, it ends anywhere.
   */
  async seek(timeMs: number, signal?: AbortSignal): Promise<void> {
    this.#isAhead = false;
    this.#isComplete = true;
    let sinceMs = performance.now();
    for (const _ of this.#reader.seeking(timeMs, true)) {
      if (performance.now() - sinceMs < this.#sliceMs) continue;
      await turn();
      if (signal?.aborted) return;
      sinceMs = performance.now();
    }
  }

  /** Has every machine report its status once more, with what is read from here on. */
  announce(): void {
    this.#reader.announce();
  }

  /**
   * The next rows up to `untilMs`, as far as there is room, or those that were read ahead. They
   * stay until the next call.
   *
   * @param rows - Room of the batch, unless that is there already.
   */
  read(untilMs: number, rows: number): Batch {
    if (this.#isAhead) {
      [this.#batch, this.#next] = [this.#next, this.#batch];
      this.#isAhead = false;
    } else this.#batch = this.#filled(this.#batch, untilMs, rows);
    return this.#batch;
  }

  /**
   * Reads the next batch ahead where the last was full: a sink is far behind then. The writing of
   * the last one gets a turn before, so that its server has something to do meanwhile.
   */
  async prepare(untilMs: number, rows: number): Promise<void> {
    if (this.#isComplete) return;
    await turn();
    if (this.#isComplete || this.#isAhead) return;
    this.#next = this.#filled(this.#next, untilMs, rows);
    this.#isAhead = true;
  }

  #filled(old: Batch, untilMs: number, rows: number): Batch {
    const batch = old.capacity === rows ? old : new Batch(rows);
    batch.clear();
    this.#isComplete = this.#reader.read(untilMs, batch);
    return batch;
  }
}
