import type { Batch } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import type { Fleet } from './fleet.ts';
import { createReader, type Reader, type ReaderOptions, type RowReader } from './reader.ts';

/** A fleet, and the instant after which it is read. */
interface FleetVersion {
  readonly fleet: Fleet;
  readonly fromMs: number;
}

/** How fleets are read one after the other. */
export interface FleetSwitchOptions extends Pick<ReaderOptions, 'statusIntervalS'> {
  /** The machines of a fleet that are read; all of them, if not given. */
  readonly machinesOf?: (fleet: Fleet) => readonly Machine[];
}

/** A reader that goes on from one fleet to the next. */
export interface SwitchableReader extends RowReader {
  /** The fleet that is read now. */
  readonly fleet: Fleet;
  /** Goes on with another fleet, see {@link FleetSwitchReader.follow}. */
  follow(fleet: Fleet, fromMs: number): void;
}

/**
 * Reads one fleet after the other: each up to and including the instant from which the next one
 * holds, however late that is. Machines that are in both are read as if nothing had happened.
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

  /** The fleet that is read now. */
  get fleet(): Fleet {
    return this.#fleet;
  }

  /** Everything up to and including this instant has been read [ms since the epoch]. */
  get timeMs(): number {
    return this.#reader.timeMs;
  }

  /** As {@link Reader.seek}; never back before the instant from which its fleet holds. */
  seek(timeMs: number, announce = false): void {
    this.#reader.seek(timeMs, announce);
  }

  /** As {@link Reader.seeking}. */
  seeking(timeMs: number, announce = false): Iterable<undefined> {
    return this.#reader.seeking(timeMs, announce);
  }

  /**
   * Continues with another fleet, made by `nextFleet` from the last one.
   *
   * @param fromMs - An instant that it has not passed; readings after it are the new fleet's.
   */
  follow(fleet: Fleet, fromMs: number): void {
    if (this.#next.at(-1)?.fromMs === fromMs) this.#next.pop();
    this.#next.push({ fleet, fromMs });
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
