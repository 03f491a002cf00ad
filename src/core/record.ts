/** Numbers by name: parameters, or a state. */
type NumberRecord = Record<string, number>;
type Copy = (record: Readonly<NumberRecord>, rest?: Readonly<NumberRecord>) => NumberRecord;

/** By the keys, in their order. */
const copies = new Map<string, Copy>();

/**
 * A copy of a record of numbers: all records of the same keys have one hidden class in V8, with
 * every field a double. A spread would not do: after some kinds of records it gives another class,
 * and then all code that was compiled for the first is thrown away and compiled again.
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
 * A function that adds fields of 0 to records of the same keys, where they lack them. Its results
 * are of one hidden class, as those of {@link copyOf}.
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
 * Has V8 keep every field of records like this one as a double from now on; spoils this one. A
 * field that has held whole numbers only is kept as an integer, and the first other number in it
 * makes a hidden class anew.
 */
function forceDoubleFields(record: NumberRecord): void {
  for (const key in record) record[key] = 0.5;
}

/** @throws TypeError for a key that is none of a parameter or a state. */
function compileCopy(keys: readonly string[], rest: readonly string[] = []): Copy {
  const field = (from: string) => (key: string) => {
    if (!/^[a-z][A-Za-z0-9]*$/.test(key)) throw new TypeError(`not a key: ${key}`);
    return `${key}: ${from}.${key}`;
  };
  const fields = [...keys.map(field('record')), ...rest.map(field('rest'))];
  return new Function('record', 'rest', `return { ${fields.join(', ')} };`) as Copy;
}
