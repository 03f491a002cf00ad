import type { Batch } from '../core/batch.ts';
import type { Field } from '../core/field.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import { type CodedColumn, type ColumnCode, compileColumns } from './column-code.ts';
import { DECIMALS_MAX, NUMBER_BYTES_MAX, writeDecimal } from './decimal.ts';
import { FieldTexts, isText } from './field-texts.ts';
import { TIME_BYTES_MAX } from './time.ts';
import { SLACK_BYTES, Utf8Constant } from './utf8-constant.ts';

/**
 * Bytes that an encoder may need from `at` on for any output: a message, a line, a header. A line
 * of 32 numbers takes 2,000, a status with every alert of a type 4,000. Each machine type is
 * checked against it when its first row is written. The bytes between the end of a text and this
 * limit may be overwritten.
 */
export const MESSAGE_BYTES_MAX = 8192;

/** A machine's id, quoted: they are UUIDs of 36 characters, and never much longer names. */
export const ID_BYTES_MAX = 256;

/** Times and id of a message with the text between them, and the slack overwritten after it. */
export const HEAD_BYTES_MAX = 2 * TIME_BYTES_MAX + ID_BYTES_MAX + 64 + SLACK_BYTES;

/** A text of a reading, quoted: 100 characters fit its column, each six bytes if escaped. */
const TEXT_BYTES_MAX = 602;

/** How a format writes a missing value, and a text. */
export interface NullAndTextFormat {
  readonly none: string;
  text(text: string): string;
}

/** A field of a row and the text before its value: a comma, a key. */
export interface Column {
  readonly field: Field;
  readonly lead: string;
  /** Whether the interface promises that it is never null. */
  readonly isRequired: boolean;
}

/** A column with everything that is constant over all rows. */
interface PreparedColumn extends CodedColumn {
  readonly leadBytes: Utf8Constant;
  readonly isRequired: boolean;
}

/** Writes some fields of a row in the given order. */
export class ColumnWriter {
  /** Most bytes that it writes. */
  readonly bytesMax: number;
  /**
   * Writes the fields of row `row` from `at` on.
   *
   * @returns The index after the last byte.
   * @throws Error for a value that must not be missing.
   */
  readonly write: ColumnCode;
  readonly #columns: readonly PreparedColumn[];
  readonly #none: Utf8Constant;
  readonly #tail: Utf8Constant;

  /** @param tail - Text after the last value. */
  constructor(columns: readonly Column[], tail: string, { none, text }: NullAndTextFormat) {
    this.#columns = columns.map(({ field, lead, isRequired }) => ({
      lead,
      leadBytes: new Utf8Constant(lead),
      column: field.column,
      decimals: checkedDecimals(field),
      isRequired,
      texts: isText(field)
        ? new FieldTexts(field, (word) => constantWithin(text(word), TEXT_BYTES_MAX))
        : undefined,
    }));
    this.#none = new Utf8Constant(none);
    this.#tail = new Utf8Constant(tail);
    this.write = compileColumns(this.#columns, tail, (...of) => this.#writeGeneric(...of));
    this.bytesMax = this.#columns.reduce(
      (sum, { leadBytes, texts }) =>
        sum + leadBytes.length + (texts ? TEXT_BYTES_MAX : NUMBER_BYTES_MAX),
      this.#tail.length,
    );
  }

  #writeGeneric(view: DataView, at: number, batch: Batch, row: number): number {
    const columns = this.#columns;
    const { values } = batch;
    for (let i = 0; i < columns.length; i++) {
      const { leadBytes, column, decimals, texts, isRequired } = columns[i] as PreparedColumn;
      const value = values[row * ROW_WIDTH + column] as number;
      at = leadBytes.write(view, at);
      if (!Number.isFinite(value)) {
        if (isRequired) throw missing(batch, row, column);
        at = this.#none.write(view, at);
      } else if (texts) at = texts.of(value).write(view, at);
      else at = writeDecimal(view, at, value, decimals);
    }
    return this.#tail.write(view, at);
  }
}

/** @throws RangeError for a text of more than `bytesMax` bytes. */
export function constantWithin(text: string, bytesMax: number): Utf8Constant {
  const constant = new Utf8Constant(text);
  if (constant.length > bytesMax)
    throw new RangeError(`${text.slice(0, 40)}… takes ${constant.length} bytes, not ${bytesMax}`);
  return constant;
}

/** @throws RangeError if a text may take more than {@link MESSAGE_BYTES_MAX} bytes. */
export function checkedWithin(name: string, bytes: number): void {
  if (bytes > MESSAGE_BYTES_MAX)
    throw new RangeError(
      `${name}: a text of ${bytes} bytes; at most ${MESSAGE_BYTES_MAX} are accepted`,
    );
}

function checkedDecimals({ name, decimals }: Field): number {
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > DECIMALS_MAX)
    throw new RangeError(`${name}: ${decimals} decimals; 0 to ${DECIMALS_MAX} are accepted`);
  return decimals;
}

/** The error for a required value that a model does not provide: a bug. */
export function missing(batch: Batch, row: number, column: number): Error {
  const { id, type } = batch.machines[row] as Batch['machines'][number];
  const time = new Date(batch.timesMs[row] as number).toISOString();
  return new Error(`${type.type} ${id} has no ${type.fields[column]?.name} at ${time}`);
}
