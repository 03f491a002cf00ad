import assert from 'node:assert/strict';
import test, { after, before, describe } from 'node:test';
import { parse } from 'yaml';
import { Journal } from '../../src/core/journal.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { createFleet, DEFAULT_SETTINGS } from '../../src/simulation/fleet.ts';
import { SIMULATOR_TABLES } from '../../src/store/migrations/0001-simulator.ts';
import { MACHINE_IDS } from '../../src/store/migrations/0003-machine-ids.ts';
import { CREATE_REGISTRY } from '../../src/store/registry/tables.ts';
import { composeWith } from './compose.ts';
import { textOf } from './files.ts';
import { type PrivatePostgres, startPrivatePostgres, withoutPostgres } from './postgres.ts';
import { filled, readingsOf, reported } from './reading-tables.ts';

interface Target {
  readonly datasource: { readonly uid: string };
  readonly format: string;
  readonly rawSql: string;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets: readonly Target[];
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly annotations: {
    readonly list: readonly { readonly name: string; readonly target: Target }[];
  };
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string }[];
  };
}

const dashboard: Dashboard = JSON.parse(textOf('deploy/grafana/dashboards/factory.json'));
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

/** Expands a query as Grafana does: macros of the PostgreSQL data source, and variables. */
function expand(sql: string, variables: Readonly<Record<string, readonly string[]>>): string {
  const at = (timeMs: number) => `'${new Date(timeMs).toISOString()}'`;
  const expanded = sql
    .replace(/\$__timeFilter\(([^)]+)\)/g, `$1 BETWEEN ${at(FROM_MS)} AND ${at(TO_MS)}`)
    .replaceAll('$__timeFrom()', at(FROM_MS))
    .replaceAll('$__timeTo()', at(TO_MS))
    .replace(
      /\$__timeGroup(Alias)?\(([^,]+), *\$__interval\)/g,
      (_, alias, column) =>
        `floor(extract(epoch from ${column})/${INTERVAL_S})*${INTERVAL_S}` +
        (alias ? ' AS "time"' : ''),
    )
    .replace(/\$\{(\w+):sqlstring\}/g, (_, name) =>
      (variables[name] ?? []).map((value) => `'${value}'`).join(','),
    );
  assert.doesNotMatch(expanded, /\$/, 'a macro that is not known here');
  return expanded;
}

describe('on a real PostgreSQL with readings in it', { skip: withoutPostgres() }, () => {
  const fleet = createFleet([FACTORY], { journal });
  const rows = readingsOf(fleet, FROM_MS, TO_MS);
  let postgres: PrivatePostgres;
  const variables: Record<string, string[]> = {};

  before(async () => {
    postgres = await startPrivatePostgres();
    postgres.query(CREATE_REGISTRY + filled(FACTORY, fleet, rows));
    for (const { name, query } of dashboard.templating.list)
      variables[name] = postgres.query(expand(query, variables)).map(({ __value = '' }) => __value);
  });
  after(() => postgres.close());

  const ask = (title: string) => {
    const panel = dashboard.panels.find((panel) => panel.title === title);
    if (!panel) throw new Error(`there is no panel ${title}`);
    return postgres.query(expand((panel.targets[0] as Target).rawSql, variables));
  };
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  const near = (found: unknown, wanted: number, what = '') =>
    assert.ok(Math.abs(Number(found) - wanted) <= 1e-6 * Math.abs(wanted), `${what} ${found}`);

  test('the variables list the factories and their machines', () => {
    assert.deepEqual(variables['factory'], [FACTORY.id]);
    assert.deepEqual(variables['machine']?.sort(), FACTORY.machines.map(({ id }) => id).sort());
  });

  test('every panel has rows, in the columns that its kind requires', () => {
    for (const { title, targets } of dashboard.panels) {
      if (title === 'Alerts') continue;
      const records = ask(title);
      assert.ok(records.length > 0, title);
      if (targets[0]?.format === 'time_series') assert.ok('time' in (records[0] ?? {}), title);
    }
  });

  test('total power is the sum of the machines’ mean powers', () => {
    const [, record] = ask('Total power');
    const startMs = 1000 * Number(record?.['time']);
    const inside = rows.filter(
      ({ timeMs }) => timeMs >= startMs && timeMs < startMs + 1000 * INTERVAL_S,
    );
    const powers = FACTORY.machines.map(({ id }) => {
      const own = inside.filter(({ machineId }) => machineId === id);
      return sum(own.map((row) => reported(fleet, row, 'power_kw'))) / own.length;
    });
    near(record?.['Total'], sum(powers));
    const each = ask('Power per machine').filter(({ time }) => time === record?.['time']);
    near(sum(each.map(({ value }) => Number(value))), sum(powers));
  });

  test('energy per day follows the factory’s local days, and adds up to that of the window', () => {
    const records = ask('Energy per day').filter(({ metric }) => metric === COMPRESSOR.name);
    const own = rows.filter(({ machineId }) => machineId === COMPRESSOR.id);
    // 29 March 2026 has 23 hours in Berlin: from 23:00 UTC to 22:00 UTC.
    const dayMs = Date.UTC(2026, 2, 28, 23);
    const ofDay = own.filter(({ timeMs }) => timeMs >= dayMs && timeMs < dayMs + 23 * HOUR_MS);
    assert.equal(ofDay.length, 23 * 24);
    const record = records.find(({ time }) => Date.parse(time ?? '') === dayMs);
    near(record?.['value'], sum(ofDay.map((row) => reported(fleet, row, 'energy_kwh'))));
    const all = sum(rows.map((row) => reported(fleet, row, 'energy_kwh')));
    near(ask('Energy')[0]?.['Energy'], all);
    near(sum(ask('Energy per day').map(({ value }) => Number(value))), all);
  });

  test('specific energy is energy per good unit, and empty if there are none', () => {
    const hourMs = Date.UTC(2026, 2, 27, 10);
    const own = rows.filter(
      ({ machineId, timeMs }) =>
        machineId === COMPRESSOR.id && timeMs >= hourMs && timeMs < hourMs + HOUR_MS,
    );
    const energyKwh = sum(own.map((row) => reported(fleet, row, 'energy_kwh')));
    const units = sum(own.map((row) => reported(fleet, row, 'production_count_good')));
    const of = (title: string, machine: string) =>
      ask(title).find(
        ({ time, metric }) => Date.parse(time ?? '') === hourMs && metric === machine,
      );
    near(of('Specific energy', COMPRESSOR.name)?.['value'], energyKwh / units);
    assert.equal(Number(of('Good units per hour', COMPRESSOR.name)?.['value']), units);
    postgres.query(`update production_data set production_count_good = 0
      where machine_id = '${COMPRESSOR.id}'`);
    assert.equal(of('Specific energy', COMPRESSOR.name)?.['value'], '');
  });

  test('a leak shows as a deviation from the usual power while it lasts', () => {
    const records = ask('Deviation from the usual power');
    const of = (timeMs: number) =>
      records.find(
        ({ time, metric }) => Date.parse(time ?? '') === timeMs && metric === COMPRESSOR.name,
      );
    const during = Number(of(LEAK_MS + HOUR_MS)?.['value']);
    const before = Number(of(LEAK_MS - 24 * HOUR_MS + HOUR_MS)?.['value']);
    assert.ok(during > before + 8, `${during} % during the leak, ${before} % the day before`);
  });

  test('anomalies are annotations with their cost, over their duration', () => {
    postgres.query(`create schema simulator; ${SIMULATOR_TABLES} ${MACHINE_IDS}
      insert into simulator.ground_truth
      select id, '${COMPRESSOR.id}', 'leak', 'injected', 3, starts::timestamptz, ends::timestamptz,
        ends::timestamptz, null, array['power_kw'], 12.345, 0, true
      from (values ('before', '2026-03-01Z', '2026-03-02Z'),
        ('across', '2026-03-24Z', '2026-03-26Z'), ('within', '2026-03-27T09:00Z', '2026-03-27T12:00Z'),
        ('after', '2026-04-01Z', '2026-04-02Z')) as given (id, starts, ends)`);
    const [annotation] = dashboard.annotations.list;
    const records = postgres.query(expand(annotation?.target.rawSql ?? '', variables));
    assert.deepEqual(
      records.map(({ time = '', timeend = '' }) => [Date.parse(time), Date.parse(timeend)]),
      [
        [Date.UTC(2026, 2, 24), Date.UTC(2026, 2, 26)],
        [LEAK_MS, LEAK_MS + 3 * HOUR_MS],
      ],
    );
    assert.match(records[0]?.['text'] ?? '', new RegExp(`^"?${COMPRESSOR.name}: leak`));
  });

  test('alerts list the machines with alerts, the worst first', () => {
    assert.deepEqual(ask('Alerts'), []);
    assert.equal(ask('Machines with an alert')[0]?.['Alerts'], '0');
    postgres.query(`update machine_status set alert_level = 'warning', alert_message = 'Oil is hot'
      where machine_id = '${COMPRESSOR.id}';
      update machine_status set alert_level = 'critical' where machine_id = '${HVAC.id}'`);
    assert.deepEqual(
      ask('Alerts').map(({ Level }) => Level),
      ['critical', 'warning'],
    );
    assert.equal(ask('Machines with an alert')[0]?.['Alerts'], '2');
    assert.equal(Number(ask('Machines running')[0]?.['Running']), FACTORY.machines.length);
    assert.equal(Number(ask('Power now')[0]?.['Power']), 10 * FACTORY.machines.length);
  });
});
