import type { Machine } from '../core/factory.ts';
import type { Journal } from '../core/journal.ts';
import { type MachineType, ROW_WIDTH, takenMilliwattHours } from '../core/machine.ts';
import { Memo } from '../runtime/memo.ts';
import type { Counter, Cursor } from './cursor.ts';

const DAY_S = 86_400;
/** Readings counted before other work may run: about a millisecond. */
const STEP_READINGS = 2048;
/** Totals remembered for a machine, which take 2 kB. */
const TOTALS_MAX = 128;
const MWH_PER_KWH = 1e6;

/**
 * The energy register of one machine: what its readings add up to since an instant, in whole
 * milliwatt-hours. Sums of whole numbers are exact, so it is the same wherever a reader started.
 */
export class Register implements Counter {
  readonly #machine: Machine;
  readonly #journal: Journal;
  readonly #newCursor: () => Cursor;
  readonly #totals: DayTotals | undefined;
  readonly #type: MachineType;
  readonly #fromS: number;
  readonly #column: number;
  #mwh = 0;
  /** The end of the day that is being counted, in UTC. */
  #dayEndS = Number.NaN;

  /**
   * @param newCursor - Makes a cursor with the same readings, to count those before an instant.
   * @param totals - What to remember of its readings, see {@link dayTotals}.
   */
  constructor(machine: Machine, journal: Journal, newCursor: () => Cursor, totals?: DayTotals) {
    this.#machine = machine;
    this.#journal = journal;
    this.#newCursor = newCursor;
    this.#totals = totals;
    this.#type = machine.type;
    this.#fromS = machine.registerFromS ?? Number.NaN;
    this.#column = machine.type.registerColumn;
  }

  /** What it shows [mWh]. */
  get mwh(): number {
    return this.#mwh;
  }

  /** Reads the machine up to and including `tS`, from the latest total that is remembered. */
  *opening(tS: number): Generator<undefined> {
    const known = this.#totals?.before(tS, this.#journal);
    const knownS = Math.max(this.#fromS, known?.tS ?? this.#fromS);
    this.#mwh = known?.mwh ?? 0;
    this.#dayEndS = endOfDayS(knownS);
    if (!(knownS < tS)) return;
    const { intervalMs } = this.#machine;
    const cursor = this.#newCursor();
    const row = new Float64Array(ROW_WIDTH);
    cursor.seek(1000 * knownS, row);
    const last = Math.floor((1000 * tS) / intervalMs);
    for (let i = Math.floor((1000 * knownS) / intervalMs) + 1; i <= last; i++) {
      const atS = (i * intervalMs) / 1000;
      if (cursor.follow(atS)) {
        cursor.read(atS, row, 0);
        this.count(atS, row, 0);
      }
      if (i % STEP_READINGS === 0) yield;
    }
  }

  count(tS: number, values: Float64Array, at: number): void {
    if (tS > this.#dayEndS) this.#endDay(tS);
    // The register of a machine that is read before its begin stands at 0.
    if (tS > this.#fromS) this.#mwh += takenMilliwattHours(this.#type, values, at);
    if (tS === this.#dayEndS) this.#remember(tS);
    values[at + this.#column] = this.#mwh / MWH_PER_KWH;
  }

  #endDay(tS: number): void {
    this.#remember(endOfDayS(tS) - DAY_S);
    this.#dayEndS = endOfDayS(tS);
  }

  #remember(tS: number): void {
    if (tS > this.#fromS) this.#totals?.add({ tS, mwh: this.#mwh }, this.#journal);
  }
}

/** Leaves the register of a machine without a value, which needs no past. */
export function unreadRegister({ type }: Machine): Counter {
  const { registerColumn } = type;
  return {
    opening: () => [],
    count: (_tS, values, at) => {
      values[at + registerColumn] = Number.NaN;
    },
  };
}

/** The end of the UTC day of a reading at `tS`. */
function endOfDayS(tS: number): number {
  return Math.ceil(tS / DAY_S) * DAY_S;
}

/** What a register showed at an instant. */
interface Total {
  readonly tS: number;
  readonly mwh: number;
}

/** A total, and how many events the journal had up to its instant. */
interface KnownTotal extends Total {
  readonly events: number;
}

/** Totals of a register at the ends of some days: a cache. */
export class DayTotals {
  /** In the order of time. */
  #known: KnownTotal[] = [];

  /** The latest total up to and including `tS` that still holds. */
  before(tS: number, journal: Journal): Total | undefined {
    return this.#known.findLast(
      (total) => total.tS <= tS && total.events === eventsUntil(journal, total.tS),
    );
  }

  /** Of too many, every second is forgotten, but never the latest. */
  add({ tS, mwh }: Total, journal: Journal): void {
    const known = this.#known;
    const place = known.findLastIndex((total) => total.tS <= tS);
    const replaced = known[place]?.tS === tS ? 1 : 0;
    known.splice(place + 1 - replaced, replaced, { tS, mwh, events: eventsUntil(journal, tS) });
    if (known.length > TOTALS_MAX)
      this.#known = known.filter((_, i) => i % 2 === 0 || i === known.length - 1);
  }
}

/** How many events happened up to and including `tS`. */
function eventsUntil({ events }: Journal, tS: number): number {
  let [from, to] = [0, events.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((events[middle]?.timeS ?? Number.POSITIVE_INFINITY) <= tS) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The remembered totals of a machine, for all readers of this process. */
export function dayTotals(machine: Machine): DayTotals {
  return totals.of(machine);
}

const totals = new Memo((_machine: Machine) => new DayTotals());
