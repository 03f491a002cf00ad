import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Batch } from '../../src/core/batch.ts';
import { MESSAGE_BYTES_MAX } from '../../src/encoding/columns.ts';
import { csv } from '../../src/encoding/csv.ts';
import { JsonEncoder } from '../../src/encoding/json.ts';
import { jsonLines } from '../../src/encoding/json-lines.ts';
import type { LineEncoder } from '../../src/encoding/line-format.ts';
import { flatNames, readingAt } from '../../src/encoding/reading.ts';
import { type TableLayout, tableLayouts } from '../../src/encoding/table-layout.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { batchOf, boiler, filler, fleetBatch, machineOf, RECIPES, TIME_MS } from './sample.ts';

/** Everything that an encoder writes for a batch, including the header. */
function encoded(encoder: LineEncoder, batch: Batch): string {
  const bytes = new Uint8Array(MESSAGE_BYTES_MAX + 2000 * (batch.length + 1));
  let at = encoder.header(bytes, 0);
  for (let row = 0; row < batch.length; row++) at = encoder.row(batch, row, bytes, at);
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, at));
}

/** The cells of a CSV, by RFC 4180. */
function cellsOf(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\n') rows.push([]);
  }
  assert.deepEqual(rows.pop(), []);
  return rows;
}

/** Machines of two types in turn, with every recipe, a missing value and odd ids and times. */
function mixedBatch(): Batch {
  const rows = RECIPES.flatMap((_, recipe_id) => [
    {
      machine: machineOf(filler, `filler, the "${recipe_id}"`),
      timeMs: TIME_MS + 250 * recipe_id,
      values: { recipe_id, power_kw: 1.5 * recipe_id, pressure_bar: Number.NaN },
    },
    { machine: machineOf(boiler), values: { voltage_v: 399.5, outdoor_temp_c: -recipe_id - 0.25 } },
  ]);
  return batchOf(...rows);
}

describe('JSON lines', () => {
  it('equal JSON.stringify of the flat records', () => {
    for (const batch of [fleetBatch(), mixedBatch()]) {
      let expected = '';
      for (let row = 0; row < batch.length; row++)
        expected += `${JSON.stringify(readingAt(batch, row))}\n`;
      assert.equal(encoded(jsonLines.flat(), batch), expected);
    }
  });
});

describe('CSV', () => {
  it('has one header with the fields of all machine types', () => {
    const text = encoded(csv.flat([filler, boiler]), batchOf());
    assert.equal(text, `time,machine_id,${flatNames([filler, boiler]).join(',')}\n`);
  });

  it('reads back as the flat records, empty where a machine has no such field', () => {
    for (const [types, batch] of [
      [[filler, boiler], mixedBatch()],
      [machineTypes, fleetBatch()],
    ] as const) {
      const [header, ...rows] = cellsOf(encoded(csv.flat(types), batch));
      assert.ok(header);
      assert.equal(rows.length, batch.length);
      for (const [i, cells] of rows.entries()) {
        const reading = readingAt(batch, i);
        assert.equal(cells.length, header.length);
        assert.deepEqual(
          cells,
          header.map((name) => String(reading[name] ?? '')),
        );
      }
    }
  });

  it('quotes only what needs it', () => {
    const line = (recipe_id: number) => {
      const batch = batchOf({ machine: machineOf(filler), values: { recipe_id } });
      return encoded(csv.flat([filler]), batch);
    };
    assert.match(line(RECIPES.indexOf('plain')), /,plain,B-0,/);
    assert.match(line(RECIPES.indexOf('a,b')), /,"a,b",B-0,/);
    assert.match(line(RECIPES.indexOf('say "when"')), /,"say ""when""",B-0,/);
    assert.match(line(RECIPES.indexOf('two\r\nlines')), /,"two\r\nlines",B-0,/);
    assert.match(line(RECIPES.indexOf('Öl № 5 🛢')), /,Öl № 5 🛢,B-0,/);
  });

  it('refuses a machine type that is not in its header', () => {
    const batch = batchOf({ machine: machineOf(boiler) });
    assert.throws(() => encoded(csv.flat([filler]), batch), {
      message: 'boiler is not among the machine types of this CSV',
    });
  });
});

describe('the times of a machine', () => {
  /** Three readings of the same machine, one of them at a whole second. */
  const readings = (intervalMs: number, stepMs: number) => {
    const machine = { ...machineOf(filler), intervalMs };
    return batchOf(...[-1, 0, 1].map((i) => ({ machine, timeMs: TIME_MS + stepMs * i })));
  };
  const layout = tableLayouts([filler]).find(({ name }) => name === 'energy') as TableLayout;

  /** The times in all encodings of a batch: lines, tables, records and messages. */
  function timesIn(batch: Batch): string[] {
    const rows = [...batch.machines.keys()].slice(0, batch.length);
    const json = new JsonEncoder();
    const bytes = new Uint8Array(MESSAGE_BYTES_MAX);
    const payload = (end: number) => new TextDecoder().decode(bytes.subarray(0, end));
    const texts = [
      encoded(csv.flat([filler]), batch),
      encoded(jsonLines.flat(), batch),
      encoded(csv.table(layout, []), batch),
      encoded(jsonLines.table(layout, ['anomaly']), batch),
      ...rows.map((row) => readingAt(batch, row).time),
      ...rows.map((row) => payload(json.message(batch, row, 0, bytes, 0))),
      ...rows.map((row) => payload(json.status(batch, row, bytes, 0))),
    ];
    return texts.flatMap((text) => text.match(/2025-[\dT:.-]+Z/g) ?? []);
  }

  it('all have milliseconds if its interval is fractional', () => {
    const times = timesIn(readings(100, 100));
    assert.equal(times.length, 3 * 8);
    for (const time of times) assert.match(time, /:\d\d\.\d{3}Z$/);
  });

  it('have none if its interval is in whole seconds', () => {
    for (const time of timesIn(readings(1000, 1000))) assert.match(time, /:\d\dZ$/);
  });
});
