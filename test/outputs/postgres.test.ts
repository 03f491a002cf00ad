import assert from 'node:assert/strict';
import test, { after, before, describe, type TestContext } from 'node:test';
import { Batch, READING, STATUS } from '../../src/core/batch.ts';
import type { Machine } from '../../src/core/factory.ts';
import { OFFLINE, RUNNING } from '../../src/core/field.ts';
import { withRegister } from '../../src/core/machine.ts';
import { readingAt } from '../../src/encoding/reading.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { PostgresError } from '../../src/outputs/postgres/error.ts';
import { PostgresSink, type PostgresSinkOptions } from '../../src/outputs/postgres/sink.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { ADD_REGISTERS } from '../../src/store/registry/tables.ts';
import {
  batchOf,
  boiler,
  filler,
  fleetBatch,
  machineOf,
  RECIPES,
  type SampleRow,
  TIME_MS,
} from '../encoding/sample.ts';
import { type Postgres, startPostgres, withoutPostgres } from '../postgres.ts';
import { Enms, storedReading } from './enms.ts';

/** Some minutes of the default factory, in batches of a given size. */
function minutes(rows: number, batches: number): Batch[] {
  const reader = createReader(createFleet([DEFAULT_FACTORY]));
  reader.seek(TIME_MS, true);
  return Array.from({ length: batches }, () => {
    const batch = new Batch(rows);
    reader.read(Number.POSITIVE_INFINITY, batch);
    return batch;
  });
}

function batchOfTypes(): Batch {
  return batchOf(
    ...RECIPES.map((_, code) => ({
      machine: machineOf(filler),
      timeMs: TIME_MS + 1000 * code,
      values: { recipe_id: code, batch_id: code, operating_mode: code % 5, power_kw: 12.345 },
    })),
    {
      machine: machineOf(filler),
      timeMs: TIME_MS + 60_500,
      values: {
        power_kw: 9_999_999.999,
        energy_kwh: 999_999.999999,
        voltage_v: Number.NaN,
        power_factor: -0.0001,
        production_count: 2_147_483_647,
        speed_percent: Number.NaN,
        machine_temp_c: -12.5,
        pressure_bar: Number.NaN,
        vibration_mm_s: 0.0001,
      },
    },
    {
      machine: machineOf(boiler, 'C0000000-0000-0000-0000-00000000000B'),
      values: { flow_rate_m3h: 10.5, consumption_m3: 0.0029, enthalpy_kj_kg: Number.NaN },
    },
  );
}

/** Fails unless the tables have exactly the readings of a batch, value by value. */
async function assertStored(enms: Enms, batch: Batch): Promise<void> {
  const key = (id: unknown, time: unknown) =>
    `${String(id).toLowerCase()} ${Date.parse(String(time))}`;
  const rows = new Map<string, Record<string, unknown>[]>();
  for (const row of await enms.readings()) {
    const at = key(row['machine_id'], row['time']);
    rows.set(at, [...(rows.get(at) ?? []), row]);
  }
  let count = 0;
  for (let row = 0; row < batch.length; row++) {
    if (((batch.flags[row] as number) & READING) === 0) continue;
    const { time, machine_id, ...expected } = readingAt(batch, row);
    const stored = rows.get(key(machine_id, time)) ?? [];
    assert.equal(stored.length, (batch.machines[row] as Machine).type.channels.length);
    assert.deepEqual(storedReading(stored, Object.keys(expected)), expected);
    count++;
  }
  assert.equal(rows.size, count);
}

describe('the PostgreSQL sink', { skip: withoutPostgres() }, () => {
  let postgres: Postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.close());

  /** A sink into a database with the machines of the batches. */
  async function opened(t: TestContext, ...batches: readonly Batch[]) {
    const enms = await Enms.make(postgres, ...batches);
    return { enms, sink: sinkInto(t, enms) };
  }

  function sinkInto(t: TestContext, { server }: Enms, more: Partial<PostgresSinkOptions> = {}) {
    const sink = new PostgresSink({ server, ...more });
    t.after(() => sink.close());
    return sink;
  }

  test('stores texts, nulls, carriers and the largest numbers that fit', async (t) => {
    const batch = batchOfTypes();
    const { enms, sink } = await opened(t, batch);
    await sink.write(batch);
    await assertStored(enms, batch);
  });

  test('stores energy registers to the last digit where a table has a column', async (t) => {
    const totals = [0, 999.999999, 1000.000001, 4_294_967_296.000001, 8_589_934_591.999999];
    const batch = batchOf(
      ...totals.map((energy_total_kwh, i) => ({
        machine: machineOf(withRegister(i === 0 ? boiler : filler)),
        timeMs: TIME_MS + 1000 * i,
        values: { energy_total_kwh },
      })),
      { machine: machineOf(filler), timeMs: TIME_MS + 60_000 },
    );
    const { enms, sink } = await opened(t, batch);
    await enms.query(ADD_REGISTERS);
    await sink.write(batch);
    const stored = await enms.query(
      `select energy_total_kwh::text as kwh, metadata from energy_readings
       where energy_type in ('energy', 'electricity') order by time`,
    );
    assert.deepEqual(
      stored.map(({ kwh }) => kwh),
      [...totals.map((kwh) => kwh.toFixed(6)), null],
    );
    for (const { metadata } of stored) assert.deepEqual(metadata, {});
  });

  test('says once that a table has no column for energy registers, and leaves it as it is', async (t) => {
    const machine = machineOf(withRegister(filler));
    const [first, second] = [0, 1000].map((ms) =>
      batchOf({ machine, timeMs: TIME_MS + ms, values: { energy_total_kwh: 7 } }),
    ) as [Batch, Batch];
    const enms = await Enms.make(postgres, first);
    const remarks: string[] = [];
    const sink = sinkInto(t, enms, { onRemark: (remark) => remarks.push(remark) });
    await sink.write(batchOf({ machine: machineOf(filler), timeMs: TIME_MS - 1000 }));
    assert.deepEqual(remarks, []);
    for (const batch of [first, second]) await sink.write(batch);
    assert.deepEqual(remarks, [
      'energy_readings has no column energy_total_kwh, which is left out',
    ]);
    const rows = (await enms.readings()).filter(({ table }) => table === 'energy_readings');
    assert.equal(rows.length, 3);
    for (const { metadata } of rows) assert.deepEqual(metadata, {});
  });

  test('leaves columns that no machine reports to the tables', async (t) => {
    const batch = batchOf({ machine: machineOf(filler) });
    const { enms, sink } = await opened(t, batch);
    await sink.write(batch);
    const [energy, production] = await enms.readings();
    assert.equal(energy?.['source'], 'sensor');
    assert.deepEqual(energy?.['metadata'], {});
    assert.equal(production?.['shift'], null);
  });

  test('changes nothing if batches are repeated, whatever was written in between', async (t) => {
    const batches = minutes(200, 4);
    const [first, second, third, fourth] = batches as [Batch, Batch, Batch, Batch];
    const { enms, sink } = await opened(t, ...batches);
    for (const batch of [first, second, third]) await sink.write(batch);
    const [contents, versions] = [await enms.contents(), await enms.versions()];
    for (const batch of [third, second, third]) await sink.write(batch);
    const other = sinkInto(t, enms);
    for (const batch of [third, third]) await other.write(batch);
    assert.deepEqual(await enms.contents(), contents);
    assert.deepEqual(await enms.versions(), versions, 'rows were written again');
    await sink.write(fourth);
    const once = await opened(t, ...batches);
    for (const batch of batches) await once.sink.write(batch);
    assert.deepEqual(await enms.contents(), await once.enms.contents());
  });

  test('completes a batch that is partly stored', async (t) => {
    const [whole] = minutes(300, 1) as [Batch];
    const [, part] = minutes(100, 2) as [Batch, Batch];
    const { enms, sink } = await opened(t, whole);
    await sink.write(part);
    await sink.write(whole);
    await assertStored(enms, whole);
  });

  test('replaces a reading that has changed', async (t) => {
    const row = { machine: machineOf(filler), values: { power_kw: 1 } };
    const changed = batchOf({ ...row, values: { power_kw: 2 } });
    const { enms, sink } = await opened(t, changed);
    await sink.write(batchOf(row));
    await sink.write(changed);
    await assertStored(enms, changed);
  });

  test('continues after the server was killed, with nothing missing and nothing twice', async (t) => {
    const batches = minutes(100, 6);
    const { enms, sink } = await opened(t, ...batches);
    for (const [i, batch] of batches.entries()) {
      if (i % 2 === 1) {
        await postgres.kill();
        await assert.rejects(sink.write(batch), { name: 'PostgresError' });
        assert.equal(sink.isConnected, false);
        await assert.rejects(sink.write(batch), /no connection \(connect ECONNREFUSED/);
        await postgres.restart();
      }
      await sink.write(batch);
      assert.equal(sink.isConnected, true);
    }
    assert.equal(sink.connectionCount, 4);
    const even = await opened(t, ...batches);
    for (const batch of batches) await even.sink.write(batch);
    assert.deepEqual(await enms.contents(), await even.enms.contents());
  });

  test('stores a batch completely or not at all if the server is killed meanwhile', async (t) => {
    const [batch] = minutes(4096, 1) as [Batch];
    const { enms, sink } = await opened(t, batch);
    const [outcome] = await Promise.allSettled([sink.write(batch), postgres.kill()]);
    await postgres.restart();
    const rows = await enms.readings();
    if (outcome.status === 'rejected') assert.equal(rows.length, 0);
    await sink.write(batch);
    await assertStored(enms, batch);
  });

  test('reports a machine without a row, stores nothing, and continues without it', async (t) => {
    const known = { machine: machineOf(filler) };
    const id = 'c0000000-0000-0000-0000-000000000002';
    const unknown = { machine: { ...machineOf(filler, id), name: 'Filler-2' } };
    const { enms, sink } = await opened(t, batchOf(known));
    await assert.rejects(sink.write(batchOf(known, unknown)), {
      name: 'PostgresError',
      message: new RegExp(`Filler-2 \\(${id}\\) has no row in the table machines$`),
    });
    assert.deepEqual(await enms.readings(), []);
    await sink.write(batchOf(known, unknown));
    await assertStored(enms, batchOf(known));
    await enms.query('delete from machine_status');
    for (const { table } of await enms.readings()) await enms.query(`delete from ${table}`);
    await enms.query('delete from machines');
    await assert.rejects(sink.write(batchOf(known)), /000000000001\) is not present in table/);
    await sink.write(batchOf(known));
    assert.deepEqual(await enms.readings(), []);
  });

  test('reports a value that does not fit its column, and stores nothing', async (t) => {
    const good = { machine: machineOf(filler) };
    const bad = { ...good, timeMs: TIME_MS + 1000, values: { vibration_mm_s: 10_000 } };
    const { enms, sink } = await opened(t, batchOf(good));
    await assert.rejects(sink.write(batchOf(good, bad)), {
      name: 'RangeError',
      message: /vibration_mm_s is 10000, which does not fit numeric\(8,4\)/,
    });
    assert.deepEqual(await enms.readings(), []);
    await sink.write(batchOf(good));
    await assertStored(enms, batchOf(good));
  });

  test('keeps the last status of each machine, with totals of everything stored', async (t) => {
    const machine = machineOf(filler);
    const reading = (second: number, values: SampleRow['values'], alerts = 0): SampleRow => ({
      machine,
      timeMs: TIME_MS + 1000 * second,
      values: { energy_kwh: 0.000_4, production_count: 2, operating_mode: RUNNING, ...values },
      alerts,
    });
    const { enms, sink } = await opened(t, batchOf(reading(0, {})));
    const status = async () => (await enms.query('select * from machine_status'))[0];
    await sink.write(batchOf(reading(1, {}), reading(2, { power_kw: 7.5 }, 0b1001)));
    assert.deepEqual(await status(), {
      machine_id: machine.id,
      is_running: true,
      current_mode: 'running',
      current_power_kw: '7.500',
      energy_total_kwh: '0.001',
      production_total_units: '4',
      alert_level: 'critical',
      alert_message: 'It is "hot"; Pressure is low',
      last_reading_time: new Date(TIME_MS + 2000),
      last_updated: new Date(TIME_MS + 2000),
    });
    // Totals are exact to the last digit: three times 0.0004 is 0.001, even over two runs.
    const other = sinkInto(t, enms);
    await other.write(batchOf(reading(3, {}), reading(4, {}), reading(5, {})));
    assert.equal((await status())?.['energy_total_kwh'], '0.002');
    const stop = { machine, timeMs: TIME_MS + 5500, flags: STATUS };
    await other.write(batchOf({ ...stop, values: { operating_mode: OFFLINE } }));
    const stopped = await status();
    assert.equal(stopped?.['is_running'], false);
    assert.equal(stopped?.['current_mode'], 'offline');
    assert.equal(stopped?.['current_power_kw'], '0.000');
    assert.deepEqual(stopped?.['last_reading_time'], new Date(TIME_MS + 5000));
    await other.write(batchOf(reading(-3600, {})));
    assert.deepEqual(await status(), stopped, 'history has changed the present');
  });

  test('adds up a boiler’s electricity and gas', async (t) => {
    const batch = fleetBatch();
    const { enms, sink } = await opened(t, batch);
    await sink.write(batch);
    const wrong = await enms.query(`
      select machine_id, energy_total_kwh, sum(energy_kwh) as taken_kwh
      from machine_status join energy_readings using (machine_id)
      where energy_type <> 'steam' group by machine_id, energy_total_kwh
      having abs(energy_total_kwh - sum(energy_kwh)) > 0.0005`);
    assert.deepEqual(wrong, []);
    const gas = await enms.query(`select from energy_readings
      where energy_type = 'natural_gas' and energy_kwh > 0`);
    assert.ok(gas.length > 0);
  });

  test('saves the watermark in the transaction that holds the rows', async (t) => {
    const [first, second, third] = minutes(101, 3) as [Batch, Batch, Batch];
    const enms = await Enms.make(postgres, first, second);
    await enms.query('create table watermark (time_ms float8 check (time_ms > 0))');
    let sign = '';
    const sink = sinkInto(t, enms, {
      watermarkSql: (timeMs) => `insert into watermark values (${sign}${timeMs})`,
    });
    const transactions = async () => {
      const rows = 'select min(xmin::text::int) as id from energy_readings group by xmin::text';
      const watermarks = 'select xmin::text::int as id from watermark';
      return Promise.all([rows, watermarks].map((sql) => enms.query(`${sql} order by id`)));
    };
    await sink.write(first);
    assert.deepEqual(await enms.query('select * from watermark'), [{ time_ms: first.untilMs }]);
    sign = '-';
    await assert.rejects(sink.write(second), /violates check constraint/);
    await assertStored(enms, first);
    sign = '';
    for (const batch of [second, third]) await sink.write(batch);
    const [rows, watermarks] = await transactions();
    assert.equal(rows?.length, 3);
    assert.deepEqual(watermarks, rows);
  });

  test('fills tables row by row if their policies forbid COPY', async (t) => {
    const batches = minutes(100, 3);
    const enms = await Enms.make(postgres, ...batches);
    await enms.query(`
      create role enms login;
      alter table energy_readings enable row level security;
      create policy all_of_it on energy_readings using (true);
      create schema simulator authorization enms;
      grant select, insert, update on all tables in schema public to enms`);
    const sink = new PostgresSink({ server: { ...enms.server, user: 'enms' } });
    t.after(() => sink.close());
    for (const batch of batches) await sink.write(batch);
    for (const batch of batches) await sink.write(batch);
    const plain = await opened(t, ...batches);
    for (const batch of batches) await plain.sink.write(batch);
    assert.deepEqual(await enms.contents(), await plain.enms.contents());
  });

  test('requires tables with keys that identify repeats', async (t) => {
    const batch = batchOf({ machine: machineOf(filler) });
    const { enms, sink } = await opened(t, batch);
    await enms.query('drop index production_data_machine_id_time_idx');
    const missing = /production_data has no unique index on \(machine_id, time\)/;
    await assert.rejects(sink.write(batch), missing);
    await enms.query('drop table production_data');
    await assert.rejects(sink.write(batch), /there is no table production_data/);
  });

  test('never reveals a password', async () => {
    const batch = batchOf({ machine: machineOf(filler) });
    const { host, port } = postgres;
    const urls = [
      `postgres://simulator:hidden@${host}:${port}/nowhere`,
      `postgres://simulator:hidden@${host}:1/postgres`,
      `postgres://simulator:hidden@${host}:port/postgres`,
    ];
    for (const connectionString of urls) {
      const sink = new PostgresSink({ server: { connectionString } });
      const error = await sink.write(batch).catch((reason: unknown) => reason);
      for (let cause = error; cause instanceof Error; cause = cause.cause) {
        assert.doesNotMatch(JSON.stringify({ ...cause, message: cause.message }), /hidden/);
        assert.doesNotMatch(String(cause.stack), /hidden/);
      }
      assert.ok(error instanceof PostgresError);
    }
  });

  test('accepts nothing after it is closed', async (t) => {
    const batch = batchOf({ machine: machineOf(filler) });
    const { sink } = await opened(t, batch);
    await sink.write(batch);
    await sink.close();
    assert.equal(sink.isConnected, false);
    assert.ok(sink.bytesWritten > 0);
    await assert.rejects(sink.write(batch), /closed/);
    await sink.close();
  });

  test('abandons a write when it is closed', async (t) => {
    const [first, second] = minutes(4096, 2) as [Batch, Batch];
    const { enms, sink } = await opened(t, first, second);
    await sink.write(first);
    const given = assert.rejects(sink.write(second), { name: 'PostgresError' });
    await sink.close();
    await given;
    await assertStored(enms, first);
  });
});
