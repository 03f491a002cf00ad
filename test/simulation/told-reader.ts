/** A reader whose rows are late, lost and repeated as a function says. */
import { Batch, LOST, READING, REPEAT, STATUS } from '../../src/core/batch.ts';
import type { Machine } from '../../src/core/factory.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import { defects } from '../../src/defects/index.ts';
import type { RowReader } from '../../src/simulation/reader.ts';

/** How a reading is delivered. */
export interface Told {
  /** By default the true time. */
  readonly toldMs?: number;
  readonly receivedMs?: number;
  readonly isLost?: boolean;
  /** Whether an outage acts on it. */
  readonly isHeld?: boolean;
  /** When it is delivered once more. */
  readonly repeatMs?: number;
}

const HELD = 1 << defects.findIndex(({ kind }) => kind === 'outage');

export type Tell = (machine: Machine, timeMs: number) => Told | undefined;

/** Wraps a reader of true readings. */
export class ToldReader implements RowReader {
  rowsRead = 0;
  readonly #reader: RowReader;
  readonly #tell: Tell;
  readonly #true = new Batch(7);
  /** Each row of `#true` becomes up to three; the next of them. */
  readonly #next = new Batch(3);
  #at = 0;
  #nextAt = 0;
  #isRead = false;

  constructor(reader: RowReader, tell: Tell) {
    this.#reader = reader;
    this.#tell = tell;
  }

  get timeMs(): number {
    return this.#passedMs();
  }

  seek(timeMs: number, announce?: boolean): void {
    for (const _ of this.seeking(timeMs, announce));
  }

  *seeking(timeMs: number, announce?: boolean): Generator<undefined> {
    this.#true.clear();
    this.#next.clear();
    this.#at = 0;
    this.#nextAt = 0;
    yield* this.#reader.seeking(timeMs, announce);
    this.#true.untilMs = timeMs;
  }

  announce(): void {
    this.#reader.announce();
  }

  read(untilMs: number, batch: Batch): boolean {
    const isDone = this.#fill(untilMs, batch);
    batch.untilMs = Math.min(this.#passedMs(), untilMs);
    return isDone;
  }

  #passedMs(): number {
    const isLeft = this.#nextAt < this.#next.length || this.#at < this.#true.length;
    const rest = this.#nextAt < this.#next.length ? this.#next.timesMs[0] : undefined;
    const nextMs = rest ?? this.#true.timesMs[this.#at] ?? 0;
    return isLeft ? Math.min(this.#true.untilMs, nextMs - 1) : this.#true.untilMs;
  }

  #fill(untilMs: number, batch: Batch): boolean {
    for (;;) {
      for (; this.#nextAt < this.#next.length; this.#nextAt++) {
        if (batch.isFull) return false;
        batch.append(this.#next, this.#nextAt);
      }
      // What was read ahead for an earlier call may not be wanted yet.
      if ((this.#true.timesMs[this.#at] as number) > untilMs && this.#at < this.#true.length)
        return true;
      if (this.#at < this.#true.length) this.#make(this.#at++);
      else if (this.#isRead && this.#true.untilMs >= untilMs) {
        this.#isRead = false;
        return true;
      } else {
        this.#true.clear();
        this.#at = 0;
        this.#isRead = this.#reader.read(untilMs, this.#true);
      }
    }
  }

  #make(row: number): void {
    this.rowsRead++;
    this.#next.clear();
    this.#nextAt = 0;
    const flags = this.#true.flags[row] as number;
    const timeMs = this.#true.timesMs[row] as number;
    const told = flags & READING ? this.#tell(this.#true.machines[row] as Machine, timeMs) : null;
    if (!told) {
      this.#add(row, flags, timeMs, timeMs);
      return;
    }
    const { toldMs = timeMs, receivedMs = timeMs, isLost, repeatMs } = told;
    this.#add(row, isLost ? LOST : READING, toldMs, isLost ? Infinity : receivedMs);
    if (told.isHeld) this.#next.defects[0] = HELD;
    if (repeatMs !== undefined) this.#add(row, READING | REPEAT, toldMs, repeatMs);
    if (flags & STATUS) this.#add(row, STATUS, timeMs, timeMs);
  }

  #add(row: number, flags: number, toldMs: number, receivedMs: number): void {
    const to = this.#next.length;
    this.#next.append(this.#true, row);
    this.#next.flags[to] = flags;
    const truth = flags & STATUS ? undefined : this.#true.values;
    this.#next.tell(to, toldMs, receivedMs, truth, row * ROW_WIDTH);
  }
}
