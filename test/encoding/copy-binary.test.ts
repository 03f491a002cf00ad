import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { STATUS } from '../../src/core/batch.ts';
import { writeNumeric } from '../../src/encoding/binary-numeric.ts';
import {
  COPY_TARGETS,
  CopyEncoder,
  type CopyTarget,
  RECORDS_BYTES_MAX,
} from '../../src/encoding/copy-binary.ts';
import {
  batchOf,
  boiler,
  filler,
  MACHINE_ID,
  machineOf,
  type SampleRow,
  TIME_MS,
} from './sample.ts';

const ENERGY = COPY_TARGETS[0] as CopyTarget;
const CARRIERS = COPY_TARGETS[1] as CopyTarget;
const PRODUCTION = COPY_TARGETS[2] as CopyTarget;
const ENVIRONMENT = COPY_TARGETS[4] as CopyTarget;

/** The bytes of a value as hexadecimal text, or null if it does not fit. */
function numericBytes(value: number, precision: number, scale: number): string | null {
  const bytes = Buffer.alloc(32);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = writeNumeric(view, 0, value, scale, Number(`1e${precision}`));
  return end < 0 ? null : bytes.toString('hex', 0, end);
}

/** The number that PostgreSQL reads from a value, in units of its last digit. */
function unitsOf(bytes: Buffer | null): bigint {
  assert.ok(bytes !== null);
  const digits = bytes.readInt16BE(0);
  assert.equal(bytes.length, 8 + 2 * digits);
  const scale = BigInt(bytes.readInt16BE(6));
  let tenThousandths = 0n;
  for (let i = 0; i < digits; i++) {
    const digit = bytes.readInt16BE(8 + 2 * i);
    assert.ok(digit >= 0 && digit < 10_000);
    tenThousandths = 10_000n * tenThousandths + BigInt(digit);
  }
  const powers = BigInt(bytes.readInt16BE(2) - digits + 1) * 4n + scale;
  const magnitude = powers < 0n ? tenThousandths / 10n ** -powers : tenThousandths * 10n ** powers;
  return bytes.readUInt16BE(4) === 0x4000 ? -magnitude : magnitude;
}

/** The fields of a row's records in a target, as bytes; null if there is none. */
function records(target: CopyTarget, ...rows: SampleRow[]): (Buffer | null)[][] {
  const batch = batchOf(...rows);
  const bytes = Buffer.alloc(RECORDS_BYTES_MAX);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = new CopyEncoder().row(target, batch, 0, view, 0);
  const found: (Buffer | null)[][] = [];
  for (let at = 0; at < end; ) {
    const count = bytes.readInt16BE(at);
    at += 2;
    const record: (Buffer | null)[] = [];
    for (let i = 0; i < count; i++) {
      const length = bytes.readInt32BE(at);
      at += 4;
      record.push(length < 0 ? null : bytes.subarray(at, at + length));
      at += Math.max(0, length);
    }
    found.push(record);
  }
  return found;
}

test('a numeric of six decimals is a total to the last digit, up to 2^33', () => {
  const check = (units: bigint) =>
    assert.equal(
      unitsOf(Buffer.from(numericBytes(Number(units) / 1e6, 18, 6) ?? '', 'hex').subarray(4)),
      units,
    );
  const units = fc.bigInt({ min: 0n, max: 2n ** 33n * 1_000_000n - 1n });
  fc.assert(fc.property(units, check), { numRuns: 5000 });
  for (const each of [999_999_999n, 1_000_000_001n, 2n ** 52n + 1n, 2n ** 33n * 1_000_000n - 1n])
    check(each);
});

test('a numeric has the bytes that PostgreSQL itself sends', () => {
  // From: copy (select 12345.678::numeric(10,3)) to stdout (format binary), and so on.
  assert.equal(numericBytes(12345.678, 10, 3), '0000000e0003000100000003000109291a7c');
  assert.equal(numericBytes(-0.5, 5, 2), '0000000a0001ffff400000021388');
  assert.equal(numericBytes(7, 10, 3), '0000000a00010000000000030007');
  assert.equal(numericBytes(0.014312, 12, 6), '0000000c0002ffff00000006008f04b0');
  assert.equal(numericBytes(0, 10, 2), '000000080000000000000002');
});

test('a numeric has every digit of every value that fits its column', () => {
  const columns = [
    [10, 3],
    [12, 6],
    [10, 2],
    [5, 4],
    [6, 3],
    [5, 2],
    [8, 4],
  ] as const;
  for (const [precision, scale] of columns) {
    const end = 10 ** precision;
    const units = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -20_000, max: 20_000 }));
    fc.assert(
      fc.property(units, (any) => {
        const expected = any % end;
        const value = expected / 10 ** scale;
        const hex = numericBytes(value, precision, scale);
        assert.ok(hex !== null);
        assert.equal(unitsOf(Buffer.from(hex, 'hex').subarray(4)), BigInt(expected));
      }),
    );
    assert.equal(numericBytes(end / 10 ** scale, precision, scale), null);
    assert.equal(numericBytes(-end / 10 ** scale, precision, scale), null);
  }
});

test('a record begins with the time in microseconds since 2000 and the id as sixteen bytes', () => {
  const [record] = records(PRODUCTION, { machine: machineOf(filler) });
  assert.equal(record?.[0]?.readBigInt64BE(), BigInt(TIME_MS - Date.UTC(2000, 0, 1)) * 1000n);
  assert.equal(record?.[1]?.toString('hex'), MACHINE_ID.replaceAll('-', ''));
});

test('an instant before 2000 is a negative number of microseconds', () => {
  const timeMs = Date.UTC(1999, 11, 31, 23, 59, 59);
  const [record] = records(PRODUCTION, { machine: machineOf(filler), timeMs });
  assert.equal(record?.[0]?.readBigInt64BE(), -1_000_000n);
});

test('counts are integers, modes and recipes texts', () => {
  const values = { production_count: 7, production_count_good: 7, operating_mode: 1, recipe_id: 5 };
  const [record] = records(PRODUCTION, { machine: machineOf(filler), values });
  const field = (name: string) => record?.[PRODUCTION.columns.indexOf(name)];
  assert.equal(field('production_count')?.readInt32BE(), 7);
  assert.equal(field('production_count_bad')?.readInt32BE(), 0);
  assert.equal(field('operating_mode')?.toString(), 'running');
  assert.equal(field('recipe_id')?.toString(), 'Öl № 5 🛢');
});

test('a field that a machine does not have is null, and so is a missing value', () => {
  const values = { pressure_bar: Number.NaN };
  const [record] = records(ENVIRONMENT, { machine: machineOf(filler), values });
  const field = (name: string) => record?.[ENVIRONMENT.columns.indexOf(name)];
  assert.equal(field('pressure_bar'), null);
  assert.equal(field('cop'), null);
  assert.notEqual(field('machine_temp_c'), null);
});

test('a boiler stores electricity like any machine, and its carriers as power and energy', () => {
  const values = {
    flow_rate_m3h: 100,
    consumption_m3: 0.5,
    calorific_value_kwh_m3: 10.55,
    flow_rate_kg_h: 1800,
    consumption_kg: 9,
    enthalpy_kj_kg: 2000,
  };
  const row = { machine: machineOf(boiler), values };
  const types = (found: (Buffer | null)[][]) => found.map((record) => record[2]?.toString());
  assert.deepEqual(types(records(ENERGY, row)), ['electricity']);
  const carriers = records(CARRIERS, row);
  assert.deepEqual(types(carriers), ['natural_gas', 'steam']);
  const [gas, steam] = carriers.map((record) => record.slice(3, 5).map(unitsOf));
  assert.deepEqual(gas, [1_055_000n, 5_275_000n]);
  assert.deepEqual(steam, [1_000_000n, 5_000_000n]);
  const metadata = carriers[0]?.at(-1) as Buffer;
  assert.equal(metadata[0], 1, 'the version of jsonb');
  assert.deepEqual(JSON.parse(metadata.toString('utf8', 1)), {
    flow_rate_m3h: 100,
    consumption_m3: 0.5,
    pressure_bar: 0,
    temperature_c: 0,
    calorific_value_kwh_m3: 10.55,
  });
});

test('a carrier of unknown heat content has no power, and its metadata say so', () => {
  const values = { flow_rate_m3h: 100, calorific_value_kwh_m3: Number.NaN };
  const [gas] = records(CARRIERS, { machine: machineOf(boiler), values });
  assert.deepEqual(gas?.slice(3, 5).map(unitsOf), [0n, 0n]);
  const metadata = gas?.at(-1)?.toString('utf8', 1) ?? '';
  assert.equal(JSON.parse(metadata).calorific_value_kwh_m3, null);
});

test('a batch is copied only into the tables that it has rows for', () => {
  const tablesOf = (...rows: SampleRow[]) =>
    new CopyEncoder()
      .targetsOf(batchOf(...rows))
      .map(({ table, hasMetadata }) => `${table.name}${hasMetadata ? ' with metadata' : ''}`);
  const plain = ['energy_readings', 'production_data', 'environmental_data'];
  assert.deepEqual(tablesOf({ machine: machineOf(filler) }), plain);
  const carriers = plain.toSpliced(1, 0, 'energy_readings with metadata');
  assert.deepEqual(tablesOf({ machine: machineOf(boiler) }), carriers);
  assert.deepEqual(tablesOf({ machine: machineOf(boiler), flags: STATUS }), []);
});

test('a value that does not fit its column is an error that names machine, time and field', () => {
  const machine = { ...machineOf(filler), name: 'Filler-1' };
  const write = (target: CopyTarget, values: Record<string, number>) => () =>
    records(target, { machine, values });
  assert.throws(write(ENERGY, { power_kw: 1e7 }), {
    name: 'RangeError',
    message:
      'Filler-1 (c0000000-0000-0000-0000-000000000001) at 2025-10-09T12:00:00.000Z: ' +
      'power_kw is 10000000, which does not fit numeric(10,3)',
  });
  assert.throws(write(ENERGY, { power_kw: Number.NaN }), /power_kw has no value and must not/);
  assert.throws(write(PRODUCTION, { production_count: 2 ** 31 }), /does not fit integer/);
  assert.throws(write(PRODUCTION, { production_count: 0.5 }), /production_count is 0.5, which/);
});

test('a recipe may have 100 characters, of any number of bytes', () => {
  const recipeOf = (recipe: string) => {
    const channels = filler.channels.map((channel) => ({
      ...channel,
      fields: channel.fields.map((field) =>
        field.name === 'recipe_id' ? { ...field, text: () => recipe } : field,
      ),
    }));
    const [record] = records(PRODUCTION, { machine: machineOf({ ...filler, channels }) });
    return record?.[PRODUCTION.columns.indexOf('recipe_id')]?.toString();
  };
  assert.equal(recipeOf('🛢'.repeat(100)), '🛢'.repeat(100));
  assert.throws(() => recipeOf('x'.repeat(101)), /recipe_id is "x+", which does not fit varchar/);
});

test('a machine whose id is not a UUID is an error that names it', () => {
  assert.throws(
    () => records(ENERGY, { machine: machineOf(filler, 'filler-1') }),
    /filler-1 is not/,
  );
});
