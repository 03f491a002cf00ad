import { Batch, LOST, READING, REPEAT } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { Journal } from '../core/journal.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import { Memo } from '../runtime/memo.ts';
import { Cursor } from '../simulation/cursor.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { EVERY_ANOMALY } from '../simulation/incidents.ts';
import { createReader, type Reader, type RowReader } from '../simulation/reader.ts';
import { KnownIncidents } from './known-incidents.ts';

/**
 * Reads every reading twice: as it is, and in the next row as it would be if no anomaly had ever
 * acted on any machine. The second row has a machine of its own, see
 * {@link CounterfactualReader.twins}, so that both can be resampled. There are no statuses, and
 * batches need an even capacity.
 *
 * A reading that is not delivered, or without the first of its channels, is no reading here, but
 * lost. The first row tells what instruments tell, the second what they would tell if sound.
 *
 * The second reading is computed only from the beginning of an anomaly until the machine is back in
 * the state that it would have without it; otherwise it is a copy.
 */
export class CounterfactualReader implements RowReader {
  readonly #reader: Reader;
  /** By the id of the machine. */
  readonly #twins: ReadonlyMap<string, Twin>;
  readonly #apart = new Set<Twin>();
  readonly #raw = new Batch();
  /** The row of `#raw` that comes next. */
  #at = 0;
  /** Whether the last read into `#raw` was complete, and up to where. */
  #readMs = Number.NaN;

  constructor(fleet: Fleet, machines: readonly Machine[], statusIntervalS: number) {
    this.#reader = createReader(fleet, { machines, statusIntervalS });
    this.#twins = new Map(machines.map((each) => [each.id, new Twin(each, fleet.journal)]));
  }

  /** Each machine, followed by the one that its second readings are of. */
  get twins(): readonly Machine[] {
    return [...this.#twins.values()].flatMap(({ original, machine }) => [original, machine]);
  }

  get timeMs(): number {
    return this.#reader.timeMs;
  }

  announce(): void {
    this.#reader.announce();
  }

  seek(timeMs: number): void {
    for (const _ of this.seeking(timeMs));
  }

  *seeking(timeMs: number): Generator<undefined> {
    yield* this.#reader.seeking(timeMs);
    this.#raw.clear();
    this.#at = 0;
    this.#readMs = timeMs;
    this.#apart.clear();
    for (const twin of this.#twins.values()) {
      twin.seek(timeMs);
      if (!twin.isInStepWith(this.#reader)) this.#apart.add(twin);
      yield;
    }
  }

  read(untilMs: number, batch: Batch): boolean {
    const isDone = this.#fill(untilMs, batch);
    batch.untilMs = this.#reader.timeMs;
    return isDone;
  }

  #fill(untilMs: number, batch: Batch): boolean {
    for (;;) {
      for (; this.#at < this.#raw.length; this.#at++) {
        if (((this.#raw.flags[this.#at] as number) & (READING | LOST)) === 0) continue;
        if (batch.isFull) return false;
        this.#append(batch);
      }
      // Only here is the reader where its twins are.
      for (const twin of this.#apart) if (twin.isInStepWith(this.#reader)) this.#apart.delete(twin);
      if (this.#readMs >= untilMs) return true;
      this.#raw.clear();
      this.#at = 0;
      if (this.#reader.read(untilMs, this.#raw)) this.#readMs = untilMs;
    }
  }

  #append(batch: Batch): void {
    batch.append(this.#raw, this.#at);
    batch.append(this.#raw, this.#at);
    const row = batch.length - 1;
    const machine = batch.machines[row] as Machine;
    const twin = this.#twins.get(machine.id) as Twin;
    batch.machines[row] = twin.machineOf(machine);
    const flags = this.#raw.flags[this.#at] as number;
    const isDelivered = (flags & READING) !== 0 && this.#raw.carries(this.#at, 0);
    batch.flags[row - 1] = isDelivered ? READING | (flags & REPEAT) : LOST;
    batch.flags[row] = batch.flags[row - 1] as number;
    batch.faults[row] = 0;
    const at = row * ROW_WIDTH;
    if (batch.trueValues !== batch.values) batch.values.set(batch.trueRow(row), at);
    if (twin.read(batch.timesMs[row] as number, batch.values, at)) this.#apart.add(twin);
  }
}

/** A machine without any anomaly, beside the real one. */
class Twin {
  /** A machine like the real one, but another object. */
  readonly machine: Machine;
  readonly original: Machine;
  /** Others that take its place, each like a real one. */
  readonly #others = new Memo((real: Machine): Machine => ({ ...real }));
  readonly #journal: Journal;
  readonly #incidents: KnownIncidents;
  readonly #scratch = new Float64Array(ROW_WIDTH);
  /** The last reading, if the real machine may differ. */
  readonly #last = new Float64Array(ROW_WIDTH);
  /** Set while the real machine may differ. */
  #cursor: Cursor | undefined;
  /** The time of the last reading, or of the one before the first. */
  #lastMs = Number.NaN;
  /** No anomaly begins between the last reading and here. */
  #quietUntilS = Number.NaN;

  constructor(machine: Machine, journal: Journal) {
    this.machine = { ...machine };
    this.original = machine;
    this.#journal = journal;
    this.#incidents = new KnownIncidents([machine, ...(machine.metered ?? [])], journal);
  }

  /** The machine of the second reading of a real machine, which may be of another type. */
  machineOf(real: Machine): Machine {
    return real === this.original ? this.machine : this.#others.of(real);
  }

  /** Moves to an instant, where the real machine may differ because of what happened before. */
  seek(timeMs: number): void {
    const { intervalMs } = this.machine;
    this.#lastMs = Math.floor(timeMs / intervalMs) * intervalMs;
    this.#begin();
  }

  /** Whether nothing tells it from the real machine any more; it then goes along with that one. */
  isInStepWith(reader: Reader): boolean {
    if (this.#cursor && !reader.isInStepWith(this.#cursor)) return false;
    this.#cursor = undefined;
    this.#quietUntilS = this.#lastMs / 1000;
    return true;
  }

  /**
   * Replaces a reading of the real machine by its own.
   *
   * @returns Whether it may differ.
   */
  read(timeMs: number, values: Float64Array, at: number): boolean {
    const tS = timeMs / 1000;
    // Several rows may be of one reading.
    if (timeMs === this.#lastMs) {
      if (this.#cursor) values.set(this.#last, at);
      return this.#cursor !== undefined;
    }
    if (!this.#cursor && tS > this.#quietUntilS) {
      const startS = this.#incidents.nextStartS(this.#quietUntilS);
      if (startS < tS) this.#begin();
      else this.#quietUntilS = startS;
    }
    const cursor = this.#cursor;
    if (cursor) {
      cursor.follow(tS);
      cursor.read(tS, this.#last, 0);
      values.set(this.#last, at);
    }
    this.#lastMs = timeMs;
    return cursor !== undefined;
  }

  #begin(): void {
    this.#cursor = new Cursor(this.original, this.#journal, EVERY_ANOMALY);
    this.#cursor.seek(this.#lastMs, this.#scratch);
  }
}
