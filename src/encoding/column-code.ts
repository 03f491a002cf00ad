import type { Batch } from '../core/batch.ts';
import { ROW_WIDTH } from '../core/machine.ts';
import { DIGITS, MINUS, THOUSANDTHS, TRIMMED_LENGTHS } from './decimal.ts';
import type { Utf8Constant } from './utf8-constant.ts';

/** Writes the columns of a row from `at` on; returns the index after the last byte. */
export type ColumnCode = (view: DataView, at: number, batch: Batch, row: number) => number;

/** A column as the code generator needs it. */
export interface CodedColumn {
  /** The text before the value. */
  readonly lead: string;
  /** Position in a row of values. */
  readonly column: number;
  readonly decimals: number;
  /** The texts that its numbers represent, if any. */
  readonly texts: { of(code: number): Utf8Constant } | undefined;
}

/**
 * Compiles a writer for some columns and the tail after the last one.
 *
 * Leads are compiled in as doubles and words, and each number takes a
 * division, two look-ups and two stores (docs/adr/0002). The text is made of numbers alone: bytes
 * of leads, columns and decimals, never of a name as it is spelt.
 *
 * @param fallback - Writes the rows that the code cannot: those with a missing value, or with four
 *   or more digits before the point.
 *   digits or more before the point.
 */
export function compileColumns(
  columns: readonly CodedColumn[],
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
        storesOf(column.lead),
        `value = values[from + ${column.column}];`,
        column.texts ? textCode(i) : numberCode(column),
      ].join('\n'),
    ),
    storesOf(tail),
    'return at;',
    '}',
    'return fallback(view, start, batch, row);',
    '};',
  ];
  const names = ['texts', 'digits', 'thousandths', 'trimmedLengths', 'fallback'];
  return new Function(...names, body.join('\n'))(
    columns.map(({ texts }) => texts),
    DIGITS,
    THOUSANDTHS,
    TRIMMED_LENGTHS,
    fallback,
  ) as ColumnCode;
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

/** Digits of a number within ±1,000: those before the point, then up to six after it. */
function numberCode({ decimals }: CodedColumn): string {
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
