/** Readings of machines with defects, as brokers and databases get them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Batch, READING } from '../../src/core/batch.ts';
import type { Machine } from '../../src/core/factory.ts';
import type { DeliveredSink, Watermarks } from '../../src/core/sink.ts';
import { AT_ONCE } from '../../src/dataset/publication.ts';
import { Delivery } from '../../src/delivery/delivery.ts';
import { MemoryWatermarks } from '../../src/delivery/watermarks.ts';
import { readingAt } from '../../src/encoding/reading.ts';
import { tableNameOf } from '../../src/encoding/reading-tables.ts';
import { MemorySink } from '../../src/outputs/memory.ts';
import { MqttSink } from '../../src/outputs/mqtt/sink.ts';
import { PostgresSink } from '../../src/outputs/postgres/sink.ts';
import { loadWindow } from '../../src/outputs/postgres/window.ts';
import type { Fleet } from '../../src/simulation/fleet.ts';
import { createReader } from '../../src/simulation/reader.ts';
import { FleetReceiptReader } from '../../src/simulation/receipt-reader.ts';
import {
  compressor,
  type DefectOf,
  FROM_S,
  factory,
  fleetOf,
  pump,
  read,
  TO_S,
} from '../defects/told.ts';
import { Collector } from '../outputs/collector.ts';
import { Enms } from '../outputs/enms.ts';
import { type Postgres, startPostgres, withoutPostgres } from '../postgres.ts';
import { privateAddress, startMosquitto, withoutMosquitto } from '../servers.ts';
import { HELD } from '../simulation/delivered.ts';

const [FROM_MS, TO_MS] = [1000 * FROM_S, 1000 * TO_S];
const span = (from: number, to: number) => ({ beginS: FROM_S + from, endS: FROM_S + to });
const of = (machine: string) => ({ machineIds: [machine] });

/** A gateway that is offline, slow, forgetful and repetitive, and a clock that is set back. */
const DEFECTS: readonly DefectOf[] = [
  { kind: 'outage', ...of(compressor), ...span(300, 900) },
  {
    kind: 'late',
    ...of(compressor),
    ...span(100, 1100),
    values: { delay: { between: [5, 100] }, share: 0.3 },
  },
  { kind: 'duplicate', ...of(compressor), ...span(0, 700), values: { delay: 20, share: 0.2 } },
  { kind: 'gap', ...of(compressor), ...span(200, 1200), values: { share: 0.1 } },
  { kind: 'disorder', ...of(compressor), ...span(950, 1150), values: { share: 1 } },
  { kind: 'clock_offset', ...of(compressor), ...span(500, 1000), values: { by: -120 } },
  { kind: 'outage', ...of(pump), ...span(600, 1000), channels: ['production'] },
  { kind: 'duplicate', ...of(pump), ...span(0, 600), values: { delay: 0, share: 1 } },
];
const isSmall = ({ id }: { readonly id: string }) => id === compressor || id === pump;
const small = { ...factory, machines: factory.machines.filter(isSmall) };
const fleet = fleetOf(DEFECTS, small);
const sound = fleetOf([], small);

/** Delivers everything up to an instant, from the watermark on. */
async function deliver(
  sink: DeliveredSink,
  {
    to = TO_MS,
    of = fleet,
    watermarks = new MemoryWatermarks() as Watermarks,
    isSpread = false,
    signal = undefined as AbortSignal | undefined,
  } = {},
): Promise<void> {
  const delivery = new Delivery({
    fleet: of,
    sink,
    clock: AT_ONCE,
    horizonMs: () => to,
    watermarks,
    log: {
      info: () => {},
      warn: (fields, message) => assert.fail(`${message} ${JSON.stringify(fields)}`),
    },
    catchUpMs: Number.POSITIVE_INFINITY,
    catchUpRate: 0,
    beginMs: FROM_MS,
    endMs: to,
    isSpread,
  });
  await delivery.run(signal);
  await sink.close();
}

/** The readings in the order of their receipt, late ones after those in time: row by row. */
function received(of: Fleet): readonly Batch[] {
  const batch = read(of);
  const rows = Array.from({ length: batch.length }, (_, row) => row).filter(
    (row) => (batch.flags[row] as number) & READING && (batch.receivedMs[row] as number) <= TO_MS,
  );
  // The last reading of an outage is in its burst.
  const isLate = (row: number) =>
    Number(
      batch.receivedMs[row] !== batch.timesMs[row] || ((batch.defects[row] as number) & HELD) !== 0,
    );
  rows.sort(
    (a, b) =>
      (batch.receivedMs[a] as number) - (batch.receivedMs[b] as number) ||
      isLate(a) - isLate(b) ||
      isLate(a) * ((batch.timesMs[a] as number) - (batch.timesMs[b] as number)),
  );
  return rows.map((row) => {
    const one = new Batch(1);
    one.append(batch, row);
    return one;
  });
}

/** Tables as another system may have them: other types, partitions, few columns. */
const FOREIGN = `
  create table machines (id text primary key, name text);
  create table energy_readings (
    time timestamptz not null, machine_id text not null references machines,
    energy_type text not null, power_kw double precision not null, energy_kwh numeric,
    metadata json, primary key (machine_id, time, energy_type)) partition by range (time);
  create table energy_readings_rest partition of energy_readings default;
  create table production_data (
    time timestamptz not null, machine_id text not null, production_count bigint not null,
    primary key (machine_id, time));
  create table environmental_data (
    machine_id text, outdoor_temp_c double precision, "time" timestamptz,
    unique (time, machine_id));
  create table machine_status (
    machine_id text primary key, is_running boolean, current_mode text, alert_level varchar(20),
    last_reading_time timestamp, last_updated timestamptz)`;

const texts = (messages: readonly { readonly topic: string; readonly payload: unknown }[]) =>
  messages.map(({ topic, payload }) => `${topic} ${payload}`);

/** Messages by topic: the order across topics is that of the machines. */
function byTopic(messages: readonly string[]): Record<string, readonly string[]> {
  const topics: Record<string, string[]> = {};
  for (const text of messages) {
    const topic = text.slice(0, text.indexOf(' '));
    topics[topic] ??= [];
    topics[topic].push(text);
  }
  return topics;
}

function assertSame(actual: readonly string[], expected: readonly string[]): void {
  const [all, wanted] = [byTopic(actual), byTopic(expected)];
  for (const [topic, messages] of Object.entries(wanted))
    for (const [i, message] of messages.entries()) assert.equal(all[topic]?.[i], message);
  assert.equal(actual.length, expected.length);
}

async function expectedMessages(): Promise<readonly string[]> {
  const sink = new MemorySink();
  for (const batch of received(fleet)) await sink.write(batch);
  return texts(sink.messages.filter(({ isRetained }) => !isRetained));
}

test('messages come when they are received, under the times they tell, repeats with the same bytes', async () => {
  const sink = new MemorySink();
  await deliver(sink);
  const messages = texts(sink.messages.filter(({ isRetained }) => !isRetained));
  const expected = await expectedMessages();
  assertSame(messages, expected);
  assert.ok(new Set(messages).size < messages.length - 100, 'some come twice');
});

test('defects leave statuses as they are', async () => {
  const [told, truth] = [new MemorySink(), new MemorySink()];
  await deliver(told);
  await deliver(truth, { of: sound });
  const statuses = ({ messages }: MemorySink) =>
    texts(messages.filter(({ isRetained }) => isRetained));
  assert.deepEqual(statuses(told), statuses(truth));
});

test('every key is there, and null is only what a defect makes missing', async () => {
  const missing = { kind: 'missing', fields: ['voltage_v'], values: { share: 0.5 } } as const;
  const [told, truth] = [new MemorySink(), new MemorySink()];
  await deliver(told, { of: fleetOf([{ ...missing, ...of(compressor) }, ...DEFECTS], small) });
  await deliver(truth, { of: sound });
  const parsed = ({ messages }: MemorySink) =>
    messages.map(({ topic, payload }) => ({ topic, fields: JSON.parse(payload.toString()) }));
  const nullable = new Map<string, Set<string>>();
  const keys = new Map<string, string>();
  for (const { topic, fields } of parsed(truth)) {
    keys.set(topic, Object.keys(fields).join());
    const own = nullable.get(topic) ?? new Set();
    for (const [key, value] of Object.entries(fields)) if (value === null) own.add(key);
    nullable.set(topic, own);
  }
  let count = 0;
  for (const { topic, fields } of parsed(told)) {
    assert.equal(Object.keys(fields).join(), keys.get(topic));
    for (const [key, value] of Object.entries(fields)) {
      if (value !== null || nullable.get(topic)?.has(key)) continue;
      assert.match(`${topic} ${key}`, /compressor.*voltage_v$/);
      count++;
    }
  }
  assert.ok(count > 100);
});

test('spread over their intervals, readings come in the same order', async () => {
  const [spread, plain] = [new MemorySink(), new MemorySink()];
  await deliver(spread, { isSpread: true, to: TO_MS });
  await deliver(plain, { to: TO_MS });
  const topicsOf = ({ messages }: MemorySink) =>
    byTopic(texts(messages.filter(({ isRetained }) => !isRetained)));
  const all = topicsOf(plain);
  for (const [topic, messages] of Object.entries(topicsOf(spread))) {
    const expected = all[topic] ?? [];
    // The first ones were waiting for their lag, the last ones still are.
    const common = messages.slice(messages.indexOf(expected[0] as string));
    assert.deepEqual(common, expected.slice(0, common.length), topic);
    assert.ok(common.length > 0.9 * expected.length);
  }
});

test('a broker gets them in that order', { skip: withoutMosquitto() }, async (t) => {
  const broker = await startMosquitto();
  t.after(() => broker.close());
  const collector = await Collector.open(`mqtt://127.0.0.1:${broker.port}`);
  t.after(() => collector.close());
  await deliver(new MqttSink(privateAddress(broker.port), 1));
  const expected = await expectedMessages();
  const isReading = ({ topic }: { readonly topic: string }) => !topic.endsWith('/status');
  await collector.until((all) => all.filter(isReading).length >= expected.length);
  assertSame(texts(collector.received.filter(isReading)), expected);
});

describe('a database', { skip: withoutPostgres() }, () => {
  let postgres: Postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres?.close());

  const tables = () => Enms.make(postgres, read(sound, {}, FROM_S, FROM_S + 60));

  /** What the tables must have: of each machine and told time the reading received last. */
  function expectedRows(): ReadonlyMap<string, object> {
    const rows = new Map<string, object>();
    for (const batch of received(fleet)) {
      const { id, type } = batch.machines[0] as Machine;
      const reading = readingAt(batch, 0) as Record<string, unknown>;
      for (const [i, { name, fields }] of type.channels.entries()) {
        if (!batch.carries(0, i)) continue;
        const values = fields.map((field) => [field.name, reading[field.name]]);
        rows.set(`${tableNameOf(name)} ${id} ${batch.toldMs[0]}`, Object.fromEntries(values));
      }
    }
    return rows;
  }

  async function assertStored(enms: Enms): Promise<void> {
    const expected = expectedRows();
    const stored = await enms.readings();
    assert.equal(stored.length, expected.size);
    for (const row of stored) {
      const key = `${row['table']} ${row['machine_id']} ${Date.parse(String(row['time']))}`;
      const values = expected.get(key) ?? assert.fail(`${key} is stored`);
      const metadata = (row['metadata'] ?? {}) as Record<string, unknown>;
      const own = Object.keys(values).map((name) => [name, row[name] ?? metadata[name] ?? null]);
      assert.deepEqual(Object.fromEntries(own), values, key);
    }
  }

  test('keeps of readings that tell one time the one received last', async () => {
    const enms = await tables();
    await deliver(new PostgresSink({ server: enms.server }));
    await assertStored(enms);
  });

  test('has the same rows after restarts, within an outage and its burst', async () => {
    const [whole, restarted] = [await tables(), await tables()];
    await deliver(new PostgresSink({ server: whole.server }));
    const kept = new MemoryWatermarks();
    // A killed process repeats what it has delivered since it last saved its watermark.
    const behind: Watermarks = {
      load: async (name) => {
        const saved = await kept.load(name);
        return saved && { ...saved, timeMs: Math.max(FROM_MS, saved.timeMs - 37_000) };
      },
      save: (name, watermark) => kept.save(name, watermark),
    };
    for (const second of [150, 320, 600, 899])
      await deliver(new PostgresSink({ server: restarted.server }), {
        to: FROM_MS + 1000 * second,
        watermarks: behind,
      });
    // Killed within the burst, too: it takes many of these batches.
    for (const writes of [1, 3, 4, 6]) {
      const end = new AbortController();
      const sink = Object.assign(new PostgresSink({ server: restarted.server }), {
        batchRows: 150,
      });
      const { write } = sink;
      let count = 0;
      sink.write = async (batch) => {
        await write.call(sink, batch);
        if (++count === writes) end.abort();
      };
      await deliver(sink, { watermarks: behind, signal: end.signal });
    }
    await deliver(new PostgresSink({ server: restarted.server }), { watermarks: behind });
    await assertStored(restarted);
    assert.deepEqual(await restarted.contents(), await whole.contents());
  });

  test('of another kind bears them, too', async () => {
    const own = await tables();
    const enms = new Enms(await postgres.newDatabase());
    await enms.query(FOREIGN);
    const ids = fleet.machines.map(({ id }) => id);
    await enms.query('insert into machines select unnest($1::text[])', [ids]);
    await deliver(new PostgresSink({ server: own.server }));
    await deliver(new PostgresSink({ server: enms.server }));
    const sql = `select machine_id::text, time, power_kw::float8, energy_kwh::float8
      from energy_readings order by 1, 2`;
    assert.deepEqual(await enms.query(sql), await own.query(sql));
    const counts = `select count(*)::int, sum(production_count)::int, (select count(*)::int
      from environmental_data) as others from production_data`;
    assert.deepEqual(await enms.query(counts), await own.query(counts));
  });

  test('counts each reading once, by its true value', async () => {
    const [enms, truth] = [await tables(), await tables()];
    await deliver(new PostgresSink({ server: enms.server }));
    await deliver(new PostgresSink({ server: truth.server }), { of: sound });
    const totals = (each: Enms) =>
      each.query('select * from simulator.machine_totals order by machine_id');
    assert.deepEqual(await totals(enms), await totals(truth));
    const status = (each: Enms) => each.query('select * from machine_status order by machine_id');
    const [told, sure] = [await status(enms), await status(truth)];
    for (const [i, row] of told.entries())
      assert.equal(row['energy_total_kwh'], sure[i]?.['energy_total_kwh']);
  });

  test('is filled with a window of history as live, also where it is empty', async () => {
    const enms = await tables();
    const reader = new FleetReceiptReader(fleet);
    reader.seek(FROM_MS);
    const fill = (batch: Batch) => reader.read(TO_MS, batch);
    assert.equal(await loadWindow(enms.server, fill, undefined, false), false);
    await assertStored(enms);
  });
});

test('a fleet without defects reads the same with and without the order of receipt', () => {
  const [plain, wrapped] = [createReader(sound), new FleetReceiptReader(sound)];
  const [a, b] = [new Batch(), new Batch()];
  plain.seek(FROM_MS);
  wrapped.seek(FROM_MS);
  plain.read(TO_MS, a);
  wrapped.read(TO_MS, b);
  assert.deepEqual(b.values, a.values);
  assert.equal(b.receivedMs, b.timesMs);
});
