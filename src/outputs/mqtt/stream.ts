import type { Writable } from 'node:stream';
import type { Packet } from 'mqtt';
import type { SinkObserver } from '../../core/sink.ts';
import { MESSAGE_BYTES_MAX } from '../../encoding/columns.ts';
import type { Utf8Constant } from '../../encoding/texts.ts';
import { STATE_TOPIC } from './client.ts';
import { MqttError, reasonText } from './error.ts';

/** Most messages in flight: at 130,000 a second this bridges 75 ms to the broker. */
const IN_FLIGHT_MAX = 10_000;
/** Packet identifiers: 1 to 65,535. */
const PACKET_IDS = 65_536;
/** Number and size of the chunks for packets: one is filled while others are sent. */
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
const PINGREQ = Uint8Array.of(0xc0, 0);
/** Bytes reserved for a packet's length: enough for 16,383. */
const LENGTH_BYTES = 2;
/** Reason codes of MQTT 5 from here on are errors (§2.4). */
const REASON_ERROR = 0x80;
/**
 * Permanent errors of one message (MQTT 5, §3.4.2.1): unspecified, implementation specific, not
 * authorized, topic name invalid, packet too large (Mosquitto's), payload format invalid.
 */
const REFUSALS = new Set([0x80, 0x83, 0x87, 0x90, 0x95, 0x99]);
/** An exceeded quota may be available again later. */
const QUOTA_EXCEEDED = 0x97;
/** Interval of pings at QoS 0 that check whether the broker still reads, and their timeout. */
const PING_EVERY_MS = 1000;
const PONG_MAX_MS = 1000;

/** Bytes that packets are written into. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** What a packet identifier is waiting for. */
const FREE = 0;
const PUBACK = 1;
const PUBREC = 2;
const PUBCOMP = 3;
const ANSWERS = { puback: PUBACK, pubrec: PUBREC, pubcomp: PUBCOMP } as const;

/** The options agreed with the broker. */
export interface PublishStreamOptions {
  readonly version: 4 | 5;
  readonly qos: 0 | 1 | 2;
  /** Most unacknowledged messages that the broker accepts. */
  readonly receiveMax: number;
  readonly isRetainAvailable: boolean;
  /** Called if the broker violates the protocol: the connection must be closed. */
  readonly onViolation: (error: MqttError) => void;
}

/** What was in flight when a connection ended. */
export interface Unacknowledged {
  readonly messages: number;
  /** The topic that may have caused it; the oldest one, unless one is unusual. */
  readonly topic: string;
}

/**
 * The PUBLISH packets of one connection: written in place into large chunks, and counted until the
 * broker has acknowledged them.
 *
 * mqtt.js creates an object, a store entry and a callback for every message, which at QoS 1 costs
 * more than computing the readings (bench/mqtt). It connects, encrypts, pings and reads; published
 * packets are written directly to its stream, with our own packet identifiers, whose
 * acknowledgements it passes on and otherwise ignores. Nothing else may publish on the connection.
 */
export class PublishStream {
  bytesWritten = 0;
  /** Whether the broker has acknowledged anything. */
  isProven = false;
  /** Notified of every acknowledgement and rejection. */
  observer: SinkObserver | undefined;
  readonly #stream: Writable;
  readonly #options: PublishStreamOptions;
  readonly #inFlightMax: number;
  /** The chunk being filled; an empty one while all are in flight. */
  #chunk: Chunk;
  readonly #free: Chunk[];
  readonly #awaited = new Uint8Array(PACKET_IDS);
  /** Both parts of the topic of each packet identifier. */
  readonly #topics: Utf8Constant[] = new Array(PACKET_IDS);
  readonly #levels: Utf8Constant[] = new Array(PACKET_IDS);
  #pingedMs = Number.NEGATIVE_INFINITY;
  #isPinging = false;
  /** The identifier of the current or last packet. */
  #nextId = 0;
  #inFlight = 0;
  #chunksSent = 0;
  /** First byte of the current packet, and the end of the complete ones. */
  #packetAt = 0;
  #at = 0;
  #isCorked = false;
  /** Why the connection ended, and why the broker rejected a message. */
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

  /** The buffer for the next payload, from the index that {@link begin} returns. */
  get bytes(): Uint8Array {
    return this.#chunk.bytes;
  }

  /** Whether another packet can be written now; if not, wait for {@link room}. */
  get hasRoom(): boolean {
    return this.#at + PACKET_BYTES_MAX <= this.bytes.length && this.#inFlight < this.#inFlightMax;
  }

  /**
   * Sends what was written and waits until there is space for more.
   *
   * @throws MqttError where the connection is lost meanwhile.
   */
  async room(): Promise<void> {
    this.send();
    // Waits for several acknowledgements, not for each one.
    const inFlight = Math.max(0, this.#inFlightMax - Math.min(256, this.#inFlightMax / 2));
    await this.#until(() => this.#chunk !== NONE && this.#inFlight <= inFlight);
  }

  /**
   * Starts a packet. Its topic has two parts: the machine's own, and the part shared by all
   * machines of its type.
   *
   * @returns Where its payload begins in {@link bytes}.
   */
  begin(topic: Utf8Constant, level: Utf8Constant, isRetained: boolean): number {
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
      this.#topics[this.#nextId] = topic;
      this.#levels[this.#nextId] = level;
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
      // A length must not take more bytes than necessary (MQTT 5, §1.5.5).
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
   * operating system of a broker that still answers pings.
   *
   * @throws MqttError where the connection is lost meanwhile.
   */
  async settled(): Promise<void> {
    this.send();
    if (this.#options.qos === 0) this.#ping();
    await this.#until(() => this.#inFlight === 0 && this.#chunksSent === 0 && !this.#isPongLate);
  }

  /** What the broker has not acknowledged yet, if anything. */
  unacknowledged(): Unacknowledged | undefined {
    if (this.#inFlight === 0) return undefined;
    const topics: string[] = [];
    for (let i = 1; i < PACKET_IDS; i++) {
      const id = ((this.#nextId + i - 1) % (PACKET_IDS - 1)) + 1;
      if (this.#awaited[id] !== FREE) topics.push(this.#topicOf(id));
    }
    const unusual = topics.find((each) => UNUSUAL.test(each));
    const topic = unusual ?? topics.find((each) => each !== STATE_TOPIC) ?? STATE_TOPIC;
    return { messages: this.#inFlight, topic };
  }

  /** Handles a packet from the broker. */
  onPacket(packet: Packet): void {
    const { cmd } = packet;
    if (cmd === 'pingresp') this.#onPong();
    if (cmd !== 'puback' && cmd !== 'pubrec' && cmd !== 'pubcomp') return;
    const { messageId = 0, reasonCode = 0 } = packet;
    const awaited = this.#awaited[messageId];
    if (awaited !== ANSWERS[cmd]) {
      const what = awaited === FREE ? 'a message that was not sent' : WAITING[awaited as number];
      this.#violation(`${cmd.toUpperCase()} for ${what}`);
      return;
    }
    this.isProven = true;
    this.observer?.progress();
    if (cmd === 'pubrec' && reasonCode < REASON_ERROR) {
      this.#awaited[messageId] = PUBCOMP;
      this.#release(messageId);
      return;
    }
    this.#awaited[messageId] = FREE;
    this.#inFlight--;
    if (reasonCode >= REASON_ERROR) this.#onRefusal(messageId, reasonCode, cmd);
    else if (this.observer && this.observer.refusedTopics.size > 0) this.#onAccepted(messageId);
    this.#wake();
  }

  /** Ends the stream: current and later waits reject with the reason. */
  fail(error: MqttError): void {
    this.#error ??= error;
    this.#wake();
  }

  #onRefusal(messageId: number, reasonCode: number, cmd: string): void {
    const topic = this.#topicOf(messageId);
    const reason = reasonText(reasonCode);
    if (cmd === 'pubcomp' || (!REFUSALS.has(reasonCode) && reasonCode !== QUOTA_EXCEEDED))
      this.#violation(`${cmd.toUpperCase()} with the reason “${reason}”`);
    else if (REFUSALS.has(reasonCode)) this.observer?.refused(topic, reason);
    else this.#refusal ??= new MqttError(`the broker does not take ${topic} now: ${reason}`);
  }

  #onAccepted(messageId: number): void {
    const topic = this.#topicOf(messageId);
    if (this.observer?.refusedTopics.has(topic)) this.observer.accepted(topic);
  }

  #topicOf(messageId: number): string {
    return `${this.#topics[messageId]?.text}${this.#levels[messageId]?.text}`;
  }

  #violation(what: string): void {
    this.#options.onViolation(new MqttError(`the broker broke the protocol: ${what}`));
  }

  /** Pings the broker to check whether it has read everything sent before. */
  #ping(): void {
    const nowMs = performance.now();
    if (this.#isPinging || nowMs - this.#pingedMs < PING_EVERY_MS) return;
    this.#isPinging = true;
    this.#pingedMs = nowMs;
    this.#stream.write(PINGREQ);
  }

  get #isPongLate(): boolean {
    return this.#isPinging && performance.now() - this.#pingedMs > PONG_MAX_MS;
  }

  #onPong(): void {
    this.#isPinging = false;
    this.isProven = true;
    if (this.#options.qos === 0) this.observer?.progress();
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
      if (this.#options.qos === 0) this.observer?.progress();
      if (this.#chunk === NONE) this.#chunk = chunk;
      else this.#free.push(chunk);
      this.#wake();
    });
    this.#chunk = this.#free.pop() ?? NONE;
    this.#at = 0;
  }

  /** The second half of QoS 2; several releases in one turn are sent together. */
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

/** What a message is waiting for. */
const WAITING = ['', 'a message at QoS 1', 'a message at QoS 2', 'a message that was released'];
/** Characters that brokers with restricted topics reject: all but those of host names. */
const UNUSUAL = /[^\w/-]/;

/** Written into while every chunk is in flight. */
const NONE = newChunk(0);
