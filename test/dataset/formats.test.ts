/** Requirements for every dataset format: a new format is tested without an extra line. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { Batch } from '../../src/core/batch.ts';
import type { Machine } from '../../src/core/factory.ts';
import { ROW_WIDTH } from '../../src/core/machine.ts';
import type {
  Format,
  RecordTable,
  WantedColumns,
  WrittenTable,
} from '../../src/dataset/formats/format.ts';
import { FORMATS, formatNamed, formatOf } from '../../src/dataset/formats/index.ts';
import { digestOf, makeFolder } from '../../src/dataset/whole-file.ts';
import { MESSAGE_BYTES_MAX } from '../../src/encoding/columns.ts';
import { readingAt } from '../../src/encoding/reading.ts';
import { type TableLayout, tableLayouts } from '../../src/encoding/table-layout.ts';
import { fieldText, isText, type TableField } from '../../src/encoding/texts.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { anyBatch, boiler, filler, RECIPES } from '../encoding/sample.ts';
import { freshFolder } from './request.ts';

const TYPES = [filler, boiler, ...machineTypes];
const LAYOUTS = tableLayouts(TYPES);
const folder = freshFolder();
makeFolder(folder);

/** A row of a table, as it is read back: NaN or '' for a missing value. */
type Cells = Readonly<Record<string, string | number>>;

let files = 0;
const freshPath = (format: Format, compression = format.compressions[0]) =>
  join(folder, `${files++}${format.extension(compression)}`);

/** Everything that a format reads from a file. */
async function cellsIn(format: Format, path: string, wanted: WantedColumns): Promise<Cells[]> {
  const cells: Cells[] = [];
  for await (const rows of format.read(path, wanted))
    for (let row = 0; row < rows.length; row++) {
      const entries = Object.entries(wanted).map(([name, kind]) => {
        const column = kind === 'text' ? rows.texts(name) : rows.numbers(name);
        return [name, column[row] as string | number];
      });
      cells.push(Object.fromEntries(entries) as Cells);
    }
  return cells;
}

/** The columns of a table with its labels. */
function wantedOf({ fields }: TableLayout): WantedColumns {
  const kinds = fields.map((field) => [field.name, isText(field) ? 'text' : 'number'] as const);
  return {
    time: 'time',
    machine_id: 'text',
    ...Object.fromEntries(kinds),
    anomaly: 'number',
    anomaly_type: 'text',
  };
}

/** The rows of a table from a batch, computed the simple way. */
function expectedCells(batch: Batch, layout: TableLayout): Cells[] {
  const rows = Array.from({ length: batch.length }, (_, row) => row);
  return rows.flatMap((row) => {
    const { id, type } = batch.machines[row] as Machine;
    const own = layout.fieldsOf(type);
    if (own.size === 0) return [];
    const label = batch.faults[row] as number;
    const cell = (field: TableField | undefined, asText: boolean) => {
      const value = field ? (batch.values[row * ROW_WIDTH + field.column] as number) : Number.NaN;
      if (!asText) return value;
      return field && Number.isFinite(value) ? fieldText(field, value) : '';
    };
    return {
      time: batch.timesMs[row] as number,
      machine_id: id,
      ...Object.fromEntries(
        layout.fields.map((field) => [field.name, cell(own.get(field.name), isText(field))]),
      ),
      anomaly: label === 0 ? 0 : 1,
      anomaly_type: type.faultTypes.filter((_, i) => label & (1 << i)).join('+'),
    };
  });
}

/** Writes a table, including labels, from batches of at most `rowsMax` rows. */
async function written(
  format: Format,
  path: string,
  layout: TableLayout,
  batch: Batch,
  rowsMax = Math.max(batch.length, 1),
  compression = format.compressions[0],
): Promise<WrittenTable> {
  const begin = await format.tableFiles(layout, ['anomaly'], compression);
  const writer = begin(path);
  for (let from = 0; from < batch.length; from += rowsMax)
    await writer.add(partOf(batch, from, Math.min(from + rowsMax, batch.length)));
  return writer.finish();
}

function partOf(batch: Batch, from: number, to: number): Batch {
  const part = new Batch(to - from);
  part.length = to - from;
  part.timesMs.set(batch.timesMs.subarray(from, to));
  part.machines.push(...batch.machines.slice(from, to));
  part.flags.set(batch.flags.subarray(from, to));
  part.faults.set(batch.faults.subarray(from, to));
  part.values.set(batch.values.subarray(from * ROW_WIDTH, to * ROW_WIDTH));
  return part;
}

test('names, media types and file extensions are unique', () => {
  for (const key of ['name', 'mediaType'] as const)
    assert.equal(new Set(FORMATS.map((format) => format[key])).size, FORMATS.length);
  for (const format of FORMATS) {
    assert.equal(formatNamed(format.name), format);
    for (const compression of format.compressions)
      assert.equal(formatOf(`energy/2026-01-14${format.extension(compression)}`), format);
  }
  assert.equal(formatOf('README.md'), undefined);
});

for (const format of FORMATS as readonly Format[]) {
  test(`${format.name}: tables are read back as they were written`, async () => {
    const layout = fc.constantFrom(...LAYOUTS);
    const compression = fc.constantFrom(...format.compressions);
    await fc.assert(
      fc.asyncProperty(anyBatch(TYPES), layout, compression, async (batch, table, method) => {
        const path = freshPath(format, method);
        const { rows, ...digest } = await written(format, path, table, batch, 7, method);
        const expected = expectedCells(batch, table);
        assert.deepEqual(await cellsIn(format, path, wantedOf(table)), expected);
        assert.equal(rows, expected.length);
        assert.deepEqual(digest, digestOf(path));
      }),
      { numRuns: 30 },
    );
  });

  test(`${format.name}: a table without rows can be read`, async () => {
    for (const layout of LAYOUTS)
      for (const compression of format.compressions) {
        const path = freshPath(format, compression);
        const { rows } = await written(format, path, layout, new Batch(1), 1, compression);
        assert.deepEqual(await cellsIn(format, path, wantedOf(layout)), []);
        assert.equal(rows, 0);
      }
  });

  test(`${format.name}: the bytes do not depend on how rows are split into batches`, async () => {
    const [layout] = LAYOUTS as [TableLayout, ...TableLayout[]];
    const rowsMax = fc.integer({ min: 1, max: 60 });
    await fc.assert(
      fc.asyncProperty(anyBatch(TYPES), rowsMax, async (batch, size) => {
        const [a, b] = [freshPath(format), freshPath(format)];
        await written(format, a, layout, batch);
        await written(format, b, layout, batch, size);
        assert.deepEqual(readFileSync(a), readFileSync(b));
      }),
      { numRuns: 20 },
    );
  });

  test(`${format.name}: files of a table do not depend on what was written before`, async () => {
    const [layout] = LAYOUTS as [TableLayout, ...TableLayout[]];
    const [first, second] = fc.sample(anyBatch(TYPES), { numRuns: 2, seed: 7 }) as [Batch, Batch];
    const begin = await format.tableFiles(layout, ['anomaly'], format.compressions[0]);
    const paths = [freshPath(format), freshPath(format)] as const;
    for (const [i, batch] of [first, second].entries()) {
      const writer = begin(paths[i] as string);
      await writer.add(batch);
      await writer.finish();
    }
    const alone = freshPath(format);
    await written(format, alone, layout, second);
    assert.deepEqual(readFileSync(paths[1]), readFileSync(alone));
  });

  test(`${format.name}: small tables are read back as they were written`, async () => {
    const nothingOr = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 5 });
    const row = fc.tuple(
      fc.constantFrom('2026-01-14T10:00:00Z', '2026-01-14T10:00:00.250Z'),
      nothingOr(fc.oneof(fc.constantFrom(...RECIPES), fc.string({ unit: 'grapheme' }))),
      nothingOr(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)),
      nothingOr(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
    );
    const columns: RecordTable['columns'] = [
      { name: 'started_at', kind: 'time' },
      { name: 'name', kind: 'text' },
      { name: 'number', kind: 'number' },
      { name: 'whole', kind: 'whole' },
    ];
    const wanted = { started_at: 'time', name: 'text', number: 'number', whole: 'number' } as const;
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 20 }),
        fc.constantFrom(...format.compressions),
        async (rows, compression) => {
          const path = freshPath(format, compression);
          await format.writeRecords(path, { name: 'anomalies', columns, rows }, compression);
          assert.deepEqual(
            await cellsIn(format, path, wanted),
            rows.map(([time, name, number, whole]) => ({
              started_at: Date.parse(time),
              name: name ?? '',
              number: number ?? Number.NaN,
              whole: whole ?? Number.NaN,
            })),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  const { lines } = format;
  if (!lines) continue;
  test(`${format.name}: flat records are read back as they were written`, () => {
    fc.assert(
      fc.property(anyBatch(TYPES), (batch) => {
        const encoder = lines.flat(TYPES);
        const bytes = new Uint8Array((batch.length + 1) * MESSAGE_BYTES_MAX);
        let at = encoder.header(bytes, 0);
        for (let row = 0; row < batch.length; row++) at = encoder.row(batch, row, bytes, at);
        const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, at));
        const names = ['time', 'machine_id', 'power_kw', 'recipe_id', 'steam_pressure_bar'];
        const read = lines.reader(names);
        const records = text
          .split('\n')
          .slice(0, -1)
          .flatMap((line) => {
            const values = read(line);
            return values ? [values.map((value) => String(value ?? ''))] : [];
          });
        const expected = Array.from({ length: batch.length }, (_, row) => {
          const reading = readingAt(batch, row);
          return names.map((name) => String(reading[name] ?? ''));
        });
        assert.deepEqual(records, expected);
      }),
      { numRuns: 30 },
    );
  });
}
