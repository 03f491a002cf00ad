/**
 * A kind of instrument defect: something wrong with an instrument, its wiring or its register.
 *
 * A defect changes the reported values and never the machine: its physics, alerts and modes, the
 * cost of its faults and the sums of a main meter stay those of the true reading. Each kind is a
 * file of `defects/`, and its place in their list is its bit in the labels of a batch.
 */
export interface Defect {
  /** Name in labels: `stuck`, `ct_reversed`. */
  readonly kind: string;
  /** What is wrong, in a sentence. */
  readonly about: string;
}

/**
 * A defect of one machine. Several act in turn on the row of a true reading, noise and rounding
 * included: first wiring, then the register, then single values by the time at which they began.
 * The result has the decimals of its field again. Defects of the clock and of delivery do not
 * change the row; they act later, where its time is published and where it is delivered.
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
