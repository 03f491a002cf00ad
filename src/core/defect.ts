/**
 * A kind of instrument defect: a fault of an instrument, its wiring or its register.
 *
 * A defect changes the reported values and never the machine: the physics, alerts, modes, fault
 * costs and the sums of a main meter follow the true reading. Each kind is a file of `defects/`;
 * its position in that list is its bit in the labels of a batch.
 */
export interface Defect {
  /** Name in labels: `stuck`, `ct_reversed`. */
  readonly kind: string;
  /** What is wrong, in a sentence. */
  readonly about: string;
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
