import type { Channel } from '../core/field.ts';
import type { MachineType } from '../core/machine.ts';
import { CARRIERS, carrierColumns, carrierOf, type Derived } from '../encoding/carrier.ts';
import { Envelope } from './envelope.ts';
import type { FactoryTotals } from './factory-totals.ts';
import type { Grid, LocalTime } from './grid.ts';
import { Histogram } from './histogram.ts';
import type { ReportedMachine } from './report-source.ts';
import { WeeklyProfile } from './weekly-profile.ts';

/** Buckets of a curve over time: one per two pixels. */
export const BUCKETS = 360;
/** Least share of a period that readings must cover; some days have only 23 hours. */
const COVERED_SHARE = 0.95;

/** Adds the values of a reading's channel, which start at `at`, to the totals of its machine. */
export type CollectReading = (timeMs: number, values: Float64Array, at: number) => void;

/** The carrier that a machine uses or supplies in one of its channels. */
interface CarrierUse {
  readonly channel: string;
  /** `electricity`, `natural gas`. */
  readonly carrier: string;
  /** Whether the machine uses it; a boiler supplies steam. */
  readonly isTaken: boolean;
  readonly powerKw: Derived;
  readonly energyKwh: Derived;
}

/** Totals of one carrier that a machine uses or supplies. */
export class CarrierTotals {
  readonly use: CarrierUse;
  readonly powerKw: Envelope;
  readonly durations = new Histogram();
  readonly week = new WeeklyProfile();
  energyKwh = 0;

  constructor(use: CarrierUse, { fromMs, toMs }: Grid) {
    this.use = use;
    this.powerKw = new Envelope(fromMs, toMs, BUCKETS);
  }
}

/** A period of a machine, with the variables that may explain its power. */
export interface Period {
  /** Index of the period in the window. */
  readonly index: number;
  /** Mean power of all carriers that the machine uses [kW]. */
  readonly powerKw: number;
  /** NaN if the machine does not report it. */
  readonly outdoorTempC: number;
  readonly unitsPerHour: number;
}

/** Totals of a machine; it stores no readings. */
export class MachineTotals {
  readonly machine: ReportedMachine;
  readonly carriers: readonly CarrierTotals[];
  productionUnits = 0;
  readonly #intervalH: number;
  readonly #intervalMs: number;
  readonly #factory: FactoryTotals;
  readonly #time: LocalTime;
  readonly #energyKwh: Float64Array;
  readonly #units: Float64Array;
  readonly #coveredH: Float64Array;
  readonly #tempSumC: Float64Array;
  readonly #tempCount: Float64Array;
  #hours = 0;

  constructor(machine: ReportedMachine, grid: Grid, factory: FactoryTotals, time: LocalTime) {
    this.machine = machine;
    this.carriers = carriersOf(machine.type).map((use) => new CarrierTotals(use, grid));
    this.#intervalMs = machine.intervalMs;
    this.#intervalH = machine.intervalMs / 3_600_000;
    this.#factory = factory;
    this.#time = time;
    const column = () => new Float64Array(time.periodCount);
    this.#energyKwh = column();
    this.#units = column();
    this.#coveredH = column();
    this.#tempSumC = column();
    this.#tempCount = column();
  }

  /**
   * The collector of one of the machine's channels; undefined if the report needs nothing from it.
   */
  collector({ name, fields }: Channel): CollectReading | undefined {
    const carrier = this.carriers.find(({ use }) => use.channel === name);
    if (carrier) return this.#energyCollector(carrier);
    const columnOf = (key: string) => fields.find((field) => field.key === key)?.column;
    const countAt = columnOf('productionCount');
    const tempAt = columnOf('outdoorTempC');
    if (countAt !== undefined)
      return (timeMs, values, at) => this.#addUnits(timeMs, values[at + countAt] as number);
    if (tempAt !== undefined)
      return (timeMs, values, at) => this.#addTemp(timeMs, values[at + tempAt] as number);
    return undefined;
  }

  /** Energy used, of all carriers [kWh]. */
  get energyKwh(): number {
    return this.carriers.reduce(
      (sum, { use, energyKwh }) => sum + (use.isTaken ? energyKwh : 0),
      0,
    );
  }

  /** Hours covered by readings. */
  get hours(): number {
    return this.#hours;
  }

  /** The carrier with the most energy used. */
  get mainCarrier(): CarrierTotals {
    const taken = this.carriers.filter(({ use }) => use.isTaken);
    return taken.reduce((most, each) => (each.energyKwh > most.energyKwh ? each : most));
  }

  /** The periods that are covered by readings. */
  periods(): readonly Period[] {
    const coveredMinH = (COVERED_SHARE * this.#time.periodMs) / 3_600_000;
    const periods: Period[] = [];
    for (let index = 0; index < this.#time.periodCount; index++) {
      const coveredH = this.#coveredH[index] as number;
      if (coveredH < coveredMinH) continue;
      periods.push({
        index,
        powerKw: (this.#energyKwh[index] as number) / coveredH,
        outdoorTempC: (this.#tempSumC[index] as number) / (this.#tempCount[index] as number),
        unitsPerHour: (this.#units[index] as number) / coveredH,
      });
    }
    return periods;
  }

  /** The first and the last period that a span of time overlaps. */
  periodsOf(fromMs: number, toMs: number): { readonly first: number; readonly last: number } {
    return { first: this.#time.periodAt(fromMs), last: this.#time.periodAt(toMs) };
  }

  #energyCollector(totals: CarrierTotals): CollectReading {
    const { powerKw, energyKwh, isTaken } = totals.use;
    const isFirst = totals === this.carriers[0];
    const slots = isTaken ? this.#factory.slotsOf(totals.use.carrier) : undefined;
    const weight = this.#intervalH;
    return (timeMs, values, at) => {
      const kw = powerKw(values, at);
      const kwh = energyKwh(values, at);
      totals.powerKw.add(timeMs, kw, weight);
      totals.durations.add(kw, weight);
      totals.week.add(this.#time.weekHourAt(timeMs - this.#intervalMs / 2), kw, weight);
      totals.energyKwh += kwh;
      if (!slots) return;
      slots.add(timeMs - this.#intervalMs, timeMs, kwh);
      const period = this.#periodOf(timeMs);
      this.#energyKwh[period] = (this.#energyKwh[period] as number) + kwh;
      if (!isFirst) return;
      this.#coveredH[period] = (this.#coveredH[period] as number) + weight;
      this.#hours += weight;
    };
  }

  #addUnits(timeMs: number, units: number): void {
    const period = this.#periodOf(timeMs);
    this.productionUnits += units;
    this.#units[period] = (this.#units[period] as number) + units;
  }

  #addTemp(timeMs: number, tempC: number): void {
    if (Number.isNaN(tempC)) return;
    const period = this.#periodOf(timeMs);
    this.#tempSumC[period] = (this.#tempSumC[period] as number) + tempC;
    this.#tempCount[period] = (this.#tempCount[period] as number) + 1;
  }

  /** A reading belongs to the period that contains the middle of its interval. */
  #periodOf(timeMs: number): number {
    return this.#time.periodAt(timeMs - this.#intervalMs / 2);
  }
}

/** The carriers of a machine type, electricity first. */
function carriersOf(type: MachineType): readonly CarrierUse[] {
  return CARRIERS.flatMap((carrier) =>
    type.channels
      .filter(({ name }) => carrierOf(name) === carrier)
      .map((channel): CarrierUse => {
        const { name, fields } = channel;
        const derived = carrierColumns(type, channel);
        const column = (wanted: string): Derived => {
          const at = fields.find((field) => field.name === wanted)?.column as number;
          return derived[wanted] ?? ((values, from) => values[from + at] as number);
        };
        return {
          channel: name,
          carrier: carrier.name,
          isTaken: !carrier.flow || fields.some(({ key }) => key === type.fuel?.amount),
          powerKw: column('power_kw'),
          energyKwh: column('energy_kwh'),
        };
      }),
  );
}
