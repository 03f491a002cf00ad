import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Batch } from '../../src/core/batch.ts';
import type { Machine } from '../../src/core/factory.ts';
import type { Field } from '../../src/core/field.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import { ColumnWriter, MESSAGE_BYTES_MAX } from '../../src/encoding/columns.ts';
import { DECIMALS_MAX } from '../../src/encoding/decimal.ts';
import { fieldText, isText } from '../../src/encoding/texts.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { anyBatch, batchOf, boiler, filler, machineOf } from './sample.ts';

const SPELLING = { none: 'null', text: (text: string) => JSON.stringify(text) };
const bytes = new Uint8Array(MESSAGE_BYTES_MAX);
const view = new DataView(bytes.buffer);

/** One column for each number of decimals, with leads of 1 to 29 bytes. */
const columns = Array.from({ length: DECIMALS_MAX + 1 }, (_, decimals) => ({
  field: { kind: 'number', name: `f${decimals}`, column: decimals, decimals } as Field,
  lead: `${'é'.repeat(2 * decimals)}[${' '.repeat(decimals === 6 ? 4 : 0)}`,
  isRequired: false,
}));
const writer = new ColumnWriter(columns, '] end of it', SPELLING);

/** The text of a number in each column. */
function written(values: readonly number[]): string {
  const batch = batchOf({ machine: machineOf(boiler) });
  batch.values.set(values);
  return new TextDecoder().decode(bytes.subarray(0, writer.write(view, 0, batch, 0)));
}

function expected(values: readonly number[]): string {
  const texts = values.map((value, decimals) => {
    const scale = Number(`1e${decimals}`);
    return `${columns[decimals]?.lead}${JSON.stringify(Math.round(value * scale) / scale)}`;
  });
  return `${texts.join('')}] end of it`;
}

describe('columns of a row', () => {
  it('are the texts that JSON.stringify gives for the rounded numbers', () => {
    const number = fc.oneof(
      fc.double({ min: -1001, max: 1001, noNaN: true }),
      fc.integer({ min: -1001, max: 1001 }),
      fc.double({ min: -1e-3, max: 1e-3, noNaN: true }),
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
    );
    const row = fc.array(number, { minLength: columns.length, maxLength: columns.length });
    fc.assert(
      fc.property(row, (values) => assert.equal(written(values), expected(values))),
      { numRuns: 2000 },
    );
  });

  it('have no sign if they round to zero, and every digit just below a thousand', () => {
    for (const value of [0, -0, -0.4e-6, 0.4e-6, 999.999999, -999.999999, 1000, -1000])
      assert.equal(written(columns.map(() => value)), expected(columns.map(() => value)));
  });

  it('are those of a plain loop, for every machine type', () => {
    const types = [filler, boiler, ...machineTypes];
    const writers = new Map(
      types.map((type) => [
        type,
        new ColumnWriter(
          type.fields.map((field) => ({ field, lead: `,${field.key}:`, isRequired: false })),
          ';',
          SPELLING,
        ),
      ]),
    );
    const plain = (batch: Batch, row: number) =>
      (batch.machines[row] as Machine).type.fields
        .map((field) => {
          const value = batch.values[row * ROW_WIDTH + field.column] as number;
          const isWord = isText(field) && Number.isFinite(value);
          return `,${field.key}:${JSON.stringify(isWord ? fieldText(field, value) : value)}`;
        })
        .join('');
    fc.assert(
      fc.property(anyBatch(types), (batch) => {
        for (let row = 0; row < batch.length; row++) {
          const columns = writers.get((batch.machines[row] as Machine).type) as ColumnWriter;
          const end = columns.write(view, 0, batch, row);
          const text = new TextDecoder().decode(bytes.subarray(0, end));
          assert.equal(text, `${plain(batch, row)};`);
        }
      }),
    );
  });

  it('mark a missing value, whatever is next to it', () => {
    const values = [1, 2.5, Number.NaN, -4.125, Number.POSITIVE_INFINITY, 5, 1234.5];
    assert.equal(written(values), expected(values));
  });
});
