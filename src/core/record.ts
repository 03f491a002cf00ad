/** Numbers by name: parameters or a state. */
type NumberRecord = Record<string, number>;
type Copy = (record: Readonly<NumberRecord>, rest?: Readonly<NumberRecord>) => NumberRecord;

/** By their keys, in order. */
const copies = new Map<string, Copy>();

/**
 * A copy of a record of numbers. All copies with the same keys share one hidden class in V8, with
 * every field a double. A spread does not guarantee this: for some sources it produces another
 * class, and V8 then discards and recompiles all code compiled for the first.
 */
export function copyOf(record: Readonly<NumberRecord>): NumberRecord {
  const keys = Object.keys(record);
  const name = keys.join();
  let copy = copies.get(name);
  if (!copy) {
    copy = compileCopy(keys);
    forceDoubleFields(copy(record));
    copies.set(name, copy);
  }
  return copy(record);
}

/**
 * Returns a function that adds missing fields, as 0, to records of the same keys. Its results
 * share one hidden class, like those of {@link copyOf}.
 */
export function completion(
  keys: readonly string[],
): (record: Readonly<NumberRecord>) => NumberRecord {
  const zeros = Object.fromEntries(keys.map((key) => [key, 0]));
  let complete: Copy | undefined;
  return (record) => {
    if (!complete) {
      complete = compileCopy(
        Object.keys(record),
        keys.filter((key) => !(key in record)),
      );
      forceDoubleFields(complete(record, zeros));
    }
    return complete(record, zeros);
  };
}

/**
 * Makes V8 store every field of records like this one as a double from now on; overwrites this
 * record. A field that has held only integers is stored as an integer, and the first other number
 * in it forces a new hidden class.
 */
function forceDoubleFields(record: NumberRecord): void {
  for (const key in record) record[key] = 0.5;
}

/** @throws TypeError for a key that cannot be a parameter or part of a state. */
function compileCopy(keys: readonly string[], rest: readonly string[] = []): Copy {
  const field = (from: string) => (key: string) => {
    if (!/^[a-z][A-Za-z0-9]*$/.test(key)) throw new TypeError(`not a key: ${key}`);
    return `${key}: ${from}.${key}`;
  };
  const fields = [...keys.map(field('record')), ...rest.map(field('rest'))];
  return new Function('record', 'rest', `return { ${fields.join(', ')} };`) as Copy;
}
