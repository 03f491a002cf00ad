/** What a person who manages a machine's energy reads of its type: documents, not models. */
export interface Profile {
  /** What it does in each operating mode, and in what order it starts. */
  readonly states: readonly string[];
  /** What its energy goes with, and by what an EnPI is normalised (ISO 50006). */
  readonly relevantVariables: readonly string[];
  /** What changes its energy when somebody changes it, and otherwise stays (ISO 50006). */
  readonly staticFactors: readonly string[];
  /** What else wears with time, and by how much. */
  readonly wear: string;
  readonly sources: readonly string[];
  /** Keys of the fields that show best how it works, for a plot of an hour. */
  readonly plot: readonly string[];
}
