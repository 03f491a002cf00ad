/**
 * A kind of instrument defect: something wrong with an instrument, its wiring or its register.
 *
 * A defect changes what a reading tells and never the machine: its physics, its statuses, its
 * alerts, what its faults cost and what a main meter adds up stay those of the true reading. Each
 * kind is a file of `defects/`, and its place in their list is its bit in the labels of a batch.
 */
export interface Defect {
  /** Name in labels: `stuck`, `ct_reversed`. */
  readonly kind: string;
  /** What is wrong, in a sentence. */
  readonly about: string;
}

/**
 * A defect of one machine. Those of a machine act one after the other on the row that the model
 * has written, with noise and rounded: first wiring, then the register, then single values in the
 * order of their beginnings. What they tell is rounded to the field's decimals again. Defects of
 * the clock and of the delivery leave the row as it is: they act where its time is told and where
 * it is delivered, after all of these.
 */
export interface MachineDefect {
  /** The bit of its kind. */
  readonly label: number;
  /** It acts on readings with `fromS` < t ≤ `untilS`, by their true time. */
  readonly fromS: number;
  readonly untilS: number;
  /**
   * Changes the row that starts at `at`, in place. It must be a function of that row and its time
   * alone, so that readings are the same wherever a reader started.
   */
  apply(values: Float64Array, at: number, tS: number): void;
}
