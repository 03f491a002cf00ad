import type { Incident } from './anomaly.ts';
import type { MachineType, Values } from './machine.ts';
import type { DefectOccurrence, StoryKey } from './occurrence.ts';
import type { Random } from './random.ts';
import type { NetworkName, Site } from './site.ts';

/** One machine of a factory, as the engine sees it. Nothing here changes while it runs. */
export interface Machine {
  readonly id: string;
  readonly name: string;
  readonly factoryId: string;
  readonly type: MachineType;
  readonly intervalMs: number;
  /** First three levels of its topics: `factory/demo/compressor-1`. */
  readonly topic: string;
  /** Parameters of the healthy machine and the constants derived from them. */
  readonly parameters: Readonly<Values<string>>;
  readonly site: Site;
  readonly random: Random;
  /** Faults planned in the factory description. */
  readonly scenario: readonly PlannedFault[];
  /** What stories do to it; undefined if none of them ever touches it. */
  readonly story?: MachineStory;
  /** When its energy register stood at 0 [s]; undefined for a machine without one. */
  readonly registerFromS?: number;
  /** The machines that a main meter measures. */
  readonly metered?: readonly Machine[];
}

/** What stories do to one machine, as functions of time. */
export interface MachineStory {
  /** Equal for machines to which the same events happen. */
  readonly key: string;
  /** Whether a defect ever acts on it. */
  readonly hasDefects: boolean;
  /** The faults that act within a span, each to its planned end. */
  incidents(fromS: number, toS: number): readonly Incident[];
  /** The defects that act within a span, by begin, then place in the file, then file. */
  defects(fromS: number, toS: number): readonly ToldDefect[];
  /** When stories switch it off and on, or it comes and leaves; undefined if they never do. */
  readonly presence?: Presence;
  /** What it is as time goes by; undefined if no change ever touches it. */
  readonly epochs?: Epochs;
}

/** What stories say about whether a machine runs. */
export interface Presence {
  at(tS: number): {
    /** Whether it belongs to the factory. */
    readonly isThere: boolean;
    /** Whether a story has it stand. */
    readonly isStopped: boolean;
    /** Its type, since a machine of another type in its place is a new one. */
    readonly type: string;
  };
  /** The instants within (`fromS`, `toS`] at which that may change, in order. */
  boundaries(fromS: number, toS: number): readonly number[];
}

/** A span, from `fromS` until just before `untilS`, in which a machine is described alike. */
export interface Epoch {
  readonly machine: Pick<Machine, 'type' | 'parameters' | 'site'>;
  readonly fromS: number;
  /** The end, or an earlier instant at which to ask again. */
  readonly untilS: number;
}

/** A machine under changes of its factory. */
export interface Epochs {
  at(tS: number): Epoch;
}

/** A defect of a machine, with the event that causes it. */
export interface ToldDefect {
  readonly story: StoryKey;
  /** Id of the event in its story. */
  readonly event: string;
  readonly occurrence: DefectOccurrence;
}

/** A fault planned in a factory description. */
export interface PlannedFault {
  readonly type: string;
  /** Seconds since the epoch. */
  readonly startS: number;
  readonly durationS: number;
  readonly severity: number;
}

/** A machine as the registry or a factory file describes it. */
export interface MachineDescription {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly ratedPowerKw: number;
  readonly intervalS: number;
  readonly topic: string;
  /** Overrides of the type's defaults. */
  readonly parameters?: Readonly<Partial<Values<string>>>;
  readonly faults?: readonly PlannedFault[];
  /** Whether it has an energy register; as its factory says, if not given. */
  readonly energyRegister?: boolean;
  /** When it was added to a running factory [s]: its register counts from then on. */
  readonly addedS?: number;
  readonly description?: string;
}

/** Production required during part of the local day. */
export interface Shift {
  /** Minutes after local midnight. A shift that ends before it starts continues past midnight. */
  readonly startMinute: number;
  readonly endMinute: number;
  /** Share of full production. */
  readonly loadShare: number;
  /**
   * Weekdays on which the shift starts, 0 (Sunday) to 6 (Saturday); it then runs to its end,
   * whatever the next day is. Without `days` the shift runs Monday to Friday and never outside
   * those days.
   */
  readonly days?: readonly number[];
}

/** A shift that runs once, on any kind of day. */
export interface ExtraShift extends Omit<Shift, 'days'> {
  /** Local date on which it starts: `2026-10-03`. */
  readonly date: string;
}

/** Days on which a factory is closed. */
export interface Closure {
  /** Local dates, both inclusive. */
  readonly from: string;
  readonly to: string;
  /** Share of full production that continues. */
  readonly loadShare: number;
}

/** The public holidays of a country or region. */
export interface PublicHolidays {
  /** ISO 3166: `DE`. */
  readonly country: string;
  /** A state, or a region within a state: `BY`, `BY-A`. */
  readonly region?: string;
  /** Local dates of the holidays. */
  readonly dates: readonly string[];
}

/** When a factory works. */
export interface CalendarDescription {
  readonly shifts: readonly Shift[];
  /** Share of full production outside all shifts. */
  readonly restShare: number;
  /** Share of full production on Saturdays, Sundays and holidays. */
  readonly weekendShare: number;
  /** Local dates that count as weekend: `2026-12-25`. */
  readonly holidays: readonly string[];
  /** Public holidays, which also count as weekend. */
  readonly publicHolidays?: PublicHolidays;
  readonly closures?: readonly Closure[];
  readonly extraShifts?: readonly ExtraShift[];
}

/**
 * The demand on a network of a factory, in the unit of the network ({@link NetworkName}). Anything
 * omitted defaults to a usual share of what the suppliers can deliver.
 */
export interface NetworkDescription {
  /** Constant demand. */
  readonly base?: number;
  /** Demand at full production of everything that is not simulated as a machine. */
  readonly process?: number;
  /** Demand per kelvin of outdoor temperature below 15 °C. */
  readonly heatingPerK?: number;
  /** Constant loss. */
  readonly leak?: number;
  /** Demand of each machine at full activity, by name; the default is usual for its type. */
  readonly consumers?: Readonly<Record<string, number>>;
  /**
   * Order in which suppliers take over, by name: 1 (the default) before 2. Suppliers with the same
   * number take turns as the first, one week each.
   */
  readonly priorities?: Readonly<Record<string, number>>;
}

/** How a factory's weather differs from the temperate default. */
export interface ClimateDescription {
  /** Mean temperature midway between the seasons [°C]. */
  readonly baseTempC: number;
  /** Offsets of the warm and the cold months from that mean [K]. */
  readonly summerOffsetK: number;
  readonly winterOffsetK: number;
}

/** A site and its machines: the first argument of the function that a factory is. */
export interface FactoryDescription {
  readonly id: string;
  readonly name: string;
  readonly timeZone: string;
  /** Degrees, north and east positive. */
  readonly latitude: number;
  readonly longitude: number;
  readonly nominalVoltageV: number;
  readonly nominalFrequencyHz: number;
  readonly climate: ClimateDescription;
  readonly calendar: CalendarDescription;
  readonly machines: readonly MachineDescription[];
  /** Networks that connect its machines. Without them, each machine follows its own plan. */
  readonly networks?: Readonly<Partial<Record<NetworkName, NetworkDescription>>>;
  /** Whether its machines have energy registers, unless they say otherwise themselves. */
  readonly energyRegister?: boolean;
  readonly location?: string;
}

/**
 * Most machines in a fleet or a file: more than one process can run, so that several share them.
 */
export const FLEET_MACHINES_MAX = 1_000_000;
