/**
 * Caches one value per object, for the lifetime of the object. The latest object is answered
 * without a lookup, because consecutive rows often share a machine and a type.
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
 * A memo of the views used to write to a caller's byte arrays. Callers should reuse their arrays:
 * a view costs as much as a message.
 */
export function viewMemo(): Memo<Uint8Array, DataView> {
  return new Memo((bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
