import type { Machine } from '../core/factory.ts';
import type { Journal } from '../core/journal.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import { Cursor } from './cursor.ts';
import { type ChannelDelivery, Instruments } from './instruments.ts';
import { AFTER_S, positionOf } from './running.ts';

const MWH_PER_KWH = 1e6;
/** Stops to go back over in search of a reading. */
const STOPS_MAX = 16;

/** A cursor that tells what the defective instruments of its machine tell. */
export class DefectiveCursor extends Cursor {
  override readonly isDefective = true;
  /** The kinds of defects that act on the last reading, one bit each. */
  defects = 0;
  /** The last true reading, if defects act on it. */
  readonly truth = new Float64Array(ROW_WIDTH);
  readonly #journal: Journal;
  readonly #without: string | undefined;
  #instruments: Instruments;
  /** The machine that the instruments are on: another object when its type has changed. */
  #instrumented: Machine;

  /** @param without - The id of an anomaly to leave out. */
  constructor(machine: Machine, journal: Journal, without?: string) {
    super(machine, journal, without);
    this.#journal = journal;
    this.#without = without;
    this.#instrumented = machine;
    this.#instruments = this.#instrumentsOf(machine);
  }

  /** The time that the last reading tells [ms]. */
  get toldMs(): number {
    return this.#instruments.toldMs;
  }

  /** How the last reading is delivered; empty if as usual. */
  get deliveries(): readonly ChannelDelivery[] {
    return this.#instruments.deliveries;
  }

  override read(tS: number, values: Float64Array, at: number): void {
    super.read(tS, values, at);
    if (this.shown !== this.#instrumented) {
      this.#instrumented = this.shown;
      this.#instruments = this.#instrumentsOf(this.shown);
    }
    const instruments = this.#instruments;
    if (!instruments.areDefective(tS)) {
      this.defects = 0;
      return;
    }
    const { register } = this;
    this.truth.set(values.subarray(at, at + ROW_WIDTH));
    if (register) this.truth[this.shown.type.registerColumn] = register.trueMwh / MWH_PER_KWH;
    this.defects = instruments.tell(values, at, tS, register);
  }

  #instrumentsOf(shown: Machine): Instruments {
    const instruments = new Instruments(shown, (tS, row) => {
      const cursor = new Cursor(this.machine, this.#journal, this.#without);
      if (!readLast(cursor, tS, row)) return false;
      if (this.register)
        row[shown.type.registerColumn] = instruments.registerAtKwh(this.register, tS);
      return true;
    });
    return instruments;
  }
}

/** Reads the last reading at or before `tS`; returns false if there is none. */
function readLast(cursor: Cursor, tS: number, row: Float64Array): boolean {
  const { intervalMs } = cursor.machine;
  let atMs = 1000 * tS;
  for (let stop = 0; stop < STOPS_MAX; stop++) {
    row.fill(Number.NEGATIVE_INFINITY);
    cursor.seek(atMs, row);
    if (cursor.isRunning && row[0] !== Number.NEGATIVE_INFINITY) return true;
    // Before the last switch: a machine that stops at the instant of a reading does not make it.
    const last = cursor.running.last(atMs / 1000 + AFTER_S);
    if (!last) return false;
    const isAfter = positionOf(last) > last.timeS;
    atMs = Math.floor((1000 * last.timeS) / intervalMs) * intervalMs;
    if (!isAfter && atMs === 1000 * last.timeS) atMs -= intervalMs;
  }
  return false;
}
