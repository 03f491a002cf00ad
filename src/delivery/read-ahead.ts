import { setImmediate as turn } from 'node:timers/promises';
import { Batch } from '../core/batch.ts';
import { inTurns } from '../runtime/turns.ts';
import type { RowReader } from '../simulation/reader.ts';

/**
 * Reads batch after batch, and reads ahead while a sink writes: a sink that waits for its server
 * leaves the processor to the models. Batches come in order, each once; two are reused in turn.
 */
export class ReadAhead {
  readonly #reader: Pick<RowReader, 'seeking' | 'read' | 'announce'>;
  readonly #sliceMs: number | undefined;
  #batch = new Batch(0);
  #next = new Batch(0);
  #isAhead = false;
  /** Whether the last batch held everything that was due. */
  #isComplete = true;

  /** @param sliceMs - How long seeking runs before other work gets a turn. */
  constructor(reader: Pick<RowReader, 'seeking' | 'read' | 'announce'>, sliceMs?: number) {
    this.#reader = reader;
    this.#sliceMs = sliceMs;
  }

  /**
   * Moves to an instant and has every machine report its status from there; drops what was read
   * ahead. For many machines this takes a while, in turns with other work. If aborted, the position
   * is undefined.
   */
  async seek(timeMs: number, signal?: AbortSignal): Promise<void> {
    this.#isAhead = false;
    this.#isComplete = true;
    await inTurns(this.#reader.seeking(timeMs, true), signal, this.#sliceMs);
  }

  /** Has every machine report its status again with its next row. */
  announce(): void {
    this.#reader.announce();
  }

  /**
   * The next rows up to `untilMs`, until the batch is full, or those that were read ahead. They are
   * valid until the next call.
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
