import assert from 'node:assert/strict';
import test from 'node:test';
import { parse } from 'smol-toml';
import { DEFAULT_FACTORY } from '../../src/config/default-factory.ts';
import { VARIABLES } from '../../src/config/variables.ts';
import { Batch } from '../../src/core/batch.ts';
import { channelTopics, statusTopic } from '../../src/encoding/topics.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { createFleet } from '../../src/simulation/fleet.ts';
import { Messages } from '../../src/sinks/messages.ts';
import { composeWith } from './compose.ts';
import { textOf } from './files.ts';

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

/** What a boiler's readings are published under, in place of energy. */
const CARRIERS = ['electricity', 'natural_gas', 'steam'];

/** The type of each level of a topic; all of an MQTT filter's wildcards that are used is `+`. */
function matches(filter: string, topic: string): boolean {
  const levels = filter.split('/');
  const found = topic.split('/');
  return (
    levels.length === found.length &&
    levels.every((level, i) => level === '+' || level === found[i])
  );
}

test('every topic of every machine type is subscribed to, once, and nothing else is', () => {
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

test('a topic becomes the name of a table, a factory and a machine', () => {
  const [parsing, ...others] = consumer.topic_parsing;
  assert.deepEqual(others, []);
  const levels = (text = '') => text.split('/');
  assert.ok(consumer.topics.every((topic) => matches(parsing?.topic ?? '', topic)));
  assert.deepEqual(levels(parsing?.measurement), ['_', '_', '_', 'measurement']);
  assert.deepEqual(levels(parsing?.tags), ['_', 'factory', 'machine', '_']);
});

test('every text of a message is named as time, tag or text, or is the time once more', () => {
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
    for (const [key, value] of Object.entries(message))
      if (typeof value === 'string' || typeof value === 'boolean')
        assert.ok(texts.includes(key), `${topic}: Telegraf would leave ${key} out`);
    count++;
  }
  assert.ok(count > 13_680, 'an hour of readings and their statuses');
});

function* messagesOfAnHour() {
  const reader = createFleet([DEFAULT_FACTORY]).reader();
  const fromMs = Date.UTC(2026, 2, 3, 9);
  reader.seek(fromMs);
  const messages = new Messages();
  const batch = new Batch();
  for (let isDone = false; !isDone; ) {
    batch.clear();
    isDone = reader.read(fromMs + 3_600_000, batch);
    yield* messages.of(batch);
  }
}

test('what comes in while Telegraf is away waits for it at the broker', () => {
  assert.equal(consumer.qos, 1);
  assert.equal(consumer.persistent_session, true);
  assert.notEqual(consumer.client_id, '');
});

test('servers, names and passwords come from the variables that the compose file sets', () => {
  const { environment = {} } = composeWith({}).services['telegraf'] ?? {};
  const used = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name as string);
  for (const name of used) {
    assert.ok(name in environment, name);
    assert.ok(name in VARIABLES, name);
  }
  // The PostgreSQL client takes the rest from the environment by itself.
  for (const name of ['PGHOST', 'PGPORT', 'PGUSER', 'PGPASSWORD', 'PGDATABASE'])
    assert.ok(name in environment, name);
  assert.ok(!('connection' in (configuration.outputs['postgresql']?.[0] ?? {})));
});
