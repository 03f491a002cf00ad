/** The other side of every output, for the conformance suite. */
import type { TestContext } from 'node:test';
import { type Batch, READING } from '../../src/core/batch.ts';
import type { Machine } from '../../src/core/factory.ts';
import { OFFLINE, OPERATING_MODES } from '../../src/core/field.ts';
import { type MachineType, ROW_WIDTH } from '../../src/core/machine.ts';
import { flatFields, readingAt } from '../../src/encoding/reading.ts';
import { type MemorySink, memory } from '../../src/outputs/memory.ts';
import { mqtt } from '../../src/outputs/mqtt/index.ts';
import { Messages } from '../../src/outputs/mqtt/messages.ts';
import type { MqttOptions } from '../../src/outputs/mqtt/options.ts';
import type { OpenOutput, Output, OutputContext } from '../../src/outputs/output.ts';
import { postgres } from '../../src/outputs/postgres/index.ts';
import type { DatabaseServer } from '../../src/outputs/postgres/server.ts';
import { startPostgres, withoutPostgres } from '../postgres.ts';
import { privateAddress, startMosquitto, withoutMosquitto } from '../servers.ts';
import { Collector } from './collector.ts';
import { Enms, storedReading } from './enms.ts';

/** The password in every set of options that has one: no error may show it. */
export const SECRET = 'hunter2';

/** A peer's content for one machine at one instant. */
export interface Arrival {
  /** A topic, or a machine's rows; within one, arrivals are in order. */
  readonly series: string;
  readonly timeMs: number;
  readonly content: string;
  readonly isStatus: boolean;
}

/** The peer of one output, and what its tests need to know about it. */
export interface Peer {
  readonly name: string;
  readonly output: Output;
  /** Why its tests cannot run here, if so. */
  readonly skip: string | false;
  /** Whether a row that is written twice arrives twice; if not, the peer recognizes the repeat. */
  readonly showsRepeats: boolean;
  /** The arrivals expected for batches. */
  expected(...batches: readonly Batch[]): readonly Arrival[];
  start(): Promise<RunningPeer>;
}

/** A running peer. */
export interface RunningPeer {
  /** Creates an empty place for the machines of these batches. */
  place(t: TestContext, ...batches: readonly Batch[]): Promise<Place>;
  /**
   * Opens the output such that it is refused, e.g. with a wrong password; some peers never refuse.
   */
  refusal?(t: TestContext): Promise<Refusal>;
  /** The peer as a server, unless it is in this process or a file. */
  readonly server?: PeerServer;
  close(): Promise<void>;
}

/** A peer that can be reached through a proxy, stopped and restarted. */
export interface PeerServer {
  readonly port: number;
  /** Stops it as abruptly as its guarantees allow. */
  end(): Promise<void>;
  /** Starts it again with what it had acknowledged. */
  restart(): Promise<void>;
}

/** An output that its peer refuses. */
export interface Refusal {
  readonly opened: OpenOutput;
  /** The peer's name in the error, and the reason. */
  readonly where: string;
  readonly reason: RegExp;
}

/** Where one test's rows go. */
export interface Place {
  /** Opens the output, at another port if one is given. */
  open(port?: number): Promise<OpenOutput>;
  /** Reads from the peer what has arrived, in order, including repeats. */
  received(): Promise<readonly Arrival[]>;
}

const CONTEXT: OutputContext = { log: { info: () => {}, warn: () => {} } };

/** A test publishes here after a write: once this arrives, everything before it has arrived. */
const END_TOPIC = 'conformance/end';

function mqttOptions(port?: number): MqttOptions {
  return {
    external: port === undefined ? undefined : addressOf(port),
    embeddedHost: '127.0.0.1',
    port: { number: 0, isExplicit: false },
    username: undefined,
    password: undefined,
    qos: 1,
    isGroundTruthPublished: false,
  };
}

function addressOf(port: number) {
  return { ...privateAddress(port), username: 'ems', password: SECRET, keepaliveS: 0 };
}

/** A subscriber whose session outlives a restart of the broker. */
async function subscriber(t: TestContext, url: string): Promise<Place['received']> {
  const clientId = `collector-${process.hrtime.bigint()}`;
  const session = { clientId, clean: false, reconnectPeriod: 50 };
  const collector = await Collector.open(url, ['factory/#', END_TOPIC], { ...session, qos: 1 });
  collector.client.on('error', () => {});
  t.after(() => collector.close());
  return async () => {
    const end = String(process.hrtime.bigint());
    const isEnd = ({ topic, payload }: Message) => topic === END_TOPIC && payload === end;
    await collector.client.publishAsync(END_TOPIC, end, { qos: 1 });
    await collector.until((received) => received.some(isEnd));
    // Statuses of earlier tests are retained.
    const isNew = ({ topic, isRetained }: Message) => topic !== END_TOPIC && !isRetained;
    return collector.received.filter(isNew).map(arrivalOf);
  };
}

type Message = Collector['received'][number];

function arrivalOf({ topic, payload }: { topic: string; payload: string | Buffer }): Arrival {
  const content = payload.toString();
  const timeMs = Date.parse(JSON.parse(content).time);
  return { series: topic, timeMs, content, isStatus: topic.endsWith('/status') };
}

const mosquitto: Peer = {
  name: 'MQTT at Mosquitto',
  output: mqtt,
  skip: withoutMosquitto(),
  showsRepeats: true,
  // The tests of the encoding check these bytes.
  expected: (...batches) =>
    batches.flatMap((batch) => [...new Messages().of(batch)].map(arrivalOf)),
  async start() {
    const server = await startMosquitto({ persistence: true });
    const open = (port: number) => mqtt.open(mqttOptions(port), CONTEXT);
    return {
      async place(t) {
        const received = await subscriber(t, `mqtt://127.0.0.1:${server.port}`);
        return { open: (port = server.port) => open(port), received };
      },
      server: {
        port: server.port,
        // It saves on a regular shutdown: if killed, it loses messages that it has acknowledged.
        end: () => server.stop(),
        restart: () => server.restart(),
      },
      async refusal(t) {
        const closed = await startMosquitto({ user: { name: 'ems', password: 'another' } });
        t.after(() => closed.close());
        const where = `127.0.0.1:${closed.port}`;
        return { opened: await open(closed.port), where, reason: /the user name and password/ };
      },
      close: () => server.close(),
    };
  },
};

const embedded: Peer = {
  ...mosquitto,
  name: 'MQTT at the embedded broker',
  skip: false,
  start: async () => ({
    async place(t) {
      let received: Place['received'] | undefined;
      return {
        async open() {
          const opened = await mqtt.open(mqttOptions(), CONTEXT);
          received = await subscriber(t, String(opened.address));
          return opened;
        },
        received: async () => (await received?.()) ?? [],
      };
    },
    close: async () => {},
  }),
};

/** A reading is a row in each of three tables, seen here as one; a status is a row of its own. */
const database: Peer = {
  name: 'PostgreSQL',
  output: postgres,
  skip: withoutPostgres(),
  showsRepeats: false,
  expected(...batches) {
    const readings: Arrival[] = [];
    const statuses = new Map<string, Arrival>();
    for (const batch of batches)
      for (let row = 0; row < batch.length; row++) {
        const { id, type } = batch.machines[row] as Machine;
        const timeMs = batch.timesMs[row] as number;
        const status = { series: `status of ${id}`, timeMs, isStatus: true };
        statuses.set(id, { ...status, content: json(statusRow(batch, row)) });
        if (!((batch.flags[row] as number) & READING)) continue;
        const reading = readingAt(batch, row);
        const values = flatFields(type).map(({ name }) => [name, reading[name]]);
        const content = json(Object.fromEntries(values));
        readings.push({ series: id, timeMs, content, isStatus: false });
      }
    return [...readings, ...statuses.values()];
  },
  async start() {
    const server = await startPostgres();
    const open = (options: Partial<DatabaseServer>) => {
      const { host, port } = server;
      const login = { host, port, user: 'simulator', password: SECRET, database: 'postgres' };
      const wanted = { isActualWanted: true, isExpectedWanted: false };
      return postgres.open({ server: { ...login, ...options }, ...wanted }, CONTEXT);
    };
    return {
      async place(_, ...batches) {
        const enms = await Enms.make(server, ...batches);
        const database = String(enms.server.database);
        return {
          open: (port = server.port) => open({ port, database }),
          received: async () => [...(await readings(enms, batches)), ...(await statuses(enms))],
        };
      },
      server: {
        port: server.port,
        end: () => server.kill(),
        restart: () => server.restart(),
      },
      async refusal() {
        const where = `127.0.0.1:${server.port}`;
        const opened = await open({ user: 'stranger' });
        return { opened, where, reason: /role "stranger" does not exist/ };
      },
      close: () => server.close(),
    };
  },
};

function statusRow({ machines, values, alerts }: Batch, row: number) {
  const { type } = machines[row] as Machine;
  const value = (column: number) => values[row * ROW_WIDTH + column] as number;
  const mode = value(type.modeColumn);
  const levels = type.alertList.map((_, i) => ((alerts[row] as number) >>> (2 * i)) & 3);
  const active = type.alertList.filter((_, i) => levels[i]);
  return {
    is_running: mode !== OFFLINE,
    current_mode: OPERATING_MODES[mode],
    current_power_kw: mode === OFFLINE ? 0 : value(type.electricityColumn),
    alert_level: ['normal', 'warning', 'critical'][Math.max(0, ...levels)],
    alert_message: active.map(({ message }) => message).join('; ') || null,
  };
}

/** Readings in the order of the transactions that stored them. */
async function readings(enms: Enms, batches: readonly Batch[]): Promise<readonly Arrival[]> {
  const machines = batches.flatMap((batch) => batch.machines);
  const types = new Map(machines.map(({ id, type }) => [id, type]));
  const selects = ['energy_readings', 'production_data', 'environmental_data'].map(
    (table) => `select machine_id, time, xmin, to_jsonb(t) as stored from ${table} as t`,
  );
  const found = await enms.query(
    `select machine_id, time, jsonb_agg(stored) as rows from (${selects.join(' union all ')})
     as every group by machine_id, time order by min(xmin::text::bigint), time`,
  );
  return found.map(({ machine_id, time, rows }) => {
    const series = String(machine_id);
    const names = flatFields(types.get(series) as MachineType).map(({ name }) => name);
    const content = json(storedReading(rows as [], names));
    return { series, timeMs: Number(time), content, isStatus: false };
  });
}

async function statuses(enms: Enms): Promise<readonly Arrival[]> {
  const rows = await enms.query(
    `select machine_id, last_updated, is_running, current_mode,
       current_power_kw::float8, alert_level, alert_message from machine_status`,
  );
  return rows.map(({ machine_id, last_updated, ...status }) => ({
    series: `status of ${machine_id}`,
    timeMs: Number(last_updated),
    content: json(status),
    isStatus: true,
  }));
}

function json(record: object): string {
  return JSON.stringify(record);
}

const inMemory: Peer = {
  ...mosquitto,
  name: 'memory',
  output: memory,
  skip: false,
  start: async () => ({
    async place() {
      let sink: MemorySink | undefined;
      return {
        async open() {
          const opened = await memory.open();
          [sink] = opened.sinks;
          return opened;
        },
        received: async () => sink?.messages.map(arrivalOf) ?? [],
      };
    },
    close: async () => {},
  }),
};

/** One entry per peer; an output may have several. */
export const peers: readonly Peer[] = [mosquitto, embedded, database, inMemory];
