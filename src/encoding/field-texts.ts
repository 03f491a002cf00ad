import { type Field, OPERATING_MODES } from '../core/field.ts';

/** Whether a field's numbers stand for texts. */
export function isText({ kind }: Field): boolean {
  return kind === 'mode' || kind === 'text';
}

/**
 * The text that a number of a field of kind `mode` or `text` stands for.
 *
 * @throws RangeError if it stands for none.
 */
export function fieldText({ kind, name, text }: Field, code: number): string {
  const word = kind === 'mode' ? OPERATING_MODES[code] : text?.(code);
  if (word === undefined) throw new RangeError(`${name}: ${code} stands for no text`);
  return word;
}

/** Texts cached per field: more than the recipes of a plant and the batches of a day. */
const TEXTS_MAX = 1024;

/** Values derived from the texts of a field, each computed once. */
export class FieldTexts<Value> {
  readonly #field: Field;
  readonly #make: (text: string) => Value;
  readonly #made = new Map<number, Value>();
  /** Caches the last look-up, because modes and recipes last for many readings. */
  #lastCode = Number.NaN;
  #lastValue: Value;

  constructor(field: Field, make: (text: string) => Value) {
    this.#field = field;
    this.#make = make;
    this.#lastValue = make('');
  }

  /** @throws RangeError if the number stands for no text. */
  of(code: number): Value {
    return code === this.#lastCode ? this.#lastValue : this.#lookUp(code);
  }

  #lookUp(code: number): Value {
    let value = this.#made.get(code);
    if (value === undefined) {
      value = this.#make(fieldText(this.#field, code));
      if (this.#made.size >= TEXTS_MAX) this.#made.clear();
      this.#made.set(code, value);
    }
    this.#lastCode = code;
    this.#lastValue = value;
    return value;
  }
}
