/**
 * What was made for an object, made once and kept for as long as the object lives. The object that
 * was asked for last is answered without a look-up: rows come in runs of one machine and one type.
 */
export class Memo<Key extends object, Value> {
  readonly #make: (key: Key) => Value;
  readonly #made = new WeakMap<Key, Value>();
  #lastKey: Key | undefined;
  #lastValue: Value | undefined;

  constructor(make: (key: Key) => Value) {
    this.#make = make;
  }

  of(key: Key): Value {
    return key === this.#lastKey ? (this.#lastValue as Value) : this.#lookUp(key);
  }

  #lookUp(key: Key): Value {
    let value = this.#made.get(key);
    if (value === undefined && !this.#made.has(key)) {
      value = this.#make(key);
      this.#made.set(key, value);
    }
    this.#lastKey = key;
    this.#lastValue = value;
    return value as Value;
  }
}

/**
 * A memo of the views through which bytes are written that a caller gives. Callers do well to give
 * the same arrays again: a view costs as much as a message.
 */
export function viewMemo(): Memo<Uint8Array, DataView> {
  return new Memo((bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
