/**
 * Catch-up into a private Mosquitto: readings made, encoded and published, against the same
 * messages as bytes made beforehand and written to a raw socket. A run ends when the broker has
 * taken everything: when a subscriber has the message that was sent last.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import mqtt from 'mqtt';
import { DEFAULT_FACTORY } from '../src/config/default-factory.ts';
import { Batch } from '../src/core/batch.ts';
import type { FactoryDescription } from '../src/core/factory.ts';
import type { Parameter } from '../src/core/machine.ts';
import { messageCount } from '../src/delivery/figures.ts';
import { machineTypes } from '../src/machines/index.ts';
import { createFleet } from '../src/simulation/fleet.ts';
import type { Reader } from '../src/simulation/reader.ts';
import { type Message, Messages } from '../src/sinks/messages.ts';
import { MqttSink } from '../src/sinks/mqtt.ts';
import { privateAddress, startMosquitto } from '../test/servers.ts';
import { compare } from './measure.ts';

const MACHINES_EACH = 40;
const START_MS = Date.UTC(2026, 0, 14, 10);
/** Messages of one call: enough that its beginning and its end do not count. */
const MESSAGES_A_CALL = 200_000;
/** Messages on their way at QoS 1. */
const WINDOW = 10_000;
const CHUNK_BYTES = 128 * 1024;

type MachineDescription = FactoryDescription['machines'][number];

/** A main meter reads every other machine again, and a factory has one of them, not forty. */
const types = machineTypes.filter(({ isMainMeter }) => !isMainMeter);
const machines = Array.from({ length: MACHINES_EACH }, (_, i) =>
  types.map((type): MachineDescription => {
    const name = `${type.type}-${i}`;
    return {
      id: name.padEnd(36, '0'),
      name,
      type: type.type,
      ratedPowerKw: (type.parameters['ratedPowerKw'] as Parameter).value,
      intervalS: type.intervalS,
      topic: `factory/demo/${name}`,
    };
  }),
).flat();
const marker = { ...(machines[0] as MachineDescription), topic: 'factory/demo/marker' };

/** A reader of machines at the beginning of the window. */
function opened(descriptions: readonly MachineDescription[]): Reader {
  const reader = createFleet([{ ...DEFAULT_FACTORY, machines: descriptions }]).reader();
  reader.seek(START_MS);
  return reader;
}

/** The single reading whose messages end a run. */
function markerBatch(): Batch {
  const batch = new Batch(1);
  opened([marker]).read(Number.POSITIVE_INFINITY, batch);
  return batch;
}

/** A piece of the stream that ends with a packet. */
interface Chunk {
  readonly bytes: Buffer;
  readonly count: number;
}

/** The packets of a call's messages, the marker's last. */
function preparedChunks(qos: 0 | 1): Chunk[] {
  const messages = new Messages();
  const batch = new Batch();
  const reader = opened(machines);
  const chunks: Chunk[] = [];
  let packets: Buffer[] = [];
  let length = 0;
  let count = 0;
  const cut = () => {
    chunks.push({ bytes: Buffer.concat(packets), count: packets.length });
    packets = [];
    length = 0;
  };
  const add = (source: Batch) => {
    for (const message of messages.of(source)) {
      const packet = publishPacket(message, qos, 1 + (count++ % 65_535));
      packets.push(packet);
      length += packet.length;
      if (length > CHUNK_BYTES) cut();
    }
  };
  while (count < MESSAGES_A_CALL) {
    batch.clear();
    reader.read(Number.POSITIVE_INFINITY, batch);
    add(batch);
  }
  add(markerBatch());
  cut();
  return chunks;
}

function publishPacket({ topic, payload, isRetained }: Message, qos: 0 | 1, id: number): Buffer {
  const name = Buffer.from(topic);
  const rest = 2 + name.length + (qos ? 2 : 0) + payload.length;
  const length = rest < 128 ? [rest] : [(rest & 0x7f) | 0x80, rest >> 7];
  return Buffer.concat([
    Buffer.from([0x30 | (qos << 1) | (isRetained ? 1 : 0), ...length, 0, name.length]),
    name,
    Buffer.from(qos ? [id >> 8, id & 0xff] : []),
    payload,
  ]);
}

/** A connection that does nothing but write bytes and count acknowledgements of four bytes. */
class RawClient {
  readonly #socket: Socket;
  #bytesReceived = 0;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#bytesReceived += bytes.length;
      this.#wake();
    });
  }

  static async open(host: string, port: number): Promise<RawClient> {
    const socket = connect({ host, port, noDelay: true });
    const rest = Buffer.from('\0\x04MQTT\x04\x02\0\0\0\x03raw');
    socket.write(Buffer.concat([Buffer.from([0x10, rest.length]), rest]));
    await once(socket, 'data');
    return new RawClient(socket);
  }

  async publish(qos: 0 | 1, chunks: readonly Chunk[]): Promise<number> {
    this.#bytesReceived = 0;
    let sent = 0;
    const unacknowledged = () => (qos === 0 ? 0 : sent - this.#bytesReceived / 4);
    for (const { bytes, count } of chunks) {
      if (!this.#socket.write(bytes)) await once(this.#socket, 'drain');
      sent += count;
      await this.#until(() => unacknowledged() < WINDOW);
    }
    await this.#until(() => unacknowledged() === 0);
    return sent;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #until(isOver: () => boolean): Promise<void> {
    while (!isOver())
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }
}

/** Makes, encodes and publishes a call's messages, each time those that come next. */
function publisher(sink: MqttSink): () => Promise<number> {
  const reader = opened(machines);
  const batch = new Batch();
  const last = markerBatch();
  return async () => {
    let count = 0;
    while (count < MESSAGES_A_CALL) {
      batch.clear();
      reader.read(Number.POSITIVE_INFINITY, batch);
      count += messageCount(batch);
      await sink.write(batch);
    }
    await sink.write(last);
    return count + messageCount(last);
  };
}

for (const qos of [0, 1] as const) {
  const { host, port, close } = await startMosquitto();
  const subscriber = await mqtt.connectAsync(`mqtt://${host}:${port}`);
  await subscriber.subscribeAsync(`${marker.topic}/environmental`);
  const untilTaken = (publish: () => Promise<number>) => async () => {
    const isTaken = new Promise<void>((resolve) => subscriber.once('message', () => resolve()));
    const count = await publish();
    await isTaken;
    return count;
  };

  const raw = await RawClient.open(host, port);
  const chunks = preparedChunks(qos);
  const sink = new MqttSink(privateAddress(port), qos);
  await compare(
    `Catch-up into Mosquitto at QoS ${qos}: ${types.map(({ type }) => type).join(', ')}`,
    {
      'bytes from a raw socket': untilTaken(() => raw.publish(qos, chunks)),
      'made, encoded, published': untilTaken(publisher(sink)),
    },
    { against: 'bytes from a raw socket', atLeast: 0.85, unit: 'messages', runs: 5, runS: 1 },
  );
  raw.close();
  await sink.close();
  await subscriber.endAsync();
  await close();
}
