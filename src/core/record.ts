/** Numbers by name: parameters, or a state. */
type NumberRecord = Record<string, number>;
type Copy = (record: Readonly<NumberRecord>) => NumberRecord;

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
    holdDoubles(copy(record));
    copies.set(name, copy);
  }
  return copy(record);
}

/**
 * Has V8 keep every field of records like this one as a double from now on; spoils this one. A
 * field that has held whole numbers only is kept as an integer, and the first other number in it
 * makes a hidden class anew.
 */
export function holdDoubles(record: NumberRecord): void {
  for (const key in record) record[key] = 0.5;
}

/** @throws TypeError for a key that is none of a parameter or a state. */
function compileCopy(keys: readonly string[]): Copy {
  const fields = keys.map((key) => {
    if (!/^[a-z][A-Za-z0-9]*$/.test(key)) throw new TypeError(`not a key: ${key}`);
    return `${key}: record.${key}`;
  });
  return new Function('record', `return { ${fields.join(', ')} };`) as Copy;
}
