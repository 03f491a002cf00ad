import type { Machine } from '../core/factory.ts';
import type { Journal } from '../core/journal.ts';
import { type MachineType, ROW_WIDTH, takenMilliwattHours } from '../core/machine.ts';
import { Memo } from '../runtime/memo.ts';
import type { Cursor, EnergyRegister } from './cursor.ts';
import type { Instruments } from './instruments.ts';

const DAY_S = 86_400;
/** Readings counted before other work may run: about a millisecond. */
const STEP_READINGS = 2048;
/** Instants at which its count is kept: the beginnings of defects that act at once. */
const PAST_MAX = 64;
/** Totals remembered for a machine, which take 2 kB. */
const TOTALS_MAX = 128;
const MWH_PER_KWH = 1e6;

/** What the readings of a register are made of. */
interface Source {
  /** Makes a cursor with the same true readings, to count those before an instant. */
  newCursor(): Cursor;
  /** Makes what changes them as the wires of the meter do; without it, these are sound. */
  newWiring?(): Pick<Instruments, 'wire'>;
  /** What is remembered of these readings, see {@link dayTotals}. */
  readonly totals?: DayTotals;
}

/**
 * The energy register of one machine: what its readings add up to since an instant. Sums of whole
 * milliwatt-hours are exact, so it is the same wherever a reader started.
 */
export class Register implements EnergyRegister {
  readonly #machine: Machine;
  #type: MachineType;
  readonly #journal: Journal;
  readonly #source: Source;
  readonly #fromS: number;
  #column: number;
  #energyColumn: number;
  #isOpen = false;
  #trueMwh = 0;
  #mwh = 0;
  /** The energy of the last reading. */
  #lastMwh = 0;
  #lastS = Number.NaN;
  /** When the reading before it was made, and what had been counted up to then. */
  #beforeS = Number.NaN;
  #beforeMwh = 0;
  /** The end of the day that is being counted, in UTC. */
  #dayEndS = Number.NaN;
  readonly #past = new Map<number, number>();

  constructor(machine: Machine, journal: Journal, source: Source) {
    this.#machine = machine;
    this.#type = machine.type;
    this.#journal = journal;
    this.#source = source;
    this.#fromS = machine.registerFromS ?? Number.NaN;
    this.#column = machine.type.registerColumn;
    this.#energyColumn = machine.type.electricityColumn + 1;
  }

  get trueMwh(): number {
    return this.#trueMwh;
  }

  get mwh(): number {
    return this.#mwh;
  }

  atMwh(tS: number): number {
    let mwh = this.#past.get(tS);
    if (mwh === undefined) {
      mwh = tS >= this.#beforeS && tS < this.#lastS ? this.#beforeMwh : this.#countedUntil(tS);
      if (this.#past.size === PAST_MAX) this.#past.clear();
      this.#past.set(tS, mwh);
    }
    return mwh;
  }

  /** Counts again up to an instant before the last reading. */
  #countedUntil(tS: number): number {
    const past = new Register(this.#machine, this.#journal, this.#source);
    for (const _ of past.opening(tS));
    past.#remember(tS);
    return past.mwh;
  }

  close(): void {
    this.#isOpen = false;
  }

  become(type: MachineType): void {
    this.#type = type;
    this.#column = type.registerColumn;
    this.#energyColumn = type.electricityColumn + 1;
  }

  /** Reads the machine up to and including `tS`, from the latest total that is remembered. */
  *opening(tS: number): Generator<undefined> {
    this.#isOpen = true;
    const known = this.#source.totals?.before(tS, this.#journal);
    const knownS = Math.max(this.#fromS, known?.tS ?? this.#fromS);
    this.#trueMwh = known?.trueMwh ?? 0;
    this.#mwh = known?.mwh ?? 0;
    this.#beforeS = Number.NaN;
    this.#lastS = knownS;
    this.#dayEndS = endOfDayS(knownS);
    if (!(knownS < tS)) return;
    const { intervalMs } = this.#machine;
    const cursor = this.#source.newCursor();
    const wiring = this.#source.newWiring?.();
    const row = new Float64Array(ROW_WIDTH);
    cursor.seek(1000 * knownS, row);
    const last = Math.floor((1000 * tS) / intervalMs);
    for (let i = Math.floor((1000 * knownS) / intervalMs) + 1; i <= last; i++) {
      const atS = (i * intervalMs) / 1000;
      if (cursor.follow(atS)) {
        cursor.read(atS, row, 0);
        if (cursor.shown.type !== this.#type) this.become(cursor.shown.type);
        this.count(atS, row, 0);
        if (wiring?.wire(row, 0, atS)) this.recount(row, 0);
      }
      if (i % STEP_READINGS === 0) yield;
    }
  }

  count(tS: number, row: Float64Array, at: number): void {
    if (!this.#isOpen) return;
    if (tS > this.#dayEndS) this.#endDay(tS);
    this.#beforeS = this.#lastS;
    this.#beforeMwh = this.#mwh;
    // The register of a machine that is read before its begin stands at 0.
    this.#lastMwh = tS > this.#fromS ? takenMilliwattHours(this.#type, row, at) : 0;
    this.#lastS = tS;
    this.#trueMwh += this.#lastMwh;
    this.#mwh += this.#lastMwh;
    if (tS === this.#dayEndS) this.#remember(tS);
    row[at + this.#column] = this.#mwh / MWH_PER_KWH;
  }

  recount(row: Float64Array, at: number): void {
    if (!this.#isOpen || !(this.#lastS > this.#fromS)) return;
    const energy = at + this.#energyColumn;
    const toldKwh = row[energy] as number;
    // A meter stands while it measures energy that flows backwards.
    row[energy] = Math.max(0, toldKwh);
    this.#mwh += takenMilliwattHours(this.#type, row, at) - this.#lastMwh;
    row[energy] = toldKwh;
    if (this.#lastS === this.#dayEndS) this.#remember(this.#lastS);
    row[at + this.#column] = this.#mwh / MWH_PER_KWH;
  }

  #endDay(tS: number): void {
    this.#remember(endOfDayS(tS) - DAY_S);
    this.#dayEndS = endOfDayS(tS);
  }

  #remember(tS: number): void {
    if (tS <= this.#fromS) return;
    this.#source.totals?.add({ tS, trueMwh: this.#trueMwh, mwh: this.#mwh }, this.#journal);
  }
}

/** The register of a machine for readers that do not need it: without a value. */
export class UnreadRegister implements EnergyRegister {
  readonly trueMwh = Number.NaN;
  readonly mwh = Number.NaN;
  #column: number;

  constructor({ type }: Machine) {
    this.#column = type.registerColumn;
  }

  atMwh(): number {
    return Number.NaN;
  }

  close(): void {}

  become(type: MachineType): void {
    this.#column = type.registerColumn;
  }

  opening(): Iterable<undefined> {
    return [];
  }

  count(_tS: number, row: Float64Array, at: number): void {
    row[at + this.#column] = Number.NaN;
  }

  recount(): void {}
}

/** The end of the UTC day of a reading at `tS`. */
function endOfDayS(tS: number): number {
  return Math.ceil(tS / DAY_S) * DAY_S;
}

/** What a register had counted at an instant. */
interface Total extends Pick<EnergyRegister, 'trueMwh' | 'mwh'> {
  readonly tS: number;
}

/** A total, and how many events the journal had up to its instant. */
export interface KnownTotal extends Total {
  readonly events: number;
}

/** Totals of a register at some instants, mostly the ends of days: a cache. */
class DayTotals {
  /** In the order of time. */
  #known: KnownTotal[] = [];

  /** All of them, oldest first. */
  get all(): readonly KnownTotal[] {
    return this.#known;
  }

  /** The latest ones, oldest first. */
  latest(count: number): readonly KnownTotal[] {
    return this.#known.slice(-count);
  }

  /** Begins with those that an earlier process remembered, oldest first. */
  restore(known: readonly KnownTotal[]): void {
    this.#known = [...known];
  }

  /** The latest total up to and including `tS` that still holds. */
  before(tS: number, journal: Journal): Total | undefined {
    return this.#known.findLast(
      (total) => total.tS <= tS && total.events === eventsUntil(journal, total.tS),
    );
  }

  /** Of too many, every second is forgotten, but never the latest. */
  add(total: Total, journal: Journal): void {
    const { tS } = total;
    const known = this.#known;
    const place = known.findLastIndex((each) => each.tS <= tS);
    const replaced = known[place]?.tS === tS ? 1 : 0;
    known.splice(place + 1 - replaced, replaced, {
      ...total,
      events: eventsUntil(journal, tS),
    });
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

/** What is remembered of true readings where those told differ, and of those told. */
interface Remembered {
  readonly true: DayTotals;
  readonly told: DayTotals;
}

/** The remembered totals of a machine, for all readers of this process. */
export function dayTotals(machine: Machine): Remembered {
  return remembered.of(machine);
}

/**
 * Lets a machine that takes the place of another go on from its totals. What the two have read so
 * far must be the same: they differ in what stories do from now on.
 */
export function inheritTotals(before: Machine, machine: Machine): void {
  for (const layer of ['true', 'told'] as const) {
    const own = dayTotals(machine)[layer];
    if (own.latest(1).length === 0) own.restore(dayTotals(before)[layer].all);
  }
}

const remembered = new Memo(
  (_machine: Machine): Remembered => ({ true: new DayTotals(), told: new DayTotals() }),
);
