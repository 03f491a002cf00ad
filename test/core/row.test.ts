import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  decimal,
  ELECTRICITY,
  type Field,
  type FieldSpec,
  named,
  text,
} from '../../src/core/field.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import { compileRowWriter } from '../../src/core/row.ts';
import type { Instant } from '../../src/core/site.ts';
import { machineTypes } from '../../src/machines/index.ts';

type State = Readonly<Record<string, number>>;

/** A plain version of the compiled writer: the same row, field by field. */
function writePlain(
  fields: readonly Field[],
  state: State,
  instant: State,
  hash: number,
  noiseFactor: number,
  values: Float64Array,
  at: number,
): void {
  const columns = new Map<string, number>();
  for (const { key, column, kind, decimals, noise } of fields) {
    if (key in ELECTRICITY) continue;
    const known = columns.get(key);
    columns.set(key, known ?? column);
    const value = (key.startsWith('outdoor') ? instant[key] : state[key]) as number;
    if (known !== undefined) values[at + column] = values[at + known] as number;
    else if (kind !== 'number') values[at + column] = value;
    else {
      const error = noise ? noiseFactor * white(hash, column) : 0;
      const noisy = noise?.share
        ? value * (1 + noise.share * error)
        : value + (noise?.offset ?? 0) * error;
      const scale = Number(`1e${decimals}`);
      values[at + column] = Math.floor(noisy * scale + 0.5) / scale + 0;
    }
  }
}

/** A sensor's own number within ±1: the finaliser of MurmurHash3, and the sum of four bytes. */
function white(hash: number, column: number): number {
  let h = Math.imul(hash ^ Math.imul(column + 1, 0x9e3779b1), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  h ^= h >>> 16;
  const bytes = [0, 8, 16, 24].map((shift) => (h >>> shift) & 255);
  return (bytes.reduce((sum, byte) => sum + byte, 0) - 510) / 510;
}

const spec = (column: number, key: string, field: FieldSpec): Field => ({
  ...field,
  ...{ column, key, name: key, unit: '' },
});

/** A field of each kind, and one instrument reported in two channels. */
const EVERY_KIND: readonly Field[] = [
  spec(0, 'powerKw', ELECTRICITY.powerKw),
  spec(1, 'flowRateM3h', decimal(3, { share: 0.02 })),
  spec(2, 'pressureBar', decimal(2, { offset: 0.05 })),
  spec(3, 'gasPressureBar', named('pressureBar', decimal(0))),
  spec(4, 'flowRateM3h', decimal(3, { share: 0.02 })),
  spec(5, 'outdoorTempC', decimal(2, { offset: 0.1 })),
  spec(6, 'recipeId', text(String)),
];

test('a compiled row equals that of a plain loop, for every machine type', () => {
  const number = fc.oneof(
    fc.double({ min: -1e4, max: 1e4, noNaN: true }),
    fc.constantFrom(0, -0, 0.5, -0.0005, Number.NaN),
  );
  for (const fields of [EVERY_KIND, ...machineTypes.map((type) => type.fields)]) {
    const write = compileRowWriter(fields, ['sum']);
    const keys = ['sum', ...new Set(fields.map(({ key }) => key))];
    const record = fc.record(Object.fromEntries(keys.map((key) => [key, number])));
    fc.assert(
      fc.property(
        record,
        fc.integer(),
        fc.double({ min: 0, max: 3, noNaN: true }),
        (state, hash, factor) => {
          const [compiled, plain] = [0, 1].map(() => new Float64Array(2 * ROW_WIDTH)) as [
            Float64Array,
            Float64Array,
          ];
          const own = { ...state };
          write(own, state as unknown as Instant, hash, factor, compiled, ROW_WIDTH);
          writePlain(fields, state, state, hash, factor, plain, ROW_WIDTH);
          assert.deepEqual(own, { ...state, sum: 0 });
          assert.deepEqual(compiled, plain);
        },
      ),
    );
  }
});
