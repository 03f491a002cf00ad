import { generate, type IConnectPacket, type IPublishPacket, type QoS } from 'mqtt-packet';

/** The MQTT versions of the broker, by their numbers in CONNECT: 3.1, 3.1.1 and 5. */
export type Version = 3 | 4 | 5;

/** Memory that a stored message takes besides its content: objects and a queue entry [bytes]. */
const MESSAGE_OVERHEAD_BYTES = 128;
/** How much foreign memory the payload of a stored message may keep alive [bytes]. */
const SLACK_BYTES_MAX = 1024;
/**
 * The same for a message in flight: Node's pool of small buffers, whose other users are in flight,
 * too.
 */
export const POOL_BYTES = 8192;

const PUBLISH = 0x30;
const DUP = 0x08;
const RETAIN = 0x01;

/** Properties that MQTT 5 forwards with a message. */
export type MessageProperties = NonNullable<IPublishPacket['properties']>;

/** A will, as in CONNECT. */
export type Will = NonNullable<IConnectPacket['will']>;

/** A message to deliver. */
export interface MessageFields {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  /** Whether to store it for later subscribers. */
  readonly retain: boolean;
  readonly properties?: MessageProperties | undefined;
  /** When it expires [ms, of the monotonic clock]. */
  readonly expiresMs?: number | undefined;
  /** Bytes of its properties. */
  readonly propertyBytes?: number;
}

/** How a message is sent to one subscriber. */
export interface Envelope {
  readonly version: Version;
  readonly qos: QoS;
  readonly isRetained: boolean;
  readonly isRepeated: boolean;
  /** 0 for QoS 0. */
  readonly packetId: number;
}

/** A message on its way to any number of subscribers. */
export class Message {
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Memory that it takes when stored. */
  readonly bytes: number;
  readonly #properties: MessageProperties | undefined;
  readonly #expiresMs: number;
  #payload: Buffer;
  /** The packet that most subscribers get at QoS 0, encoded once for all of them. */
  #plain: Buffer | undefined;

  constructor(fields: MessageFields) {
    const { topic, payload, properties, propertyBytes = 0 } = fields;
    this.topic = topic;
    this.qos = fields.qos;
    this.retain = fields.retain;
    this.bytes = payload.length + topic.length + propertyBytes + MESSAGE_OVERHEAD_BYTES;
    this.#payload = payload;
    this.#properties = properties;
    this.#expiresMs = fields.expiresMs ?? Number.POSITIVE_INFINITY;
  }

  get payloadBytes(): number {
    return this.#payload.length;
  }

  get isExpired(): boolean {
    return this.#expiresMs !== Number.POSITIVE_INFINITY && performance.now() >= this.#expiresMs;
  }

  /**
   * Stops the payload from keeping other memory alive: payloads are slices of the chunks that were
   * read.
   */
  detach(slackBytes = SLACK_BYTES_MAX): void {
    const { buffer, length } = this.#payload;
    if (buffer.byteLength - length <= slackBytes) return;
    const copy = Buffer.allocUnsafeSlow(length);
    this.#payload.copy(copy);
    this.#payload = copy;
  }

  /** The packet for a subscriber. */
  encode(envelope: Envelope): Buffer {
    const { version, qos, isRetained } = envelope;
    if (version === 5 && this.#properties) return this.#encodeWithProperties(envelope);
    if (qos > 0 || isRetained || version === 5) return this.#encode(envelope);
    this.#plain ??= this.#encode(envelope);
    return this.#plain;
  }

  #encode({ version, qos, isRetained, isRepeated, packetId }: Envelope): Buffer {
    const payload = this.#payload;
    const topicBytes = Buffer.byteLength(this.topic);
    const length = 2 + topicBytes + (qos > 0 ? 2 : 0) + (version === 5 ? 1 : 0) + payload.length;
    const lengthBytes = length < 128 ? 1 : length < 16_384 ? 2 : length < 2_097_152 ? 3 : 4;
    const packet = Buffer.allocUnsafe(1 + lengthBytes + length);
    packet[0] = PUBLISH | (isRepeated ? DUP : 0) | (qos << 1) | (isRetained ? RETAIN : 0);
    let at = 1;
    for (let rest = length; ; rest >>>= 7) {
      packet[at++] = rest < 128 ? rest : (rest & 0x7f) | 0x80;
      if (rest < 128) break;
    }
    at = packet.writeUInt16BE(topicBytes, at);
    at += packet.write(this.topic, at);
    if (qos > 0) at = packet.writeUInt16BE(packetId, at);
    if (version === 5) packet[at++] = 0;
    payload.copy(packet, at);
    return packet;
  }

  #encodeWithProperties({ qos, isRetained, isRepeated, packetId }: Envelope): Buffer {
    const properties = { ...this.#properties };
    // The remaining lifetime is forwarded [MQTT 5, §3.3.2.3.3].
    if (this.#expiresMs !== Number.POSITIVE_INFINITY)
      properties.messageExpiryInterval = Math.max(
        0,
        Math.ceil((this.#expiresMs - performance.now()) / 1000),
      );
    return generate(
      {
        cmd: 'publish',
        topic: this.topic,
        payload: this.#payload,
        qos,
        retain: isRetained,
        dup: isRepeated,
        properties,
        ...(qos > 0 ? { messageId: packetId } : {}),
      },
      { protocolVersion: 5 },
    );
  }
}

/** The message of a packet or a will, with the properties that MQTT 5 forwards. */
export function messageOf(packet: IPublishPacket | Will, packetBytes = 0): MessageFields {
  const { topic, payload, qos = 0, retain = false, properties: received } = packet;
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  if (!received) return { topic, payload: bytes, qos, retain };
  const { payloadFormatIndicator, contentType, responseTopic } = received;
  const { messageExpiryInterval, correlationData, userProperties } = received;
  const passedOn = {
    ...(payloadFormatIndicator === undefined ? {} : { payloadFormatIndicator }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData) }),
    ...(userProperties === undefined ? {} : { userProperties }),
  };
  const isTimed = messageExpiryInterval !== undefined;
  return {
    ...{ topic, payload: bytes, qos, retain, propertyBytes: packetBytes },
    properties: passedOn,
    expiresMs: isTimed ? performance.now() + messageExpiryInterval * 1000 : undefined,
  };
}
