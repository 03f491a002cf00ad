import type { Field } from './field.ts';
import type { MachineType } from './machine.ts';
import type { DefectValue } from './occurrence.ts';

/** The values of a defect's keys, by their names in a scenario file. */
export type DefectValues = Readonly<Record<string, DefectValue>>;

/**
 * A kind of defect of an instrument, its wiring, register, clock or delivery. Classes act in this
 * order: wiring, register, value, time, delivery.
 *
 * A defect changes what is told and never the machine: the physics, alerts, modes, costs and the
 * sums of a main meter follow the true reading. Each kind is a file of `defects/`; its position in
 * that list is its bit in the labels of a batch.
 */
export type Defect = ValueDefect | WiringDefect | RegisterDefect | TimeDefect | DeliveryDefect;

interface AnyDefect {
  /** Name in scenarios and labels: `stuck`, `ct_reversed`. */
  readonly kind: string;
  /** What is wrong, in a sentence. */
  readonly about: string;
  /** The keys that it takes besides those of every defect. */
  readonly keys: Readonly<Record<string, DefectKey>>;
  /** Whether it takes `ramp`, `curve` and `fade`. */
  readonly isGrowing?: true;
  /** Whether it happens at one instant, so that it has no end. */
  readonly isInstant?: true;
  /** The longest that it may last, for a kind that must end [s]. */
  readonly durationMaxS?: number;
  /** What is wrong with values that are each accepted; undefined if they go together. */
  conflict?(values: DefectValues): { readonly key: string; readonly message: string } | undefined;
}

/** A defect of single values; scenarios name the fields on which it acts. */
export interface ValueDefect extends AnyDefect {
  readonly class: 'value';
  /** Whether it also acts on a field without a value. */
  readonly fillsGaps?: true;
  /** Whether it tells `heldValue`. */
  readonly isHolding?: true;
  /** Why it cannot act on a field, as the end of a sentence; undefined if it can. */
  refuses(field: Field, type: MachineType, values: DefectValues): string | undefined;
  /** What is told in place of `x`, before rounding; NaN for no value. */
  tell(x: number, acting: ActingOnValue): number;
}

/** A defect of the current transformers of one meter. */
export interface WiringDefect extends AnyDefect {
  readonly class: 'wiring';
  /** Changes the wiring in place. */
  wire(wiring: Wiring, values: DefectValues): void;
}

/** A defect of an energy register, in whole milliwatt-hours. */
export interface RegisterDefect extends AnyDefect {
  readonly class: 'register';
  /**
   * @param mwh - The register before.
   * @param atBeginMwh - The sound register when the defect began.
   */
  show(mwh: number, atBeginMwh: number, values: DefectValues): number;
}

/** A defect of the clock of a machine's instruments. */
export interface TimeDefect extends AnyDefect {
  readonly class: 'time';
  /** How far the told time is ahead of the true one [s]. */
  aheadS(tS: number, acting: Acting): number;
}

/** A defect of the delivery of whole messages. */
export interface DeliveryDefect extends AnyDefect {
  readonly class: 'delivery';
  /** Changes how a message is delivered, in place. */
  deliver(delivery: Delivery, acting: Acting): void;
}

/** How the three channels of a meter are wired. */
export interface Wiring {
  /** The current that each channel shows, relative to that which it measures. */
  readonly gains: [number, number, number];
  /** The phase that each channel measures: 0, 1, 2. */
  phases: readonly [number, number, number];
}

/** How a message is delivered. */
export interface Delivery {
  /** The true time of its reading [ms]. */
  readonly timeMs: number;
  /** Time between two readings of its machine [ms]. */
  readonly intervalMs: number;
  /** When it is delivered [ms]; infinite if never. */
  receivedMs: number;
  /** How much later it is delivered once more [ms]; NaN if it is not. */
  repeatedAfterMs: number;
}

/** A defect that acts on a reading. */
export interface Acting {
  /** Without draws: those for each reading have been made. */
  readonly values: DefectValues;
  readonly beginS: number;
  readonly endS: number;
  /** How far it has grown, 0 to 1. */
  readonly growth: number;
  /** Time since it began [s]. */
  readonly ageS: number;
}

/** A defect that acts on a value of a reading. */
export interface ActingOnValue extends Acting {
  /** The true value in the last reading that had been made when it began. */
  readonly heldValue: number;
  /** A number of mean 0 and variance 1 within ±4.88, another one for each reading and field. */
  readonly noise: number;
}

/** A key of a kind of defect. */
export interface DefectKey {
  readonly about: string;
  readonly type:
    | {
        /** A number, in the unit of the field or as `about` says; `isAbove`: greater than `min`. */
        readonly is: 'number';
        readonly min: number;
        readonly max: number;
        readonly isAbove?: true;
        readonly isWhole?: true;
      }
    /** A length of time [s]. */
    | { readonly is: 'duration'; readonly min: number; readonly max: number }
    /** One of some names; `refuses` says which go with a field. */
    | { readonly is: 'choice'; readonly names: readonly string[] }
    /** Some of L1, L2, L3, in their order in the file. */
    | { readonly is: 'phases'; readonly min: number; readonly max: number }
    /** A time zone; the factory's by default. */
    | { readonly is: 'zone' };
  /** Without it, and without `isOptional`, the key is required. */
  readonly default?: number | string | readonly string[];
  readonly isOptional?: true;
  /** Whether a draw is made anew for each reading, not once for each occurrence. */
  readonly isEachReading?: true;
}

/** Longest delay of a message [s], so that what is delivered in a window is a function of time. */
export const DELAY_MAX_S = 7 * 86_400;
