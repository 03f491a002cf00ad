import type { MachineDefect } from './defect.ts';
import type { MachineType, Values } from './machine.ts';
import type { Random } from './random.ts';
import type { NetworkName, Site } from './site.ts';

/** One machine of a factory, as the engine sees it: what does not change while it runs. */
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
  /** Faults that the factory's description plans for it. */
  readonly scenario: readonly PlannedFault[];
  /** What is wrong with its instruments, in the order in which it acts. */
  readonly defects?: readonly MachineDefect[];
  /** The machines that a main meter meters. */
  readonly metered?: readonly Machine[];
}

/** A fault that a factory's description plans. */
export interface PlannedFault {
  readonly type: string;
  /** Seconds since the epoch. */
  readonly startS: number;
  readonly durationS: number;
  readonly severity: number;
}

/** A machine as a registry or a factory file describes it. */
export interface MachineDescription {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly ratedPowerKw: number;
  readonly intervalS: number;
  readonly topic: string;
  /** Departures from the type's defaults. */
  readonly parameters?: Readonly<Partial<Values<string>>>;
  readonly faults?: readonly PlannedFault[];
  readonly description?: string;
}

/** Production that is asked for in a part of the local day. */
export interface Shift {
  /** Minutes after local midnight; a shift that ends before it starts goes on past midnight. */
  readonly startMinute: number;
  readonly endMinute: number;
  /** Share of full production. */
  readonly loadShare: number;
  /**
   * Weekdays on which it begins, 0 (Sunday) to 6 (Saturday); it then goes on to its end, whatever
   * the next day is. Without them it is worked from Monday to Friday, within these days.
   */
  readonly days?: readonly number[];
}

/** A shift that is worked once, whatever the day is otherwise. */
export interface ExtraShift extends Omit<Shift, 'days'> {
  /** The local date on which it begins: `2026-10-03`. */
  readonly date: string;
}

/** Days on which a factory is closed. */
export interface Closure {
  /** Local dates, both included. */
  readonly from: string;
  readonly to: string;
  /** Share of full production that goes on. */
  readonly loadShare: number;
}

/** The public holidays of a place. */
export interface PublicHolidays {
  /** ISO 3166: `DE`. */
  readonly country: string;
  /** A state, or a region of one: `BY`, `BY-A`. */
  readonly region?: string;
  /** The local dates that these are. */
  readonly dates: readonly string[];
}

/** When a factory works. */
export interface CalendarDescription {
  readonly shifts: readonly Shift[];
  /** Share of full production outside every shift. */
  readonly restShare: number;
  /** Share of full production on Saturdays, Sundays and holidays. */
  readonly weekendShare: number;
  /** Local dates, `2026-12-25`, that are worked like a weekend. */
  readonly holidays: readonly string[];
  /** Holidays that are worked likewise. */
  readonly publicHolidays?: PublicHolidays;
  readonly closures?: readonly Closure[];
  readonly extraShifts?: readonly ExtraShift[];
}

/**
 * What a network of a factory is asked for, in its unit ({@link NetworkName}). What is left out is
 * a usual share of what its suppliers can give.
 */
export interface NetworkDescription {
  /** Taken at any time. */
  readonly base?: number;
  /** Taken at full production by what is not simulated as a machine. */
  readonly process?: number;
  /** Taken for each kelvin that it is colder outside than 15 °C. */
  readonly heatingPerK?: number;
  /** Lost at any time. */
  readonly leak?: number;
  /** What machines take at full activity, by their names; others what is usual for their type. */
  readonly consumers?: Readonly<Record<string, number>>;
  /**
   * In which order suppliers take over, by their names: 1, if not given, before 2. Those of the
   * same number take turns in being first, a week each.
   */
  readonly priorities?: Readonly<Record<string, number>>;
}

/** How a factory's weather lies around the temperate default. */
export interface ClimateDescription {
  /** Mean temperature midway between the seasons [°C]. */
  readonly baseTempC: number;
  /** What the warm and the cold months add to it [K]. */
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
  /** Networks by which its machines take from each other; none: each follows its own plan. */
  readonly networks?: Readonly<Partial<Record<NetworkName, NetworkDescription>>>;
  readonly location?: string;
}

/** Machines of a fleet or a file: more than one process runs, for those that share them out. */
export const FLEET_MACHINES_MAX = 1_000_000;
