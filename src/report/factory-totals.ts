import { type Bucket, Envelope } from './envelope.ts';
import type { Grid, LocalTime } from './grid.ts';
import { type DurationPoint, Histogram } from './histogram.ts';
import type { ReportedFactory } from './report-source.ts';
import { WeeklyProfile } from './weekly-profile.ts';

const HOUR_MS = 3_600_000;

/** The energy of one carrier, of all machines together, in slots of a window. */
export class Slots {
  readonly #grid: Grid;
  readonly #energyKwh: Float64Array;

  constructor(grid: Grid) {
    this.#grid = grid;
    this.#energyKwh = new Float64Array(grid.slotCount);
  }

  /** Adds the energy of an interval, split over the slots that the interval overlaps. */
  add(fromMs: number, toMs: number, energyKwh: number): void {
    const from = this.#grid.slotAt(fromMs);
    const to = this.#grid.slotAt(toMs);
    const slots = this.#energyKwh;
    const last = Math.ceil(to) - 1;
    for (let i = Math.floor(from); i <= last; i++) {
      const share = (Math.min(to, i + 1) - Math.max(from, i)) / (to - from);
      slots[i] = (slots[i] as number) + share * energyKwh;
    }
  }

  get energyKwh(): number {
    return this.#energyKwh.reduce((sum, each) => sum + each, 0);
  }

  /** The mean power of each slot. */
  *powers(): Generator<SlotPower> {
    for (let i = 0; i < this.#energyKwh.length; i++) {
      const { fromMs, toMs } = this.#grid.slotSpan(i);
      const hours = (toMs - fromMs) / HOUR_MS;
      if (hours > 0) yield { fromMs, toMs, hours, powerKw: (this.#energyKwh[i] as number) / hours };
    }
  }
}

/** The mean power of a slot. */
export interface SlotPower {
  readonly fromMs: number;
  readonly toMs: number;
  readonly hours: number;
  readonly powerKw: number;
}

/** Totals of all machines of a factory. */
export class FactoryTotals {
  readonly factory: ReportedFactory;
  readonly #grid: Grid;
  readonly #time: LocalTime;
  readonly #slots = new Map<string, Slots>();

  constructor(factory: ReportedFactory, grid: Grid, time: LocalTime) {
    this.factory = factory;
    this.#grid = grid;
    this.#time = time;
  }

  /** The carriers that its machines use, in the order of the machines. */
  get carriers(): readonly string[] {
    return [...this.#slots.keys()];
  }

  slotsOf(carrier: string): Slots {
    const known = this.#slots.get(carrier) ?? new Slots(this.#grid);
    this.#slots.set(carrier, known);
    return known;
  }

  energyKwh(carrier: string): number {
    return this.slotsOf(carrier).energyKwh;
  }

  /** The slot with the highest power. */
  peak(carrier: string): SlotPower {
    const [first, ...others] = this.slotsOf(carrier).powers();
    return others.reduce(
      (most, each) => (each.powerKw > most.powerKw ? each : most),
      first as SlotPower,
    );
  }

  powerOverTime(carrier: string, buckets: number): readonly Bucket[] {
    const { fromMs, toMs, slotCount } = this.#grid;
    const envelope = new Envelope(fromMs, toMs, Math.min(buckets, slotCount));
    for (const { toMs, hours, powerKw } of this.slotsOf(carrier).powers())
      envelope.add(toMs, powerKw, hours);
    return envelope.buckets;
  }

  durationCurve(carrier: string): readonly DurationPoint[] {
    const durations = new Histogram();
    for (const { hours, powerKw } of this.slotsOf(carrier).powers()) durations.add(powerKw, hours);
    return durations.durationCurve();
  }

  weeklyProfile(carrier: string): WeeklyProfile {
    const profile = new WeeklyProfile();
    for (const { fromMs, toMs, hours, powerKw } of this.slotsOf(carrier).powers())
      profile.add(this.#time.weekHourAt((fromMs + toMs) / 2), powerKw, hours);
    return profile;
  }
}
