/** The simulator in the database of an EnMS: it reads what is there and leaves it as it is. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { PostgresDatabase } from '../../src/store/drivers/postgres.ts';
import { Enms } from '../outputs/enms.ts';
import { withoutPostgres } from '../postgres.ts';
import { enmsDatabase } from '../store/enms.ts';
import { Client } from './client.ts';
import { SimulatorProcess } from './simulator-process.ts';
import { Past } from './uninterrupted.ts';
import { embeddedHome, postgresHome, waiting } from './voyage.ts';
import { Witness } from './witness.ts';

const RUNNING = ['Air 1', 'Belt', 'Bomba', 'Bomba 2', 'Cooling', 'Prensa', 'Steam'];
const REPORTS = [
  /^factories: Nowhere does not run: timezone: "Mars\/Olympus" is not accepted/,
  /^machines: Broken power does not run: rated_power_kw: 99999 is not accepted/,
  /^machines: Broken topic does not run: mqtt_topic: "plant\/pump" is not accepted/,
  /^machines: Lathe does not run: type: "other" is not accepted/,
  /^machines: Twin does not run: mqtt_topic: "factory\/berlin\/air-1" is already the topic/,
];
/** The tables that a sink of readings writes to. */
const SINK_TABLES = `'energy_readings', 'production_data', 'environmental_data', 'machine_status'`;

/** Everything of an EnMS except readings: each object's definition, each row's version. */
async function untouchable(enms: Enms): Promise<readonly unknown[]> {
  const tables = await enms.query(
    `select tablename as name from pg_tables
     where schemaname = 'public' and tablename not in (${SINK_TABLES}) order by 1`,
  );
  assert.deepEqual(
    tables.map(({ name }) => name),
    ['energy_baselines', 'factories', 'machines'],
  );
  const contents: unknown[] = [];
  for (const { name } of tables)
    contents.push(await enms.query(`select xmin::text, ctid, t::text from ${name} t order by 2`));
  const definitions = await enms.query(`
    select format('%s.%s %s %s %s', table_name, column_name, data_type, column_default,
      is_nullable) as line from information_schema.columns where table_schema = 'public'
    union all select indexdef from pg_indexes where schemaname = 'public'
    union all select pg_get_triggerdef(oid) from pg_trigger
    union all select pg_get_constraintdef(oid) || conrelid::regclass from pg_constraint
      where connamespace = 'public'::regnamespace
    union all select viewname || definition from pg_views where schemaname = 'public'
    order by 1`);
  return [...contents, definitions];
}

test('in the database of an EnMS, usable machines run, others are reported, nothing else changes', {
  skip: withoutPostgres(),
}, async (t) => {
  const { postgres, server, env: database } = await postgresHome(t);
  const maker = new PostgresDatabase(server);
  await enmsDatabase(maker);
  await maker.script(`create table energy_baselines (machine_id uuid references machines, kwh real);
    insert into energy_baselines select id, 7 from machines`);
  await maker.close();
  const enms = new Enms(server);
  const before = await untouchable(enms);
  const { dataDir, env: folder } = await embeddedHome();
  const env = { ...(await waiting(60)), ...folder, ...database };
  const simulator = new SimulatorProcess(env);
  await simulator.logged(/^running$/);
  const witness = await Witness.open('127.0.0.1', Number(env.MQTT_PORT));
  t.after(() => witness.close());
  // The totals are the simulator's own and begin with its first reading.
  const rowsBefore = await enms.contents();
  await new Client(env.API_PORT, 6).start();

  const response = await fetch(`http://127.0.0.1:${env.API_PORT}/simulator/machines`);
  const machines = (await response.json()) as { machine_name: string; is_running: boolean }[];
  assert.deepEqual(machines.map(({ machine_name }) => machine_name).sort(), RUNNING);
  assert.ok(machines.every(({ is_running }) => is_running));
  await witness.until(() => witness.latestMs > 0, simulator);
  const goalMs = witness.latestMs + 180_000;
  await witness.until(() => witness.latestMs > goalMs, simulator);
  assert.equal(await simulator.stop(), 0);
  await witness.farewell();

  const reports = simulator.log.map(({ msg }) => msg).filter((msg) => / does not run: /.test(msg));
  assert.equal(reports.length, REPORTS.length, reports.join('\n'));
  for (const report of REPORTS)
    assert.ok(
      reports.some((msg) => report.test(msg)),
      `${report}`,
    );
  assert.deepEqual(await untouchable(enms), before);
  const rows = new Set(await enms.contents());
  for (const row of rowsBefore)
    assert.ok(rows.has(row) || row.startsWith('machine_status '), `${row} is gone`);
  const past = await Past.read({ dataDir, server });
  assert.equal(past.fleet.machines.length, RUNNING.length);
  t.diagnostic(`${past.assertSaid(witness)} messages`);
  t.diagnostic(`${await past.assertStored(postgres, server, rowsBefore)} rows`);
});
