import { type Field, type FieldKind, OPERATING_MODES } from '../core/field.ts';
import type { MachineType } from '../core/machine.ts';
import { defects } from '../defects/index.ts';
import { Memo } from '../runtime/memo.ts';

/** Stores are eight bytes wide, so up to seven bytes after a text are overwritten. */
export const SLACK_BYTES = 7;

/**
 * A constant text, encoded as UTF-8 once and copied from then on.
 *
 * It is copied eight bytes at a time, as the double that they spell: the messages of a reading
 * then take 600 ns, where `Uint8Array.set` needs 930 and a loop over bytes 1,400 (bench/encoding).
 * No double is changed on the way, since none is a NaN: that takes a byte 0xFF, or 0x7F after 0xF0
 * or more, and UTF-8 has neither.
 */
export class Utf8Constant {
  readonly text: string;
  /** Bytes of the text. */
  readonly length: number;
  readonly #source: DataView;

  constructor(text: string) {
    const utf8 = new TextEncoder().encode(text);
    const padded = new Uint8Array(8 * Math.ceil(utf8.length / 8));
    padded.set(utf8);
    this.text = text;
    this.length = utf8.length;
    this.#source = new DataView(padded.buffer);
  }

  /**
   * Writes the text from `at` on; up to {@link SLACK_BYTES} after it become zeros.
   *
   * @returns The index after its last byte.
   * @throws RangeError if the view is too short.
   */
  write(view: DataView, at: number): number {
    const source = this.#source;
    const length = this.length;
    for (let i = 0; i < length; i += 8) view.setFloat64(at + i, source.getFloat64(i, true), true);
    return at + length;
  }
}

/** A column of values: a field of a machine, or something said about its reading. */
export interface TableField extends Omit<Field, 'kind'> {
  /** A flag is true or false. */
  readonly kind: FieldKind | 'flag';
}

/** Whether a field's numbers stand for texts. */
export function isText({ kind }: TableField): boolean {
  return kind === 'mode' || kind === 'text';
}

/**
 * The text that a number of a field of kind `flag`, `mode` or `text` stands for.
 *
 * @throws RangeError if it stands for none.
 */
export function fieldText({ kind, name, text }: TableField, code: number): string {
  if (kind === 'flag') return code === 0 ? 'false' : 'true';
  const word = kind === 'mode' ? OPERATING_MODES[code] : text?.(code);
  if (word === undefined) throw new RangeError(`${name}: ${code} stands for no text`);
  return word;
}

/** Texts cached per field: more than the recipes of a plant and the batches of a day. */
const TEXTS_MAX = 1024;

/** Values derived from the texts of a field, each computed once. */
export class FieldTexts<Value> {
  readonly #field: TableField;
  readonly #make: (text: string) => Value;
  readonly #made = new Map<number, Value>();
  /** Caches the last look-up, because modes and recipes last for many readings. */
  #lastCode = Number.NaN;
  #lastValue: Value;

  constructor(field: TableField, make: (text: string) => Value) {
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

/** What the columns after the fields of a reading say of it, and their names. */
export const ROW_LABELS = {
  /** Whether an anomaly acts, and its type. */
  anomaly: ['anomaly', 'anomaly_type'],
  /** Whether an instrument defect acts, and its kind. */
  defect: ['defect', 'defect_kind'],
  /** When it was delivered. */
  received: ['received_at'],
} as const;

/** One of {@link ROW_LABELS}; they are written in the order of that list. */
export type RowLabel = keyof typeof ROW_LABELS;

/** Separator between the types of simultaneous anomalies. */
const BETWEEN = '+';

/** The types of the anomalies that a reading's label names: `leak`, `leak+bearing_fault`, ``. */
export function labelText(type: MachineType, label: number): string {
  return type.faultTypes.filter((_, i) => label & (1 << i)).join(BETWEEN);
}

/** The kinds of the defects that act on a reading: `stuck`, `scale;late`, ``. */
export function defectText(label: number): string {
  if (label === 0) return '';
  const known = defectTexts.get(label);
  if (known !== undefined) return known;
  const text = defects.flatMap(({ kind }, i) => (label & (1 << i) ? kind : [])).join(';');
  defectTexts.set(label, text);
  return text;
}

const defectTexts = new Map<number, string>();

/** Values derived from labels, each computed once per machine type. */
export class LabelMemo<Value> {
  readonly #types: Memo<MachineType, Map<number, Value>>;
  readonly #make: (text: string) => Value;

  /** @param make - Called with {@link labelText}. */
  constructor(make: (text: string) => Value) {
    this.#make = make;
    this.#types = new Memo(() => new Map());
  }

  of(type: MachineType, label: number): Value {
    const known = this.#types.of(type);
    let value = known.get(label);
    if (value === undefined) {
      value = this.#make(labelText(type, label));
      known.set(label, value);
    }
    return value;
  }
}
