/** Each sink of the matrix with a real peer, and what makes that peer misbehave. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { EmbeddedBroker } from '../../src/broker/embedded-broker.ts';
import { Batch } from '../../src/core/batch.ts';
import type { DeliveredSink, Sink } from '../../src/core/sink.ts';
import { MemorySink } from '../../src/outputs/memory.ts';
import { refusalLog } from '../../src/outputs/mqtt/embedded.ts';
import { EmbeddedSink } from '../../src/outputs/mqtt/embedded-sink.ts';
import { MqttSink } from '../../src/outputs/mqtt/sink.ts';
import { PostgresSink } from '../../src/outputs/postgres/sink.ts';
import type { Log } from '../../src/runtime/log.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { RawClient } from '../broker/raw-client.ts';
import { demoFleet, START_MS } from '../delivery/demo.ts';
import { faultyBroker, halfOpenProxy } from '../faulty-peers.ts';
import { Collector } from '../outputs/collector.ts';
import { Enms } from '../outputs/enms.ts';
import type { Postgres } from '../postgres.ts';
import { type MosquittoOptions, privateAddress, startMosquitto } from '../servers.ts';
import type { Condition, SinkName } from './matrix.ts';

/** No cell takes longer in simulated time [s]. */
const CELL_MAX_S = 1200;
/** A message on this topic tells a subscriber that it has everything published before. */
const END_TOPIC = 'matrix/end';
const PASSWORD = 'right';
const ALLOWED = 'topic readwrite #\n';
const DENIED_TOPIC = 'factory/demo/compressor-1/energy';
/** The version of MQTT is the seventh byte of CONNECT; no broker knows version 9. */
const CONNECT_OF_VERSION_9 = [0x10, 13, 0, 4, 77, 81, 84, 84, 9, 2, 0, 60, 0, 1, 120];

/** Durations: the real ones, or short ones. */
export interface Scale {
  /** Simulated seconds per real second. */
  readonly speed: number;
  readonly stallMs: number;
  readonly steadyMs: number;
  readonly lagMaxMs: number;
  readonly connectMaxMs: number;
  /** Duration of a connection that is cut "every second" [ms]. */
  readonly lifeMs: number;
  /** Duration of a failure that nothing reports [ms]. */
  readonly quietMs: number;
  readonly keepaliveS: number;
  /** Whether the time limits of the matrix are checked. */
  readonly isTimed: boolean;
  /** Number of cells at a time. */
  readonly concurrency: number;
}

/** Topic and time of a reading, and its bytes. */
export type Entry = readonly [key: string, bytes: string];

/** A sink with a peer that misbehaves on demand, or from the start. */
export interface Stage {
  readonly sink: Sink & Partial<DeliveredSink>;
  /** Undefined if the peer misbehaves from the start. */
  misbehave?(): unknown;
  heal?(): unknown;
  /** Everything expected, by topic and time. */
  wanted(): Promise<ReadonlyMap<string, string>>;
  /** Everything that has arrived at each receiver, including repeats. */
  arrived(): Promise<readonly (readonly Entry[])[]>;
}

/** Sets the stage for one cell. */
export async function setStage(
  t: TestContext,
  [sink, condition]: readonly [SinkName, Condition],
  scale: Scale,
  log: Log,
  postgres: Postgres,
): Promise<Stage> {
  if (sink === 'mqtt') return mqttStage(t, condition, scale);
  if (sink === 'embedded') return embeddedStage(t, condition, scale, log);
  return postgresStage(t, condition, scale, postgres);
}

async function mqttStage(t: TestContext, condition: Condition, scale: Scale): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'matrix-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const accessList = join(folder, 'acl');
  const allow = (text: string) => writeFileSync(accessList, text);
  const isWrong = condition === 'wrong credentials';
  const isRefused = condition.startsWith('refuses');
  allow(ALLOWED);
  const options: MosquittoOptions = {
    persistence: true,
    // Mosquitto 2.0.11 ends a connection at its first refusal where its queue has no limit.
    ...(isRefused && { lines: [`acl_file ${accessList}`, 'max_queued_messages 1000'] }),
  };
  const server = await startMosquitto(options);
  t.after(() => server.close());
  const strict = isWrong
    ? await startMosquitto({ user: { name: 'factory', password: 'other' } })
    : undefined;
  t.after(() => strict?.close());
  const old =
    condition === 'wrong protocol version' ? await faultyBroker(t, { refusal: 1 }) : undefined;
  const collector = await subscriber(t, server.port, 'ingest', scale);
  const proxy = await halfOpenProxy(t, old?.port ?? strict?.port ?? server.port);
  if (condition === 'silent') proxy.swallow(true);
  const sink = new MqttSink(
    {
      ...privateAddress(condition === 'restarted' ? server.port : proxy.port),
      ...(isRefused && { version: 5 as const }),
      ...(isWrong && { username: 'factory', password: PASSWORD }),
      ...(condition === 'silent' && { connectMaxMs: scale.connectMaxMs }),
    },
    1,
  );
  const ways: Partial<Record<Condition, Pick<Stage, 'misbehave' | 'heal'>>> = {
    silent: { heal: () => proxy.swallow(false) },
    'half-open': { misbehave: () => proxy.forget() },
    'refuses one': {
      misbehave: () => [allow(`topic deny ${DENIED_TOPIC}\n${ALLOWED}`), server.reload()],
      heal: () => [allow(ALLOWED), server.reload()],
    },
    'refuses all': {
      misbehave: () => [allow('topic read #\n'), server.reload()],
      heal: () => [allow(ALLOWED), server.reload()],
    },
    'cuts every second': {
      misbehave: () => [proxy.cutAfter(scale.lifeMs), proxy.cut()],
      heal: () => proxy.cutAfter(),
    },
    slow: {
      // An acknowledgement has four bytes.
      misbehave: () => proxy.slow({ bytes: 4, everyMs: 1000 / scale.speed }),
      heal: () => proxy.slow(),
    },
    restarted: { misbehave: () => server.stop(), heal: () => server.restart() },
    'wrong credentials': { heal: () => proxy.redirect(server.port) },
    'wrong protocol version': { heal: () => proxy.redirect(server.port) },
    'clock stepped': { misbehave: () => undefined },
  };
  return {
    ...{ sink, wanted: wantedMessages, ...ways[condition] },
    async arrived() {
      await collector.client.publishAsync(END_TOPIC, '', { qos: 1 });
      return [await untilEnd(collector)];
    },
  };
}

/** The embedded broker cannot fail, but its subscribers can. */
async function embeddedStage(
  t: TestContext,
  condition: Condition,
  scale: Scale,
  log: Log,
): Promise<Stage> {
  const isClosed = condition === 'wrong credentials';
  const user = { username: 'factory', password: PASSWORD };
  const broker = await EmbeddedBroker.start({
    ...{ host: '127.0.0.1', port: { number: 0, isExplicit: false }, ...(isClosed && user) },
    onRefused: refusalLog(log),
    onNotice: (notice) => log.warn({}, `the broker: ${notice}`),
  });
  t.after(() => broker.close());
  const sink = new EmbeddedSink(broker, 1);
  const proxy = await halfOpenProxy(t, broker.port);
  const login = isClosed ? user : {};
  const watcher = await subscriber(t, broker.port, 'watcher', scale, login);
  const wayward = await subscriber(t, proxy.port, 'wayward', scale, login);
  const listeners = [watcher, wayward];
  const bytes = 100;
  const everyMs = 1000 / scale.speed;
  const ways: Partial<Record<Condition, Pick<Stage, 'misbehave' | 'heal'>>> = {
    silent: {
      misbehave: () => proxy.slow({ bytes: 0, everyMs }),
      heal: () => proxy.slow(),
    },
    'half-open': { misbehave: () => proxy.forget() },
    'cuts every second': {
      misbehave: () => [proxy.cutAfter(scale.lifeMs), proxy.cut()],
      heal: () => proxy.cutAfter(),
    },
    slow: {
      misbehave: () => proxy.slow({ bytes, everyMs }),
      heal: () => proxy.slow(),
    },
    restarted: {
      async misbehave() {
        await wayward.close();
      },
      async heal() {
        const next = await subscriber(t, proxy.port, 'wayward', scale, login);
        next.received.unshift(...wayward.received);
        listeners[1] = next;
      },
    },
    'wrong credentials': {
      async misbehave() {
        const password = Buffer.from('other');
        const client = await RawClient.open(broker.port, { username: 'factory', password });
        assert.equal(client.connack.returnCode, 4);
        await client.drop();
      },
    },
    'wrong protocol version': {
      async misbehave() {
        const client = await RawClient.reach(broker.port);
        client.socket.write(Uint8Array.from(CONNECT_OF_VERSION_9));
        await client.until(({ cmd }) => cmd === 'connack');
        assert.equal(client.connack.returnCode, 1);
        await client.drop();
      },
    },
    'clock stepped': { misbehave: () => undefined },
  };
  return {
    ...{ sink, wanted: wantedMessages, ...ways[condition] },
    async arrived() {
      const end = { topic: END_TOPIC, payload: Buffer.of(), qos: 1, retain: false } as const;
      broker.publish(end, () => undefined);
      return Promise.all(listeners.map(untilEnd));
    },
  };
}

async function postgresStage(
  t: TestContext,
  condition: Condition,
  scale: Scale,
  postgres: Postgres,
): Promise<Stage> {
  const enms = await emptyTables(postgres);
  const other = condition === 'wrong protocol version' ? await startMosquitto() : undefined;
  t.after(() => other?.close());
  const proxy = await halfOpenProxy(t, other?.port ?? postgres.port);
  if (condition === 'silent') proxy.swallow(true);
  const isRole = condition === 'wrong credentials' || condition === 'refuses all';
  if (isRole) await enms.query(CREATE_ROLE);
  if (condition === 'wrong credentials') await askForPassword(enms);
  if (condition === 'slow') await enms.query(CREATE_SLOWNESS);
  const sink = new PostgresSink({
    server: {
      ...enms.server,
      ...(condition !== 'restarted' && { port: proxy.port }),
      ...(isRole && { user: 'factory', password: PASSWORD }),
      ...(condition === 'silent' && { connectionTimeoutMillis: scale.connectMaxMs }),
    },
  });
  const sleepS = (0.7 * scale.stallMs) / 1000;
  const tables = 'energy_readings, production_data, environmental_data';
  const ways: Partial<Record<Condition, Pick<Stage, 'misbehave' | 'heal'>>> = {
    silent: { heal: () => proxy.swallow(false) },
    'half-open': { misbehave: () => proxy.forget() },
    'refuses one': {
      misbehave: () =>
        enms.query(`alter table energy_readings add constraint no_compressor
          check (machine_id <> '${demoFleet().machines[0]?.id}') not valid`),
      heal: () => enms.query('alter table energy_readings drop constraint no_compressor'),
    },
    'refuses all': {
      misbehave: () => enms.query(`revoke insert on ${tables} from factory`),
      heal: () => enms.query(`grant insert on ${tables} to factory`),
    },
    'cuts every second': {
      misbehave: () => [proxy.cutAfter(scale.lifeMs), proxy.cut()],
      heal: () => proxy.cutAfter(),
    },
    slow: {
      misbehave: () => enms.query(`update slowness set seconds = ${sleepS}`),
      heal: () => enms.query('update slowness set seconds = 0'),
    },
    restarted: { misbehave: () => postgres.stop(), heal: () => postgres.restart() },
    'wrong credentials': { heal: () => enms.query(`alter role factory password '${PASSWORD}'`) },
    'wrong protocol version': { heal: () => proxy.redirect(postgres.port) },
    'clock stepped': { misbehave: () => undefined },
  };
  return {
    ...{ sink, ...ways[condition] },
    wanted: async () => new Map(await wantedRows(postgres)),
    arrived: async () => [await rowsOf(enms)],
  };
}

const CREATE_ROLE = `
  do $$ begin
    if to_regrole('factory') is null then create role factory login password 'other'; end if;
  exception when duplicate_object or unique_violation then null; end $$;
  do $$ begin execute format('grant create on database %I to factory', current_database()); end $$;
  grant all on all tables in schema public to factory`;

const CREATE_SLOWNESS = `
  create table slowness as select 0::float as seconds;
  create function dawdle() returns trigger language plpgsql volatile as $$ begin
    perform pg_sleep(seconds) from slowness;
    return null;
  end $$;
  create trigger dawdle before insert on energy_readings execute function dawdle();
  create trigger dawdle before insert on production_data execute function dawdle();
  create trigger dawdle before insert on environmental_data execute function dawdle()`;

/** Makes the server require the role's password in this database. */
async function askForPassword(enms: Enms): Promise<void> {
  const { database } = enms.server;
  const rules = [
    `host ${database} factory 127.0.0.1/32 scram-sha-256`,
    'host all all 127.0.0.1/32 trust',
  ];
  const [setting] = await enms.query('show hba_file');
  const lines = rules.map((rule) => `('${rule}')`).join(', ');
  await enms.query(`copy (values ${lines}) to '${setting?.['hba_file']}'`);
  await enms.query('select pg_reload_conf()');
}

/** The tables of an EnMS with the machines of the default factory. */
async function emptyTables(postgres: Postgres): Promise<Enms> {
  const { machines } = demoFleet();
  const batch = new Batch();
  const reader = createReader(demoFleet());
  reader.seek(START_MS, true);
  reader.read(START_MS + 1000, batch);
  for (const [row, machine] of machines.entries()) batch.machines[row] = machine;
  batch.length = machines.length;
  return Enms.make(postgres, batch);
}

/** All readings that a cell may take, written by an undisturbed sink. */
async function writeAll(sink: Sink): Promise<void> {
  const reader = createReader(demoFleet());
  const batch = new Batch();
  reader.seek(START_MS);
  for (let isComplete = false; !isComplete; batch.clear()) {
    isComplete = reader.read(START_MS + 1000 * CELL_MAX_S, batch);
    await sink.write(batch);
  }
  await sink.close();
}

let messages: Promise<ReadonlyMap<string, string>> | undefined;
function wantedMessages(): Promise<ReadonlyMap<string, string>> {
  messages ??= (async () => {
    const sink = new MemorySink();
    await writeAll(sink);
    return new Map(entriesOf(sink.messages));
  })();
  return messages;
}

let rows: Promise<readonly Entry[]> | undefined;
function wantedRows(postgres: Postgres): Promise<readonly Entry[]> {
  rows ??= (async () => {
    const enms = await emptyTables(postgres);
    await writeAll(new PostgresSink({ server: enms.server }));
    return rowsOf(enms);
  })();
  return rows;
}

async function rowsOf(enms: Enms): Promise<readonly Entry[]> {
  const topics = new Map(demoFleet().machines.map(({ id, topic }) => [id, topic]));
  return (await enms.readings()).map((row) => {
    const { machine_id, table, time } = row;
    const text = new Date(String(time)).toISOString();
    return [`${topics.get(String(machine_id))}/${table} ${text}`, JSON.stringify(row)];
  });
}

function entriesOf(
  received: readonly { readonly topic: string; readonly payload: string | Uint8Array }[],
): readonly Entry[] {
  return received
    .filter(({ topic }) => topic.startsWith('factory/') && !topic.endsWith('/status'))
    .map(({ topic, payload }) => {
      const text = String(payload);
      return [`${topic} ${new Date(JSON.parse(text).time).toISOString()}`, text];
    });
}

async function subscriber(
  t: TestContext,
  port: number,
  clientId: string,
  { keepaliveS }: Scale,
  login: object = {},
): Promise<Collector> {
  const session = { clientId, clean: false, reconnectPeriod: 100, keepalive: keepaliveS };
  const topics = ['factory/#', END_TOPIC];
  const url = `mqtt://127.0.0.1:${port}`;
  const collector = await Collector.open(url, topics, { ...session, ...login });
  // This client reports an unanswered keep-alive as an error.
  collector.client.on('error', () => undefined);
  t.after(() => collector.close());
  return collector;
}

async function untilEnd(collector: Collector): Promise<readonly Entry[]> {
  await collector.until((received) => received.some(({ topic }) => topic === END_TOPIC));
  return entriesOf(collector.received);
}
