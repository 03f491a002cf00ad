/** The tables of an EnMS that are not declared as the simulator would declare them. */
import assert from 'node:assert/strict';
import test, { after, before, describe, type TestContext } from 'node:test';
import type { Batch } from '../../src/core/batch.ts';
import { PostgresSink } from '../../src/outputs/postgres/sink.ts';
import { loadWindow } from '../../src/outputs/postgres/window.ts';
import { batchOf, boiler, fleetBatch, machineOf, TIME_MS } from '../encoding/sample.ts';
import { type Postgres, startPostgres, withoutPostgres } from '../postgres.ts';
import { Enms } from './enms.ts';

/** All columns of the readings, declared as other systems do. */
const FOREIGN = `
  create schema types;
  create type types.mode as enum ('offline', 'fault', 'maintenance', 'running', 'idle', 'setup');
  create domain types.kilowatts as double precision;
  create table machines (id ID primary key, name text);
  create table energy_readings (
    time timestamptz not null, machine_id ID not null references machines, energy_type text not null,
    power_kw types.kilowatts not null, energy_kwh numeric, voltage_v real, current_a numeric(20,10),
    power_factor double precision, frequency_hz smallint, metadata json,
    primary key (machine_id, time, energy_type)) partition by range (time);
  create table energy_2025 partition of energy_readings
    for values from ('2025-01-01') to ('2026-01-01');
  create table energy_rest partition of energy_readings default;
  create table production_data (
    time timestamp not null, machine_id ID not null, production_count bigint not null,
    production_count_good smallint, production_count_bad numeric, operating_mode types.mode,
    speed_percent integer, tenant integer not null default 1, primary key (machine_id, time));
  create table environmental_data (
    machine_id ID, outdoor_temp_c double precision, "time" timestamptz, pressure_bar double precision,
    cop bytea, unique (time, machine_id) include (outdoor_temp_c));
  create table machine_status (
    machine_id ID primary key, is_running boolean, current_mode text, alert_level varchar(20),
    current_power_kw real, production_total_units integer,
    last_reading_time timestamp, last_updated timestamptz)`;

describe('tables of an EnMS', { skip: withoutPostgres() }, () => {
  let postgres: Postgres;
  before(async () => {
    postgres = await startPostgres({ settings: { timezone: 'Asia/Tokyo' } });
  });
  after(() => postgres.close());

  async function made(sql: string, idType: string, batch: Batch): Promise<Enms> {
    const enms = new Enms(await postgres.newDatabase());
    await enms.query(sql.replaceAll('ID', idType));
    const ids = new Set(batch.machines.slice(0, batch.length).map(({ id }) => id));
    await enms.query(`insert into machines select unnest($1 ::${idType}[])`, [[...ids]]);
    return enms;
  }

  function sinkInto(t: TestContext, { server }: Enms) {
    const remarks: string[] = [];
    const sink = new PostgresSink({ server, onRemark: (remark) => remarks.push(remark) });
    t.after(() => sink.close());
    return { sink, remarks };
  }

  for (const idType of ['uuid', 'text'])
    test(`with other types are filled, with machine ids of type ${idType}`, async (t) => {
      const batch = fleetBatch();
      const enms = await made(FOREIGN, idType, batch);
      const own = await Enms.make(postgres, batch);
      const { sink, remarks } = sinkInto(t, enms);
      await sink.write(batch);
      await sinkInto(t, own).sink.write(batch);

      // Common columns are equal, as far as the types allow.
      const compared = {
        energy_readings: `time, machine_id::text, energy_type, power_kw::float8,
          energy_kwh::float8, voltage_v::real, current_a::numeric(20,10), power_factor::float8,
          round(frequency_hz)::smallint, nullif(metadata::jsonb, '{}')`,
        production_data: `TIME, machine_id::text, production_count::int,
          production_count_good::int, production_count_bad::int, operating_mode::text,
          round(speed_percent)::int`,
        environmental_data: `time, machine_id::text, outdoor_temp_c::float8, pressure_bar::float8`,
        machine_status: `machine_id::text, is_running, current_mode::text, alert_level::text,
          current_power_kw::real, production_total_units::int, TIME, last_updated`,
      };
      for (const [table, columns] of Object.entries(compared)) {
        const rowsOf = (of: Enms, time: string) =>
          of.query(`select ${columns.replace('TIME', time)} from ${table} order by 1, 2, 3`);
        const time = table === 'machine_status' ? 'last_reading_time' : 'time';
        const zoned = table === 'energy_readings' ? time : `${time} at time zone 'UTC' as ${time}`;
        const isPlain = table === 'production_data' || table === 'machine_status';
        const found = await rowsOf(enms, isPlain ? zoned : time);
        assert.ok(found.length > 0, table);
        assert.deepEqual(found, await rowsOf(own, time), table);
      }
      assert.deepEqual(remarks.toSorted(), [
        'environmental_data has no column chilled_water_return_temp_c, which is left out',
        'environmental_data has no column chilled_water_supply_temp_c, which is left out',
        'environmental_data has no column flow_rate_m3h, which is left out',
        'environmental_data has no column indoor_humidity_percent, which is left out',
        'environmental_data has no column indoor_temp_c, which is left out',
        'environmental_data has no column machine_temp_c, which is left out',
        'environmental_data has no column metadata, which is left out',
        'environmental_data has no column outdoor_humidity_percent, which is left out',
        'environmental_data has no column return_air_temp_c, which is left out',
        'environmental_data has no column supply_air_temp_c, which is left out',
        'environmental_data has no column vibration_mm_s, which is left out',
        'environmental_data.cop is bytea, not a number, and is left out',
        'machine_status has no column alert_message, which is left out',
        'machine_status has no column energy_total_kwh, which is left out',
        'production_data has no column batch_id, which is left out',
        'production_data has no column metadata, which is left out',
        'production_data has no column recipe_id, which is left out',
        'production_data has no column throughput_units_per_hour, which is left out',
      ]);

      // A repeat changes nothing and reports nothing again.
      const versions = await enms.versions();
      await sink.write(batch);
      await sinkInto(t, enms).sink.write(batch);
      assert.deepEqual(await enms.versions(), versions);
      assert.equal(remarks.length, 18);
    });

  test('are filled with a window even if the role may only write rows', async () => {
    const batch = fleetBatch();
    const enms = await made(FOREIGN, 'uuid', batch);
    await enms.query(`create role writer login; create schema simulator authorization writer;
      grant usage on schema types to writer;
      grant select, insert, update on all tables in schema public to writer`);
    let isFirst = true;
    const isLoaded = await loadWindow({ ...enms.server, user: 'writer' }, (empty) => {
      if (!isFirst) return true;
      isFirst = false;
      for (let row = 0; row < batch.length; row++) {
        empty.machines[row] = batch.machines[row] as (typeof batch.machines)[number];
        empty.timesMs[row] = batch.timesMs[row] as number;
        empty.flags[row] = batch.flags[row] as number;
      }
      empty.values.set(batch.values);
      empty.length = batch.length;
      return true;
    });
    assert.equal(isLoaded, false);
    assert.ok((await enms.readings()).length > 1000);
  });

  test('that cannot store readings are reported with everything that is missing', async (t) => {
    const batch = batchOf({ machine: machineOf(boiler), timeMs: TIME_MS });
    const enms = await made(
      `create type mode as enum ('idle', 'running');
       create table machines (id ID primary key);
       create table energy_readings (
         time timestamptz, machine_id ID, energy_type text, power_kw text, tenant int not null);
       create unique index on energy_readings (machine_id, time, energy_type) where power_kw > '';
       create table production_data (
         time date, machine_id integer, production_count int, operating_mode mode,
         unique (machine_id, time) deferrable);
       create table machine_status (machine_id ID primary key, last_updated timestamptz);
       create role reader login; create schema simulator authorization reader;
       grant select on all tables in schema public to reader`,
      'uuid',
      batch,
    );
    const sink = new PostgresSink({ server: { ...enms.server, user: 'reader' } });
    t.after(() => sink.close());
    const error = await sink.write(batch).catch(({ message }: Error) => message);
    assert.deepEqual(
      String(error)
        .replace(/^\S+: /, '')
        .split('; ')
        .toSorted(),
      [
        'energy_readings has no column energy_kwh',
        'energy_readings has no unique index on (energy_type, machine_id, time), ' +
          'which is needed to detect repeats',
        'energy_readings.power_kw is text',
        'energy_readings.tenant must not be null and has no default',
        'a number is needed',
        'machine_status has no column last_reading_time',
        'no permission to insert, update energy_readings',
        'no permission to insert, update machine_status',
        'no permission to insert, update production_data',
        'production_data has no unique index on (machine_id, time), which is needed to detect repeats',
        'production_data.machine_id is integer',
        'production_data.operating_mode: the type mode lacks maintenance, fault, offline',
        'production_data.time is date',
        'there is no table environmental_data',
        'timestamp with time zone or timestamp without time zone is needed',
        'uuid or text is needed',
      ].toSorted(),
    );
    assert.deepEqual(await enms.contents(), []);
  });
});
