import assert from 'node:assert/strict';
import test from 'node:test';
import { parse } from 'smol-toml';
import { VARIABLES } from '../../src/config/variables.ts';
import { Batch } from '../../src/core/batch.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { channelTopics, Messages, statusTopic } from '../../src/outputs/mqtt/messages.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { CREATE_REGISTRY } from '../../src/store/registry/tables.ts';
import { composeWith } from './compose.ts';
import { dashboard, ShownDashboard } from './dashboard.ts';
import { textOf } from './files.ts';
import { startPrivatePostgres, withoutPostgres } from './postgres.ts';

interface Consumer {
  readonly servers: readonly string[];
  readonly topics: readonly string[];
  readonly qos: number;
  readonly persistent_session: boolean;
  readonly client_id: string;
  readonly json_time_key: string;
  readonly tag_keys: readonly string[];
  readonly json_string_fields: readonly string[];
  readonly topic_parsing: readonly {
    readonly topic: string;
    readonly measurement: string;
    readonly tags: string;
  }[];
}

const text = textOf('deploy/telegraf/telegraf.conf');
const configuration = parse(text) as unknown as {
  readonly inputs: { readonly mqtt_consumer: readonly Consumer[] };
  readonly outputs: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
};
const [consumer] = configuration.inputs.mqtt_consumer as [Consumer];

/** The hour of the messages. */
const FROM_MS = Date.UTC(2026, 2, 3, 9);
const HOUR_MS = 3_600_000;
/** The channels of a boiler's readings, in place of energy. */
const CARRIERS = ['electricity', 'natural_gas', 'steam'];

/** The type of each level of a topic; the only MQTT wildcard in use is `+`. */
function matches(filter: string, topic: string): boolean {
  const levels = filter.split('/');
  const found = topic.split('/');
  return (
    levels.length === found.length &&
    levels.every((level, i) => level === '+' || level === found[i])
  );
}

test('every topic of every machine type has one subscription, and no other topic has', () => {
  const known = new Set([...CARRIERS, 'energy', 'production', 'environmental', 'status']);
  for (const type of machineTypes)
    for (const { name } of type.channels) assert.ok(known.has(name), `${type.type}: ${name}`);
  for (const level of known) {
    const count = consumer.topics.filter((filter) => matches(filter, `factory/a/b/${level}`));
    assert.equal(count.length, 1, level);
  }
  assert.equal(consumer.topics.length, known.size);
  for (const machine of createFleet([DEFAULT_FACTORY]).machines)
    for (const topic of [...channelTopics(machine), statusTopic(machine)])
      assert.ok(
        consumer.topics.some((filter) => matches(filter, topic)),
        topic,
      );
});

test('a topic gives the names of the table, the factory and the machine', () => {
  const [parsing, ...others] = consumer.topic_parsing;
  assert.deepEqual(others, []);
  const levels = (text = '') => text.split('/');
  assert.ok(consumer.topics.every((topic) => matches(parsing?.topic ?? '', topic)));
  assert.deepEqual(levels(parsing?.measurement), ['_', '_', '_', 'measurement']);
  assert.deepEqual(levels(parsing?.tags), ['_', 'factory', 'machine', '_']);
});

test('every text in a message is declared as time, tag or text, or repeats the time', () => {
  const texts = [
    ...consumer.tag_keys,
    ...consumer.json_string_fields,
    consumer.json_time_key,
    'timestamp',
  ];
  let count = 0;
  for (const { topic, payload } of messagesOfAnHour()) {
    const message = JSON.parse(payload.toString()) as Record<string, unknown>;
    assert.equal(typeof message[consumer.json_time_key], 'string', topic);
    for (const key of consumer.tag_keys) assert.equal(typeof message[key], 'string', topic);
    for (const [key, value] of flattened(message))
      if (typeof value === 'string' || typeof value === 'boolean')
        assert.ok(
          texts.some((name) => globOf(name).test(key)) || /^alerts_\d+_code$/.test(key),
          `${topic}: Telegraf would leave ${key} out`,
        );
    count++;
  }
  assert.ok(count > 13_680, 'an hour of readings and their statuses');
});

/** The fields that Telegraf makes of a message: `alerts[0].level` becomes `alerts_0_level`. */
function flattened(value: unknown, key = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[key, value]];
  return Object.entries(value).flatMap(([name, each]) =>
    flattened(each, key === '' ? name : `${key}_${name}`),
  );
}

function globOf(name: string): RegExp {
  return new RegExp(`^${name.replaceAll('*', '.*')}$`);
}

function* messagesOfAnHour() {
  const reader = createReader(createFleet([DEFAULT_FACTORY]));
  reader.seek(FROM_MS);
  const messages = new Messages();
  const batch = new Batch();
  for (let isDone = false; !isDone; ) {
    batch.clear();
    isDone = reader.read(FROM_MS + HOUR_MS, batch);
    yield* messages.of(batch);
  }
}

test('messages that arrive while Telegraf is away wait at the broker', () => {
  assert.equal(consumer.qos, 1);
  assert.equal(consumer.persistent_session, true);
  assert.notEqual(consumer.client_id, '');
});

test('servers, names and passwords come from the variables in the compose file', () => {
  const { environment = {} } = composeWith({}).services['telegraf'] ?? {};
  const used = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name as string);
  for (const name of used) {
    assert.ok(name in environment, name);
    assert.ok(name in VARIABLES, name);
  }
  // The PostgreSQL client reads the rest from the environment.
  for (const name of ['PGHOST', 'PGPORT', 'PGUSER', 'PGPASSWORD', 'PGDATABASE'])
    assert.ok(name in environment, name);
  assert.ok(!('connection' in (configuration.outputs['postgresql']?.[0] ?? {})));
});

test('messages become rows of the tables that Grafana reads, and fill its panels', {
  skip: withoutPostgres(),
}, async (t) => {
  const postgres = await startPrivatePostgres();
  t.after(() => postgres.close());
  const [output] = configuration.outputs['postgresql'] ?? [];
  const templates = output?.['create_templates'] as string[];
  const machines = DEFAULT_FACTORY.machines.map(
    ({ id, name, type }) => `('${id}', '${DEFAULT_FACTORY.id}', '${name}', '${type}', 10)`,
  );
  postgres.query(`${CREATE_REGISTRY}
    insert into factories (id, name) values ('${DEFAULT_FACTORY.id}', 'Demo');
    insert into machines (id, factory_id, name, type, rated_power_kw) values ${machines};
    set timezone = 'Asia/Tokyo'`);

  const tables = new Map<string, Map<string, unknown>[]>();
  for (const { topic, payload } of messagesOfAnHour()) {
    const level = topic.split('/').at(-1) as string;
    const message = new Map(flattened(JSON.parse(payload.toString())));
    tables.set(level, [...(tables.get(level) ?? []).slice(-400), message]);
  }
  const stranger = new Map(tables.get('energy')?.[0] ?? []);
  stranger.set('machine_id', '99999999-9999-9999-9999-999999999999');
  tables.get('energy')?.push(stranger);
  tables.set('steam', [steamOf(DEFAULT_FACTORY.machines[0]?.id as string)]);
  tables
    .get('status')
    ?.at(-1)
    ?.set('alerts_0_level', 'warning')
    .set('alerts_1_level', 'critical')
    .set('alerts_1_message', 'Oil is hot');

  for (const [name, messages] of tables) {
    const keys = [...new Set(messages.flatMap((message) => [...message.keys()]))].filter(
      (key) => key !== 'timestamp' && !key.endsWith('_code') && key !== 'alerts',
    );
    const isText = (key: string) =>
      messages.some((message) => typeof message.get(key) === 'string');
    const columns = keys.map((key) =>
      key === 'time'
        ? 'time timestamp without time zone'
        : `${key} ${isText(key) ? 'text' : key === 'is_running' ? 'text' : 'double precision'}`,
    );
    const made = templates
      .map((template) =>
        template
          .replace('{{ .table }}', `ingest.${name}`)
          .replace('{{ .columns }}', columns.join(', ')),
      )
      .join(';\n');
    const cell = (value: unknown) => (value === undefined || value === null ? '' : String(value));
    const lines = messages.map((message) => keys.map((key) => cell(message.get(key))).join('|'));
    const copy = `copy ingest.${name} (${keys.join(', ')}) from stdin (format csv, delimiter '|')`;
    // A repeated message changes nothing.
    for (const sql of [`${made};`, ''])
      postgres.query(`${sql}\n${copy};\n${lines.join('\n')}\n\\.\n`);
    assert.deepEqual(postgres.query(`select count(*) as n from ingest.${name}`), [{ n: '0' }]);
  }

  const sum = (name: string, key: string) =>
    (tables.get(name) ?? []).reduce((total, message) => total + Number(message.get(key) ?? 0), 0);
  const [energy] = postgres.query(`select count(*) as n, round(sum(energy_kwh), 4) as kwh,
    max(time) at time zone 'UTC' as last from energy_readings where energy_type = 'energy'`);
  const known = sum('energy', 'energy_kwh') - Number(stranger.get('energy_kwh'));
  assert.equal(Number(energy?.['n']), (tables.get('energy')?.length ?? 0) - 1);
  assert.equal(Number(energy?.['kwh']), Number(known.toFixed(4)));
  assert.equal(energy?.['last'], '2026-03-03 10:00:00');
  const [steam] = postgres.query(
    "select power_kw from energy_readings where energy_type = 'steam'",
  );
  assert.equal(Number(steam?.['power_kw']), 1000);
  const [production] = postgres.query(
    'select count(*) as n, sum(production_count_good) as good from production_data',
  );
  assert.equal(Number(production?.['n']), tables.get('production')?.length);
  assert.equal(Number(production?.['good']), sum('production', 'production_count_good'));
  const [environment] = postgres.query('select count(*) as n from environmental_data');
  assert.equal(Number(environment?.['n']), tables.get('environmental')?.length);
  const statuses = postgres.query(
    "select current_mode, alert_level, alert_message from machine_status where alert_level <> 'normal'",
  );
  const mode = tables.get('status')?.at(-1)?.get('operating_mode');
  assert.deepEqual(statuses, [
    { current_mode: mode, alert_level: 'critical', alert_message: 'Oil is hot' },
  ]);

  const toMs = FROM_MS + HOUR_MS;
  const shown = await ShownDashboard.open({ fromMs: FROM_MS, toMs, intervalS: 60 }, (sql) =>
    postgres.query(sql),
  );
  for (const { title, targets } of dashboard.panels)
    for (const [i, { rawSql }] of targets.entries())
      if (!rawSql.includes('expected')) assert.ok((await shown.panel(title, i)).length > 0, title);
});

function steamOf(id: string): Map<string, unknown> {
  return new Map<string, unknown>([
    ['time', '2026-03-03T10:00:00Z'],
    ['machine_id', id],
    ['flow_rate_kg_h', 1800],
    ['consumption_kg', 5],
    ['enthalpy_kj_kg', 2000],
  ]);
}
