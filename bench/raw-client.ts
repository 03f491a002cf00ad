/** A broker's limit: packets encoded beforehand, from a raw socket. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Batch } from '../src/core/batch.ts';
import { MessageCounter } from '../src/delivery/figures.ts';
import { type Message, Messages } from '../src/outputs/mqtt/messages.ts';
import type { Reader } from '../src/simulation/reader.ts';

const counter = new MessageCounter();

/** Messages in flight at QoS 1. */
const WINDOW = 10_000;
const CHUNK_BYTES = 128 * 1024;

/** A chunk of the stream that ends at the end of a packet. */
export interface Chunk {
  readonly bytes: Buffer;
  readonly count: number;
}

/**
 * The reader's next batches, until they hold `messages` messages or a few more; one batch is
 * reused.
 */
export function* readBatches(reader: Reader, messages: number): Generator<Batch> {
  const batch = new Batch();
  for (let count = 0; count < messages; count += counter.ofBatch(batch)) {
    batch.clear();
    reader.read(Number.POSITIVE_INFINITY, batch);
    yield batch;
  }
}

/** The packets of all messages of some batches; the same batch may be reused for each. */
export function packetChunks(batches: Iterable<Batch>, qos: 0 | 1): Chunk[] {
  const messages = new Messages();
  const chunks: Chunk[] = [];
  let packets: Buffer[] = [];
  let length = 0;
  let count = 0;
  const cut = () => {
    chunks.push({ bytes: Buffer.concat(packets), count: packets.length });
    packets = [];
    length = 0;
  };
  for (const batch of batches)
    for (const message of messages.of(batch)) {
      const packet = publishPacket(message, qos, 1 + (count++ % 65_535));
      packets.push(packet);
      length += packet.length;
      if (length > CHUNK_BYTES) cut();
    }
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

/** A connection that only writes bytes and counts acknowledgements, of four bytes each. */
export class RawClient {
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

  /** Settles when all messages are sent and, at QoS 1, acknowledged. @returns Their number. */
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
