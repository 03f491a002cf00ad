import type { Batch } from '../core/batch.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import {
  DECIMALS_MAX,
  DIGITS,
  MINUS,
  NUMBER_BYTES_MAX,
  THOUSANDTHS,
  TRIMMED_LENGTHS,
  writeDecimal,
} from './decimal.ts';
import { FieldTexts, isText, SLACK_BYTES, type TableField, Utf8Constant } from './texts.ts';
import { TIME_BYTES_MAX } from './time.ts';

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
  readonly field: TableField;
  readonly lead: string;
  /** Whether the interface promises that it is never null. */
  readonly isRequired: boolean;
}

/** A column with everything that is constant over all rows. */
interface PreparedColumn {
  readonly lead: Utf8Constant;
  /** Position in a row of values. */
  readonly column: number;
  readonly decimals: number;
  /** Whether its numbers are mostly large. */
  readonly isTotal: boolean;
  /** The texts that its numbers represent, if any. */
  readonly texts: FieldTexts<Utf8Constant> | undefined;
  readonly isRequired: boolean;
}

/** Writes the columns of a row from `at` on; returns the index after the last byte. */
type ColumnCode = (view: DataView, at: number, batch: Batch, row: number) => number;

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
      lead: new Utf8Constant(lead),
      column: field.column,
      decimals: checkedDecimals(field),
      isTotal: field.isTotal === true,
      isRequired,
      texts: textsOf(field, text),
    }));
    this.#none = new Utf8Constant(none);
    this.#tail = new Utf8Constant(tail);
    this.write = compileColumns(this.#columns, tail, (...of) => this.#writeGeneric(...of));
    this.bytesMax = this.#columns.reduce(
      (sum, { lead, texts }) => sum + lead.length + (texts ? TEXT_BYTES_MAX : NUMBER_BYTES_MAX),
      this.#tail.length,
    );
  }

  #writeGeneric(view: DataView, at: number, batch: Batch, row: number): number {
    const columns = this.#columns;
    const { values } = batch;
    for (let i = 0; i < columns.length; i++) {
      const { lead, column, decimals, texts, isRequired } = columns[i] as PreparedColumn;
      const value = values[row * ROW_WIDTH + column] as number;
      at = lead.write(view, at);
      if (!Number.isFinite(value)) {
        if (isRequired) throw missing(batch, row, column);
        at = this.#none.write(view, at);
      } else if (texts) at = texts.of(value).write(view, at);
      else at = writeDecimal(view, at, value, decimals);
    }
    return this.#tail.write(view, at);
  }
}

/**
 * Compiles a writer for some columns and the tail after the last one.
 *
 * Leads are compiled in as doubles and words, and each number takes a division, two look-ups and
 * two stores (docs/adr/0002). The code is made of numbers alone: bytes of leads, columns and
 * decimals, never of a name as it is spelt.
 *
 * @param fallback - Writes the rows that the code cannot: those with a missing value, or with four
 *   or more digits before the point in a field that is not a total.
 */
function compileColumns(
  columns: readonly PreparedColumn[],
  tail: string,
  fallback: ColumnCode,
): ColumnCode {
  const body = [
    '"use strict";',
    'return (view, start, batch, row) => {',
    'const values = batch.values;',
    `const from = row * ${ROW_WIDTH};`,
    'let at = start, value = 0, units = 0, rest = 0, word = 0;',
    'quick: {',
    ...columns.map((column, i) =>
      [
        storesOf(column.lead.text),
        `value = values[from + ${column.column}];`,
        column.texts ? textCode(i) : column.isTotal ? totalCode(column) : numberCode(column),
      ].join('\n'),
    ),
    storesOf(tail),
    'return at;',
    '}',
    'return fallback(view, start, batch, row);',
    '};',
  ];
  const names = ['texts', 'digits', 'thousandths', 'trimmedLengths', 'writeDecimal', 'fallback'];
  return new Function(...names, body.join('\n'))(
    columns.map(({ texts }) => texts),
    DIGITS,
    THOUSANDTHS,
    TRIMMED_LENGTHS,
    writeDecimal,
    fallback,
  ) as ColumnCode;
}

/** The texts of a field as a format writes them; undefined for a field of numbers. */
function textsOf(field: TableField, text: NullAndTextFormat['text']) {
  // Formats write true and false as they are, without quotes.
  if (field.kind === 'flag') return new FieldTexts(field, (word) => new Utf8Constant(word));
  if (!isText(field)) return undefined;
  return new FieldTexts(field, (word) => constantWithin(text(word), TEXT_BYTES_MAX));
}

/** Code that stores a constant text; up to seven bytes after it are overwritten. */
function storesOf(text: string): string {
  const utf8 = new TextEncoder().encode(text);
  const padded = new DataView(new ArrayBuffer(utf8.length + 8));
  for (const [i, byte] of utf8.entries()) padded.setUint8(i, byte);
  const stores: string[] = [];
  for (let i = 0; i < utf8.length; i += 8) {
    const left = utf8.length - i;
    if (left === 1) stores.push(`view.setUint8(at + ${i}, ${padded.getUint8(i)});`);
    else if (left <= 4) stores.push(`view.setInt32(at + ${i}, ${padded.getInt32(i, true)}, true);`);
    else stores.push(`view.setFloat64(at + ${i}, ${padded.getFloat64(i, true)}, true);`);
  }
  return utf8.length === 0 ? '' : `${stores.join('\n')}\nat += ${utf8.length};`;
}

function textCode(i: number): string {
  return `if (!(value - value === 0)) break quick;
at = texts[${i}].of(value).write(view, at);`;
}

/** Code for numbers that are mostly beyond ±1,000. */
function totalCode({ decimals }: PreparedColumn): string {
  return `if (!(value - value === 0)) break quick;
at = writeDecimal(view, at, value, ${decimals});`;
}

/** Digits of a number within ±1,000: those before the point, then up to six after it. */
function numberCode({ decimals }: PreparedColumn): string {
  const scale = Number(`1e${decimals}`);
  return [
    // A value that rounds to zero has no sign. No branch: V8 would first compile only the common
    // side.
    `word = value <= ${-1 / scale} ? 1 : 0;`,
    `view.setUint8(at, ${MINUS});`,
    'at += word;',
    `value = value * (${scale} - ${2 * scale} * word) + 0.5;`,
    `if (!(value >= 0.5 && value < ${1000 * scale})) break quick;`,
    'units = value | 0;',
    decimals === 0 ? 'word = units;' : `word = (units / ${scale}) | 0;`,
    `rest = units - ${scale} * word;`,
    'word = digits[word];',
    'view.setInt32(at, word, true);',
    'at += word >>> 24;',
    decimals === 0 ? '' : decimals <= 3 ? threeDecimals(scale) : sixDecimals(scale),
  ].join('\n');
}

function threeDecimals(scale: number): string {
  return `rest *= ${1000 / scale};
view.setInt32(at, thousandths[rest], true);
at += trimmedLengths[rest];`;
}

function sixDecimals(scale: number): string {
  return `rest *= ${1_000_000 / scale};
word = (rest / 1000) | 0;
rest -= 1000 * word;
view.setInt32(at, thousandths[word], true);
if (rest === 0) at += trimmedLengths[word];
else {
view.setInt32(at + 4, thousandths[rest] >>> 8, true);
at += 3 + trimmedLengths[rest];
}`;
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

function checkedDecimals({ name, decimals }: TableField): number {
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
