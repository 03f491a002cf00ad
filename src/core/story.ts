import type {
  CalendarDescription,
  ClimateDescription,
  FactoryDescription,
  MachineDescription,
} from './factory.ts';
import type {
  DefectOccurrence,
  FaultOccurrence,
  Occurrence,
  Span,
  StopOccurrence,
} from './occurrence.ts';

/**
 * A story as the engine sees it: dated events of one factory, as a function of time. It says what
 * happens when; nothing in it depends on a reading.
 */
export interface Story {
  readonly name: string;
  /** The factory in which it happens. */
  readonly factoryId: string;
  /** Seed of its draws. */
  readonly seed: number;
  /** How often one of its name was told before, where a journal tells it. */
  readonly telling?: number;
  /** SHA-256 of the bytes of its file, in hexadecimal digits; undefined without a file. */
  readonly digest?: string;
  readonly about?: string;
  /** Zero of its relative times [s]; undefined if it has none. */
  readonly startS?: number;
  readonly periods?: Readonly<Partial<Record<PeriodName, Span>>>;
  /** In the order of the file. */
  readonly events: readonly StoryEvent[];
}

/** Parts of the time of a dataset, for graders. */
export const PERIOD_NAMES = ['train', 'baseline', 'implementation', 'reporting', 'test'] as const;
/** The name of a period. */
export type PeriodName = (typeof PERIOD_NAMES)[number];

/**
 * What an event is: something wrong with a machine, something wrong with an instrument, another
 * factory from a date on, or machines that are switched off.
 */
export type StoryEvent = FaultEvent | DefectEvent | ChangeEvent | StopEvent;

/** Something wrong with a machine. */
export type FaultEvent = EventOf<'fault', FaultOccurrence>;
/** Something wrong with an instrument. */
export type DefectEvent = EventOf<'defect', DefectOccurrence>;
/** Another factory from a date on. */
export type ChangeEvent = EventOf<'change', ChangeOccurrence> & {
  /** Whether its occurrences add, remove or replace machines. */
  readonly movesMachines?: boolean;
  /** All machines that they add. */
  readonly adds?: readonly MachineDescription[];
};
/** Machines that are switched off. */
export type StopEvent = EventOf<'stop', StopOccurrence>;

/** An event of a story, which may occur many times, or never end. */
interface EventOf<Class extends string, O extends Occurrence> {
  readonly class: Class;
  /** Unique within its story. */
  readonly id: string;
  /** Ids of all machines that an occurrence may name; empty for a change of the whole factory. */
  readonly machineIds: readonly string[];
  readonly note?: string;
  /** The occurrences that act within a span (`beginS` < `toS`, `endS` > `fromS`), by begin. */
  between(fromS: number, toS: number): readonly O[];
}

/** Why a factory was changed. */
export const CHANGE_REASONS = ['measure', 'non_routine', 'routine'] as const;
/** A reason for a change. */
export type ChangeReason = (typeof CHANGE_REASONS)[number];

/** A factory that is another one from a date on. What is absent stays as it is. */
export interface ChangeOccurrence extends Occurrence {
  readonly as: ChangeReason;
  readonly machine?: MachineChange;
  readonly add?: readonly MachineDescription[];
  /** Ids of the machines that leave. */
  readonly remove?: readonly string[];
  readonly calendar?: CalendarDescription;
  readonly networks?: NonNullable<FactoryDescription['networks']>;
  readonly climate?: ClimateDescription;
}

/** What changes of one machine. */
export interface MachineChange {
  readonly id: string;
  readonly ratedPowerKw?: number;
  /** Merged over those of the machine, by their keys in the model. */
  readonly parameters?: Readonly<Record<string, number>>;
  /** A machine of this type in its place, with the defaults of the type. */
  readonly type?: string;
}
