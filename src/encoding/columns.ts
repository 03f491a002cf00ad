import type { Batch } from '../core/batch.ts';
import { type Field, OPERATING_MODES } from '../core/field.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import { type CodedColumn, type ColumnCode, compileColumns } from './column-code.ts';
import { DECIMALS_MAX, NUMBER_BYTES_MAX, writeDecimal } from './decimal.ts';
import { PreparedText, SLACK_BYTES } from './prepared-text.ts';
import { TIME_BYTES_MAX } from './time.ts';

/**
 * Bytes that an encoder may need from `at` on, whatever it writes: a message, a line, a header.
 * A line of 32 numbers takes 2,000, a status with every alert of a type 4,000; each machine type
 * is checked against it when its first row is written. What lies between the end of a text and
 * this limit may be written over.
 */
export const MESSAGE_BYTES_MAX = 8192;

/** A machine's id, quoted: they are UUIDs of 36 characters, and never much longer names. */
export const ID_BYTES_MAX = 256;

/** Times and id of a message with what stands between them, and what is written over after it. */
export const HEAD_BYTES_MAX = 2 * TIME_BYTES_MAX + ID_BYTES_MAX + 64 + SLACK_BYTES;

/** A text of a reading, quoted: 100 characters fit its column, each six bytes if escaped. */
const TEXT_BYTES_MAX = 602;

/** Texts kept as bytes per field: more than the recipes of a plant and the batches of its day. */
const TEXTS_MAX = 1024;

/** How a format spells what is not a number. */
export interface Spelling {
  /** A value that does not exist. */
  readonly none: string;
  text(text: string): string;
}

/** A field of a row and what stands before its value: a comma, a key. */
export interface Column {
  readonly field: Field;
  readonly lead: string;
  /** Whether the interface promises that it is never null. */
  readonly isRequired: boolean;
}

/** A column with everything about it that is the same in every row. */
interface PreparedColumn extends CodedColumn {
  readonly prepared: PreparedText;
  readonly isRequired: boolean;
}

/** Writes some fields of a row, one after another, in the order in which they are given. */
export class ColumnWriter {
  /** The longest that it writes. */
  readonly bytesMax: number;
  /**
   * Writes the fields of row `row` from `at` on.
   *
   * @returns The index after the last byte.
   * @throws Error for a value that must not be missing.
   */
  readonly write: ColumnCode;
  readonly #columns: readonly PreparedColumn[];
  readonly #none: PreparedText;
  readonly #tail: PreparedText;

  /** @param tail - What stands after the last value. */
  constructor(columns: readonly Column[], tail: string, spelling: Spelling) {
    this.#columns = columns.map(({ field, lead, isRequired }) => ({
      lead,
      prepared: new PreparedText(lead),
      column: field.column,
      decimals: checkedDecimals(field),
      isRequired,
      texts: textsOf(field, spelling),
    }));
    this.#none = new PreparedText(spelling.none);
    this.#tail = new PreparedText(tail);
    this.write = compileColumns(this.#columns, tail, (...of) => this.#writeSlowly(...of));
    this.bytesMax = this.#columns.reduce(
      (sum, { prepared, texts }) =>
        sum + prepared.length + (texts ? TEXT_BYTES_MAX : NUMBER_BYTES_MAX),
      this.#tail.length,
    );
  }

  #writeSlowly(view: DataView, at: number, batch: Batch, row: number): number {
    const columns = this.#columns;
    const { values } = batch;
    for (let i = 0; i < columns.length; i++) {
      const { prepared, column, decimals, texts, isRequired } = columns[i] as PreparedColumn;
      const value = values[row * ROW_WIDTH + column] as number;
      at = prepared.write(view, at);
      if (!Number.isFinite(value)) {
        if (isRequired) throw missing(batch, row, column);
        at = this.#none.write(view, at);
      } else if (texts) at = texts.of(value).write(view, at);
      else at = writeDecimal(view, at, value, decimals);
    }
    return this.#tail.write(view, at);
  }
}

/** The bytes of the texts that a field's numbers stand for, made when they are first met. */
class Texts {
  readonly #textOf: (code: number) => string;
  readonly #known = new Map<number, PreparedText>();
  /** What was asked for last, as modes and recipes stay for a while. */
  #lastCode = Number.NaN;
  #last = new PreparedText('');

  constructor(textOf: (code: number) => string) {
    this.#textOf = textOf;
  }

  of(code: number): PreparedText {
    if (code !== this.#lastCode) {
      this.#last = this.#known.get(code) ?? this.#prepare(code);
      this.#lastCode = code;
    }
    return this.#last;
  }

  #prepare(code: number): PreparedText {
    const text = preparedWithin(this.#textOf(code), TEXT_BYTES_MAX);
    if (this.#known.size >= TEXTS_MAX) this.#known.clear();
    this.#known.set(code, text);
    return text;
  }
}

/** @throws RangeError for a text that takes more than so many bytes. */
export function preparedWithin(text: string, bytesMax: number): PreparedText {
  const prepared = new PreparedText(text);
  if (prepared.length > bytesMax)
    throw new RangeError(`${text.slice(0, 40)}… takes ${prepared.length} bytes, not ${bytesMax}`);
  return prepared;
}

/** @throws RangeError if what is named may take more than {@link MESSAGE_BYTES_MAX}. */
export function checkedWithin(name: string, bytes: number): void {
  if (bytes > MESSAGE_BYTES_MAX)
    throw new RangeError(`${name}: a text of ${bytes} bytes, accepted are ${MESSAGE_BYTES_MAX}`);
}

/** The text that a number of a field of kind `mode` or `text` stands for. */
export function fieldText({ kind, name, text }: Field, code: number): string {
  const word = kind === 'mode' ? OPERATING_MODES[code] : text?.(code);
  if (word === undefined) throw new RangeError(`${name}: ${code} stands for no text`);
  return word;
}

/** Whether a field's numbers are told as the texts that they stand for. */
export function isText({ kind }: Field): boolean {
  return kind === 'mode' || kind === 'text';
}

function textsOf(field: Field, spelling: Spelling): Texts | undefined {
  return isText(field) ? new Texts((code) => spelling.text(fieldText(field, code))) : undefined;
}

function checkedDecimals({ name, decimals }: Field): number {
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > DECIMALS_MAX)
    throw new RangeError(`${name}: ${decimals} decimals, accepted are 0 to ${DECIMALS_MAX}`);
  return decimals;
}

/** What is thrown where a model gives no value that the interface promises: ours to mend. */
export function missing(batch: Batch, row: number, column: number): Error {
  const { id, type } = batch.machines[row] as Batch['machines'][number];
  const time = new Date(batch.timesMs[row] as number).toISOString();
  return new Error(`${type.type} ${id} has no ${type.fields[column]?.name} at ${time}`);
}
