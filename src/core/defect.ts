import type { Field } from './field.ts';
import type { MachineType } from './machine.ts';
import type { DefectValue } from './occurrence.ts';

/** The part of a measurement in which a defect sits, in the order in which they act. */
export const DEFECT_CLASSES = ['wiring', 'register', 'value', 'time', 'delivery'] as const;
export type DefectClass = (typeof DEFECT_CLASSES)[number];

/** The values of a defect's keys, by their names in a scenario file. */
export type DefectValues = Readonly<Record<string, DefectValue>>;

/**
 * A kind of defect of an instrument, its wiring, register, clock or delivery.
 *
 * A defect changes what is told and never the machine: the physics, alerts, modes, costs and the
 * sums of a main meter follow the true reading. Each kind is a file of `defects/`; its position in
 * that list is its bit in the labels of a batch.
 */
export interface Defect {
  /** Name in scenarios and labels: `stuck`, `ct_reversed`. */
  readonly kind: string;
  /** What is wrong, in a sentence. */
  readonly about: string;
  readonly class: DefectClass;
  /** The keys that it takes besides those of every defect. */
  readonly keys: Readonly<Record<string, DefectKey>>;
  /** Whether it takes `ramp`, `curve` and `fade`. */
  readonly isGrowing?: true;
  /** Whether it happens at one instant, so that it has no end. */
  readonly isInstant?: true;
  /** The longest that it may last, for a kind that must end [s]. */
  readonly durationMaxS?: number;
  /** Why it cannot act on a field, as the end of a sentence; undefined if it can. */
  refuses?(field: Field, type: MachineType, values: DefectValues): string | undefined;
  /** What is wrong with values that are each accepted; undefined if they go together. */
  conflict?(values: DefectValues): { readonly key: string; readonly message: string } | undefined;
}

/** A key of a kind of defect. */
export interface DefectKey {
  readonly about: string;
  readonly type:
    | {
        /** A number, in the unit of the field or as `about` says; `exclusive`: above `min`. */
        readonly is: 'number';
        readonly min: number;
        readonly max: number;
        readonly isAbove?: true;
        readonly isWhole?: true;
      }
    /** A length of time [s]. */
    | { readonly is: 'duration'; readonly min: number; readonly max: number }
    /** One of some names; of machine-dependent ones, `refuses` says more. */
    | { readonly is: 'choice'; readonly names: readonly string[] }
    /** Some of L1, L2, L3, in their order in the file. */
    | { readonly is: 'phases'; readonly min: number; readonly max: number }
    /** A time zone. */
    | { readonly is: 'zone' };
  /** Without it, and without `isOptional`, the key is required. */
  readonly default?: number | string | readonly string[];
  readonly isOptional?: true;
  /** Whether a draw is made anew for each reading, not once for each occurrence. */
  readonly isEachReading?: true;
}

/**
 * A defect on one machine. Several defects act in sequence on the row of a true reading, after
 * noise and rounding: wiring first, then the register, then single values in the order in which
 * their defects began. The result is rounded to the decimals of its field. Defects of the clock
 * and of delivery leave the row alone; they act when its time is published and when it is
 * delivered.
 */
export interface MachineDefect {
  /** The bit of its kind. */
  readonly label: number;
  /** Acts on readings with `fromS` < t ≤ `untilS`, by their true time. */
  readonly fromS: number;
  readonly untilS: number;
  /**
   * Changes the row that starts at `at`, in place. The result must depend on nothing but the row
   * and its time, so that readings are the same wherever a reader started.
   */
  apply(values: Float64Array, at: number, tS: number): void;
}
