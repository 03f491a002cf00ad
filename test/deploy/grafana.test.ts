import assert from 'node:assert/strict';
import test, { after, before, describe } from 'node:test';
import pg from 'pg';
import { parse } from 'yaml';
import { Journal } from '../../src/core/journal.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { SIMULATOR_TABLES } from '../../src/store/migrations/0001-simulator.ts';
import { MACHINE_IDS } from '../../src/store/migrations/0003-machine-ids.ts';
import { CREATE_REGISTRY } from '../../src/store/registry/tables.ts';
import { freshDirectory, Program } from '../cli/program.ts';
import { startPostgres } from '../postgres.ts';
import { freePort } from '../servers.ts';
import { until } from '../until.ts';
import { composeWith } from './compose.ts';
import { type Answer, dashboard, ShownDashboard } from './dashboard.ts';
import { textOf } from './files.ts';
import { type PrivatePostgres, startPrivatePostgres, withoutPostgres } from './postgres.ts';
import { filled, readingsOf, reported } from './reading-tables.ts';

const provisioned = parse(textOf('deploy/grafana/provisioning/datasources/postgres.yaml'));
const provider = parse(textOf('deploy/grafana/provisioning/dashboards/factory.yaml'));
const { environment = {}, volumes = [] } = composeWith({}).services['grafana'] ?? {};

test('every panel uses the provisioned data source', () => {
  const { uid } = provisioned.datasources[0];
  for (const { title, targets } of dashboard.panels) {
    assert.ok(targets.length > 0, title);
    for (const target of targets) assert.equal(target.datasource.uid, uid, title);
  }
});

test('the data source takes its settings from the environment, password included', () => {
  const [{ url, user, secureJsonData, jsonData }] = provisioned.datasources;
  const written = [url, user, secureJsonData.password, jsonData.database].join(' ');
  assert.match(written, /^(\$\w+[: ]?)+$/);
  for (const [, name = ''] of written.matchAll(/\$(\w+)/g)) assert.ok(name in environment, name);
});

test('the dashboards are mounted where Grafana looks for them', () => {
  const { path } = provider.providers[0].options;
  assert.ok(volumes.includes(`./deploy/grafana/dashboards:${path}:ro`));
});

test('panels have unique ids and do not overlap', () => {
  const { panels } = dashboard;
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
    assert.ok(x + w <= 24);
    return Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
  });
  assert.equal(new Set(cells).size, cells.length);
});

/** From a Wednesday to a Monday, across the start of summer time. */
const FROM_MS = Date.UTC(2026, 2, 25);
const TO_MS = Date.UTC(2026, 2, 30, 5);
const INTERVAL_S = 300;
const HOUR_MS = 3_600_000;
const FACTORY = {
  ...DEFAULT_FACTORY,
  timeZone: 'Europe/Berlin',
  machines: DEFAULT_FACTORY.machines.map((machine) => ({ ...machine, intervalS: 150 })),
};
const [COMPRESSOR, HVAC] = ['compressor', 'hvac'].map(machineOf) as [Named, Named];
/** A leak for three hours of a Friday. */
const LEAK_MS = Date.UTC(2026, 2, 27, 9);
const journal = new Journal({ ...DEFAULT_SETTINGS, enableAnomalies: false }, [
  {
    kind: 'inject',
    sequence: 1,
    timeS: LEAK_MS / 1000,
    id: 'leak',
    machineId: COMPRESSOR.id,
    anomalyType: 'leak',
    severity: 5,
    durationS: 3 * 3600,
  },
]);

type Named = { readonly id: string; readonly name: string };

function machineOf(type: string): Named | undefined {
  return FACTORY.machines.find((machine) => machine.type === type);
}

describe('on a real PostgreSQL with readings in it', { skip: withoutPostgres() }, () => {
  const fleet = createFleet([FACTORY], { journal });
  const rows = readingsOf(fleet, FROM_MS, TO_MS);
  let postgres: PrivatePostgres;
  let shown: ShownDashboard;

  before(async () => {
    postgres = await startPrivatePostgres();
    postgres.query(CREATE_REGISTRY + filled(FACTORY, fleet, rows));
    const view = { fromMs: FROM_MS, toMs: TO_MS, intervalS: INTERVAL_S };
    shown = await ShownDashboard.open(view, (sql) => postgres.query(sql));
  });
  after(() => postgres.close());

  const ask = (title: string, target = 0) => shown.panel(title, target);
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  const near = (found: unknown, wanted: number, what = '') =>
    assert.ok(Math.abs(Number(found) - wanted) <= 1e-6 * Math.abs(wanted), `${what} ${found}`);

  test('the variables list the factories and their machines', () => {
    assert.deepEqual(shown.variables['factory'], [FACTORY.id]);
    assert.deepEqual(
      shown.variables['machine']?.toSorted(),
      FACTORY.machines.map(({ id }) => id).sort(),
    );
  });

  test('every panel has rows, in the columns that its kind requires', async () => {
    for (const { title, targets } of dashboard.panels) {
      if (title === 'Alerts') continue;
      for (const [i, { format, rawSql }] of targets.entries()) {
        if (rawSql.includes('expected')) continue;
        const records = await ask(title, i);
        assert.ok(records.length > 0, title);
        if (format === 'time_series') assert.ok('time' in (records[0] ?? {}), title);
      }
    }
  });

  test('panels that compare are empty as long as no expected readings are stored', async () => {
    assert.deepEqual(await ask('Actual and expected power', 1), []);
    assert.deepEqual(await ask('Excess energy per hour'), []);
    assert.equal((await ask('Cost of anomalies'))[0]?.['Cost'] ?? '', '');
  });

  test('cost is energy times the price, which may have a decimal comma', async () => {
    const energyKwh = Number((await ask('Energy'))[0]?.['Energy']);
    for (const [price, factor] of [
      ['0.20', 0.2],
      ['0,35', 0.35],
    ] as const) {
      shown.variables['price'] = [price];
      near((await ask('Cost'))[0]?.['Cost'], factor * energyKwh, price);
      const perDay = await ask('Cost per day');
      near(sum(perDay.map(({ value }) => Number(value))), factor * energyKwh, price);
    }
  });

  test('total power is the sum of the machines’ mean powers', async () => {
    const [, record] = await ask('Total power');
    const startMs = 1000 * Number(record?.['time']);
    const inside = rows.filter(
      ({ timeMs }) => timeMs >= startMs && timeMs < startMs + 1000 * INTERVAL_S,
    );
    const powers = FACTORY.machines.map(({ id }) => {
      const own = inside.filter(({ machineId }) => machineId === id);
      return sum(own.map((row) => reported(fleet, row, 'power_kw'))) / own.length;
    });
    near(record?.['Total'], sum(powers));
    const each = (await ask('Power per machine')).filter(({ time }) => time === record?.['time']);
    near(sum(each.map(({ value }) => Number(value))), sum(powers));
  });

  test('energy per day follows the factory’s local days, and adds up to that of the window', async () => {
    const records = (await ask('Energy per day')).filter(
      ({ metric }) => metric === COMPRESSOR.name,
    );
    const own = rows.filter(({ machineId }) => machineId === COMPRESSOR.id);
    // 29 March 2026 has 23 hours in Berlin: from 23:00 UTC to 22:00 UTC.
    const dayMs = Date.UTC(2026, 2, 28, 23);
    const ofDay = own.filter(({ timeMs }) => timeMs >= dayMs && timeMs < dayMs + 23 * HOUR_MS);
    assert.equal(ofDay.length, 23 * 24);
    const record = records.find(({ time }) => Date.parse(time ?? '') === dayMs);
    near(record?.['value'], sum(ofDay.map((row) => reported(fleet, row, 'energy_kwh'))));
    const all = sum(rows.map((row) => reported(fleet, row, 'energy_kwh')));
    near((await ask('Energy'))[0]?.['Energy'], all);
    near(sum((await ask('Energy per day')).map(({ value }) => Number(value))), all);
  });

  test('specific energy is energy per good unit, and empty if there are none', async () => {
    const hourMs = Date.UTC(2026, 2, 27, 10);
    const own = rows.filter(
      ({ machineId, timeMs }) =>
        machineId === COMPRESSOR.id && timeMs >= hourMs && timeMs < hourMs + HOUR_MS,
    );
    const energyKwh = sum(own.map((row) => reported(fleet, row, 'energy_kwh')));
    const units = sum(own.map((row) => reported(fleet, row, 'production_count_good')));
    const of = async (title: string, machine: string) =>
      (await ask(title)).find(
        ({ time, metric }) => Date.parse(time ?? '') === hourMs && metric === machine,
      );
    near((await of('Specific energy', COMPRESSOR.name))?.['value'], energyKwh / units);
    assert.equal(Number((await of('Good units per hour', COMPRESSOR.name))?.['value']), units);
    postgres.query(`update production_data set production_count_good = 0
      where machine_id = '${COMPRESSOR.id}'`);
    assert.equal((await of('Specific energy', COMPRESSOR.name))?.['value'], '');
  });

  test('a leak shows as a deviation from the usual power while it lasts', async () => {
    const records = await ask('Deviation from the usual power');
    const of = (timeMs: number) =>
      records.find(
        ({ time, metric }) => Date.parse(time ?? '') === timeMs && metric === COMPRESSOR.name,
      );
    const during = Number(of(LEAK_MS + HOUR_MS)?.['value']);
    const before = Number(of(LEAK_MS - 24 * HOUR_MS + HOUR_MS)?.['value']);
    assert.ok(during > before + 8, `${during} % during the leak, ${before} % the day before`);
  });

  test('anomalies are annotations with their cost, over their duration', async () => {
    postgres.query(`create schema simulator; ${SIMULATOR_TABLES} ${MACHINE_IDS}
      insert into simulator.ground_truth
      select id, '${COMPRESSOR.id}', 'leak', 'injected', 3, starts::timestamptz, ends::timestamptz,
        ends::timestamptz, null, array['power_kw'], 12.345, 0, true
      from (values ('before', '2026-03-01Z', '2026-03-02Z'),
        ('across', '2026-03-24Z', '2026-03-26Z'), ('within', '2026-03-27T09:00Z', '2026-03-27T12:00Z'),
        ('after', '2026-04-01Z', '2026-04-02Z')) as given (id, starts, ends)`);
    const records = await shown.annotations('Anomalies');
    assert.deepEqual(
      records.map(({ time = '', timeend = '' }) => [Date.parse(time), Date.parse(timeend)]),
      [
        [Date.UTC(2026, 2, 24), Date.UTC(2026, 2, 26)],
        [LEAK_MS, LEAK_MS + 3 * HOUR_MS],
      ],
    );
    assert.match(records[0]?.['text'] ?? '', new RegExp(`^"?${COMPRESSOR.name}: leak`));
  });

  test('alerts list the machines with alerts, the worst first', async () => {
    assert.deepEqual(await ask('Alerts'), []);
    assert.equal((await ask('Machines with an alert'))[0]?.['Alerts'], '0');
    postgres.query(`update machine_status set alert_level = 'warning', alert_message = 'Oil is hot'
      where machine_id = '${COMPRESSOR.id}';
      update machine_status set alert_level = 'critical' where machine_id = '${HVAC.id}'`);
    assert.deepEqual(
      (await ask('Alerts')).map(({ Level }) => Level),
      ['critical', 'warning'],
    );
    assert.equal((await ask('Machines with an alert'))[0]?.['Alerts'], '2');
    assert.equal(Number((await ask('Machines running'))[0]?.['Running']), FACTORY.machines.length);
    assert.equal(Number((await ask('Power now'))[0]?.['Power']), 10 * FACTORY.machines.length);
  });
});

/** Three days of history, with an anomaly of each machine on each of them. */
const LIVE_FROM_MS = Date.UTC(2026, 5, 2);
const LIVE_TO_MS = Date.UTC(2026, 5, 5);

describe('on a PostgreSQL that a simulator fills', { skip: withoutPostgres() }, () => {
  test('every query runs, and the two lines part by what the anomalies cost', async (t) => {
    const postgres = await startPostgres();
    const server = await postgres.newDatabase();
    const client = new pg.Client(server);
    await client.connect();
    t.after(async () => {
      await client.end();
      await postgres.close();
    });
    const simulator = new Program(['run'], freshDirectory(), {
      API_PORT: String(await freePort()),
      MQTT_PORT: String(await freePort()),
      POSTGRES_HOST: postgres.host,
      POSTGRES_PORT: String(postgres.port),
      POSTGRES_USER: 'simulator',
      POSTGRES_DB: server.database,
      SINK_POSTGRES: 'true',
      SINK_POSTGRES_EXPECTED: 'true',
      SIMULATION_START: new Date(LIVE_TO_MS).toISOString(),
      BACKFILL_FROM: new Date(LIVE_FROM_MS).toISOString(),
      ANOMALY_PROBABILITY: '1',
      COMPRESSOR_INTERVAL: '60',
      HVAC_INTERVAL: '60',
      MOTOR_INTERVAL: '60',
    });
    await simulator.said(/"running"/);
    const query = async (sql: string) => texts((await client.query(sql)).rows);
    await until(async () => {
      const [marks] = await query(`select count(*) as n from simulator.watermarks
        where sink in ('postgres', 'postgres-expected') and time_ms >= ${LIVE_TO_MS}
          or sink = 'ground truth' and time_ms >= ${LIVE_FROM_MS + 24 * HOUR_MS}`);
      return marks?.['n'] === '3';
    });

    const view = { fromMs: LIVE_FROM_MS, toMs: LIVE_TO_MS, intervalS: INTERVAL_S };
    const shown = await ShownDashboard.open(view, query);
    for (const { title, targets } of dashboard.panels)
      for (const [i, { format }] of targets.entries()) {
        const records = await shown.panel(title, i);
        if (title !== 'Alerts') assert.ok(records.length > 0, `${title}, ${i}`);
        if (format === 'time_series') assert.ok('time' in (records[0] ?? {}), title);
      }
    const annotations = await shown.annotations('Anomalies');
    assert.ok(annotations.length >= 5, `${annotations.length} anomalies`);
    // From one anomaly of a machine to its next one, the lines part by what the truth says.
    const parted = await query(`
      with anomalies as (
        select *, lead(started_at) over (partition by machine_id order by started_at) as next_at
        from simulator.ground_truth)
      select a.anomaly_type, a.excess_energy_kwh as truth_kwh,
        sum(e.energy_kwh - x.energy_kwh) as parted_kwh
      from anomalies a
      join energy_readings e on e.machine_id = a.machine_id
        and e.time > a.started_at and e.time <= a.next_at
      join expected.energy_readings x on x.machine_id = e.machine_id and x.time = e.time
        and x.energy_type = e.energy_type
      group by a.id, a.anomaly_type, a.excess_energy_kwh`);
    assert.ok(parted.length >= 5, `${parted.length} anomalies`);
    for (const { anomaly_type: type, truth_kwh: truthKwh, parted_kwh: partedKwh } of parted)
      assert.ok(
        Math.abs(Number(partedKwh) - Number(truthKwh)) <= 0.01 + 0.02 * Number(truthKwh),
        `${type}: the lines part by ${partedKwh} kWh, and the anomaly cost ${truthKwh} kWh`,
      );
  });
});

/** Values as the private server prints them. */
function texts(rows: readonly Readonly<Record<string, unknown>>[]): Answer[] {
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, value === null ? '' : String(value)]),
    ),
  );
}
