import type { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { Fleet } from './fleet.ts';
import { createReader, type Reader, type ReaderOptions, type RowReader } from './reader.ts';

/** A fleet, and the instant after which it applies. */
export interface FleetVersion {
  readonly fleet: Fleet;
  readonly fromMs: number;
}

/** Options of a reader that switches fleets. */
export interface FleetSwitchOptions
  extends Pick<ReaderOptions, 'statusIntervalS' | 'without' | 'isTrue'> {
  /** Selects the machines of a fleet to read; all of them by default. */
  readonly machinesOf?: (fleet: Fleet) => readonly Machine[];
}

/** A reader that can switch from one fleet to the next. */
export interface SwitchableReader extends RowReader {
  /** Schedules a switch to another fleet, see {@link FleetSwitchReader.follow}. */
  follow(fleet: Fleet, fromMs: number): void;
}

/**
 * Reads one fleet after the other, each up to and including the instant from which the next one
 * applies, however late the switch was requested. Machines that are in both continue without a
 * break.
 */
export class FleetSwitchReader implements SwitchableReader {
  readonly #options: FleetSwitchOptions;
  readonly #next: FleetVersion[] = [];
  #fleet: Fleet;
  #reader: Reader;

  constructor(fleet: Fleet, options: FleetSwitchOptions = {}) {
    this.#options = options;
    this.#fleet = fleet;
    this.#reader = this.#readerOf(fleet);
  }

  /** The fleet that is being read. */
  get fleet(): Fleet {
    return this.#fleet;
  }

  /** Everything up to and including this instant has been read [ms since the epoch]. */
  get timeMs(): number {
    return this.#reader.timeMs;
  }

  /** As {@link Reader.seek}; never back before the instant from which its fleet applies. */
  seek(timeMs: number, announce = false): void {
    this.#reader.seek(timeMs, announce);
  }

  /** As {@link Reader.seeking}. */
  seeking(timeMs: number, announce = false): Iterable<undefined> {
    return this.#reader.seeking(timeMs, announce);
  }

  /**
   * Switches to another fleet, made by `nextFleet` from the last one. It replaces those that were
   * to come at that instant or later.
   *
   * @param fromMs - An instant that the reader has not passed; later readings are the new fleet's.
   */
  follow(fleet: Fleet, fromMs: number): void {
    while ((this.#next.at(-1)?.fromMs ?? fromMs - 1) >= fromMs) this.#next.pop();
    this.#next.push({ fleet, fromMs });
  }

  /** As {@link Reader.announce}. */
  announce(): void {
    this.#reader.announce();
  }

  /** As {@link Reader.read}. */
  read(untilMs: number, batch: Batch): boolean {
    for (;;) {
      const next = this.#next[0];
      const isAll = this.#reader.read(
        Math.min(untilMs, next?.fromMs ?? Number.POSITIVE_INFINITY),
        batch,
      );
      if (!isAll || !next || this.#reader.timeMs < next.fromMs) return isAll;
      this.#next.shift();
      this.#fleet = next.fleet;
      this.#reader = this.#readerOf(next.fleet, this.#reader);
    }
  }

  #readerOf(fleet: Fleet, after?: Reader): Reader {
    const { machinesOf, ...options } = this.#options;
    return createReader(fleet, {
      ...options,
      ...(machinesOf && { machines: machinesOf(fleet) }),
      ...(after && { after }),
    });
  }
}
