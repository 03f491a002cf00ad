import type { Writable } from 'node:stream';
import type { Packet } from 'mqtt';
import { MESSAGE_BYTES_MAX } from '../encoding/columns.ts';
import type { PreparedText } from '../encoding/prepared-text.ts';
import { MqttError, reasonText } from './mqtt-error.ts';

/** Messages on their way at once: at 130,000 a second this bridges 75 ms to the broker. */
const IN_FLIGHT_MAX = 10_000;
/** Packet identifiers: 1 to 65,535. */
const PACKET_IDS = 65_536;
/** Packets are gathered in so many chunks of this size, one filling while others are sent. */
const CHUNK_BYTES = 128 * 1024;
const CHUNKS = 4;
/** Longest topic that the registry can hold, in UTF-8. */
const TOPIC_BYTES_MAX = 1024;
/** Type, length, length of the topic, packet identifier, length of the properties. */
const HEADER_BYTES_MAX = 16;
const PACKET_BYTES_MAX = HEADER_BYTES_MAX + TOPIC_BYTES_MAX + MESSAGE_BYTES_MAX;

const PUBLISH = 0x30;
const RETAIN = 0x01;
const PUBREL = 0x62;
/** Bytes set aside for a packet's length: enough for 16,383. */
const LENGTH_BYTES = 2;
/** From here on a reason code of MQTT 5 is an error (§2.4). */
const REASON_ERROR = 0x80;

/** Bytes that packets are written into. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** What a packet identifier waits for. */
const FREE = 0;
const PUBACK = 1;
const PUBREC = 2;
const PUBCOMP = 3;

/** What the broker was told, and what it allows. */
export interface PublishStreamOptions {
  readonly version: 4 | 5;
  readonly qos: 0 | 1 | 2;
  /** Messages that the broker takes unacknowledged at once. */
  readonly receiveMax: number;
  readonly isRetainAvailable: boolean;
}

/**
 * The PUBLISH packets of one connection: written in place into large chunks, and counted until the
 * broker has acknowledged them.
 *
 * mqtt.js makes an object, a store entry and a callback of every message, which at QoS 1 costs
 * more than making the readings (bench/mqtt). It connects, encrypts, pings and reads; what is
 * published goes to its stream from here, with packet identifiers of our own, whose
 * acknowledgements it passes on and otherwise ignores. Nothing else may publish on the connection.
 */
export class PublishStream {
  bytesWritten = 0;
  readonly #stream: Writable;
  readonly #options: PublishStreamOptions;
  readonly #inFlightMax: number;
  /** The chunk that is being filled; an empty one while all are on their way. */
  #chunk: Chunk;
  readonly #free: Chunk[];
  readonly #awaited = new Uint8Array(PACKET_IDS);
  /** The identifier of the packet that is being written, or was written last. */
  #nextId = 0;
  #inFlight = 0;
  #chunksSent = 0;
  /** First byte of the packet that is being written, and the end of those complete. */
  #packetAt = 0;
  #at = 0;
  #isCorked = false;
  /** Why the connection ended, and why the broker did not take a message. */
  #error: MqttError | undefined;
  #refusal: MqttError | undefined;
  readonly #waiting = new Set<{ isOver(): boolean; settle(): void }>();

  constructor(stream: Writable, options: PublishStreamOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#inFlightMax = options.qos === 0 ? Infinity : Math.min(IN_FLIGHT_MAX, options.receiveMax);
    this.#free = Array.from({ length: CHUNKS - 1 }, () => newChunk(CHUNK_BYTES));
    this.#chunk = newChunk(CHUNK_BYTES);
  }

  /** Where the next payload is written, from what {@link begin} returns. */
  get bytes(): Uint8Array {
    return this.#chunk.bytes;
  }

  /** Whether another packet can be written now; if not, wait for {@link room}. */
  get hasRoom(): boolean {
    return this.#at + PACKET_BYTES_MAX <= this.bytes.length && this.#inFlight < this.#inFlightMax;
  }

  /**
   * Sends what was written and waits until there is room for more.
   *
   * @throws MqttError where the connection is lost meanwhile.
   */
  async room(): Promise<void> {
    this.send();
    // A few at a time, not one by one as acknowledgements come in.
    const inFlight = Math.max(0, this.#inFlightMax - Math.min(256, this.#inFlightMax / 2));
    await this.#until(() => this.#chunk !== NONE && this.#inFlight <= inFlight);
  }

  /**
   * Begins a packet. Its topic comes in two parts: what is a machine's own, and what it shares with
   * all of its type.
   *
   * @returns Where its payload begins in {@link bytes}.
   */
  begin(topic: PreparedText, level: PreparedText, isRetained: boolean): number {
    const { view } = this.#chunk;
    const { qos, version, isRetainAvailable } = this.#options;
    this.#packetAt = this.#at;
    const retain = isRetained && isRetainAvailable ? RETAIN : 0;
    view.setUint8(this.#at, PUBLISH | (qos << 1) | retain);
    let at = this.#at + 1 + LENGTH_BYTES;
    view.setUint16(at, topic.length + level.length);
    at = topic.write(view, at + 2);
    at = level.write(view, at);
    if (qos > 0) {
      this.#nextId = this.#freeId();
      view.setUint16(at, this.#nextId);
      at += 2;
    }
    if (version === 5) view.setUint8(at++, 0);
    return at;
  }

  /** Completes the packet whose payload ends before `end`. */
  end(end: number): void {
    const { bytes } = this;
    const { qos } = this.#options;
    if (qos > 0) {
      this.#awaited[this.#nextId] = qos === 1 ? PUBACK : PUBREC;
      this.#inFlight++;
    }
    const lengthAt = this.#packetAt + 1;
    const length = end - lengthAt - LENGTH_BYTES;
    if (length < 128) {
      // A length may not take more bytes than it needs (MQTT 5, §1.5.5).
      bytes[lengthAt] = length;
      bytes.copyWithin(lengthAt + 1, lengthAt + LENGTH_BYTES, end);
      this.#at = end - 1;
    } else {
      bytes[lengthAt] = (length & 0x7f) | 0x80;
      bytes[lengthAt + 1] = length >> 7;
      this.#at = end;
    }
  }

  /**
   * Sends what was written and waits until all of it is acknowledged or, at QoS 0, handed to the
   * operating system.
   *
   * @throws MqttError where the connection is lost meanwhile.
   */
  async settled(): Promise<void> {
    this.send();
    await this.#until(() => this.#inFlight === 0 && this.#chunksSent === 0);
  }

  /** Takes note of what the broker sent. */
  onPacket(packet: Packet): void {
    const { cmd } = packet;
    if (cmd !== 'puback' && cmd !== 'pubrec' && cmd !== 'pubcomp') return;
    const { messageId = 0, reasonCode = 0 } = packet;
    const awaited = this.#awaited[messageId];
    if (cmd === 'pubrec' && awaited === PUBREC && reasonCode < REASON_ERROR) {
      this.#awaited[messageId] = PUBCOMP;
      this.#release(messageId);
      return;
    }
    const isAnswer =
      (cmd === 'puback' && awaited === PUBACK) ||
      (cmd === 'pubrec' && awaited === PUBREC) ||
      (cmd === 'pubcomp' && awaited === PUBCOMP);
    if (!isAnswer) return;
    this.#awaited[messageId] = FREE;
    this.#inFlight--;
    if (reasonCode >= REASON_ERROR)
      this.#refusal ??= new MqttError(`the broker refused a message: ${reasonText(reasonCode)}`);
    this.#wake();
  }

  /** Ends it: whoever waits, now or later, is told why. */
  fail(error: MqttError): void {
    this.#error ??= error;
    this.#wake();
  }

  #freeId(): number {
    let id = this.#nextId;
    do id = id === PACKET_IDS - 1 ? 1 : id + 1;
    while (this.#awaited[id] !== FREE);
    return id;
  }

  /** Sends what was written so far. */
  send(): void {
    if (this.#at === 0) return;
    const chunk = this.#chunk;
    this.#chunksSent++;
    this.bytesWritten += this.#at;
    this.#stream.write(chunk.bytes.subarray(0, this.#at), () => {
      this.#chunksSent--;
      if (this.#chunk === NONE) this.#chunk = chunk;
      else this.#free.push(chunk);
      this.#wake();
    });
    this.#chunk = this.#free.pop() ?? NONE;
    this.#at = 0;
  }

  /** The second half of QoS 2; several releases of one turn go out together. */
  #release(messageId: number): void {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
      setImmediate(() => {
        this.#isCorked = false;
        this.#stream.uncork();
      });
    }
    this.bytesWritten += 4;
    this.#stream.write(Uint8Array.of(PUBREL, 2, messageId >> 8, messageId & 0xff));
  }

  #wake(): void {
    for (const { isOver, settle } of this.#waiting)
      if (this.#error || this.#refusal || isOver()) settle();
  }

  async #until(isOver: () => boolean): Promise<void> {
    if (!this.#error && !this.#refusal && !isOver())
      await new Promise<void>((resolve) => {
        const waiter = {
          isOver,
          settle: () => {
            this.#waiting.delete(waiter);
            resolve();
          },
        };
        this.#waiting.add(waiter);
      });
    const error = this.#error ?? this.#refusal;
    this.#refusal = undefined;
    if (error) throw error;
  }
}

function newChunk(length: number): Chunk {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** What there is to write into while every chunk is on its way. */
const NONE = newChunk(0);
