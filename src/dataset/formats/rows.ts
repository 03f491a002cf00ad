/** What a column is read as; a time becomes milliseconds since the epoch. */
export type ColumnKind = 'time' | 'number' | 'text';
/** The columns that are wanted of a table, by name. */
export type WantedColumns = Readonly<Record<string, ColumnKind>>;

/** Some rows of a table, by column. */
export class Rows {
  readonly length: number;
  readonly #numbers: ReadonlyMap<string, Float64Array>;
  readonly #texts: ReadonlyMap<string, readonly string[]>;

  constructor(
    length: number,
    numbers: ReadonlyMap<string, Float64Array>,
    texts: ReadonlyMap<string, readonly string[]>,
  ) {
    this.length = length;
    this.#numbers = numbers;
    this.#texts = texts;
  }

  /**
   * A column of times or numbers; NaN where a row has no value.
   *
   * @throws RangeError for a column that was not asked for.
   */
  numbers(name: string): Float64Array {
    return this.#numbers.get(name) ?? unasked(name);
  }

  /**
   * A column of texts; empty where a row has none.
   *
   * @throws RangeError for a column that was not asked for.
   */
  texts(name: string): readonly string[] {
    return this.#texts.get(name) ?? unasked(name);
  }
}

function unasked(name: string): never {
  throw new RangeError(`the column ${name} was not asked for`);
}
