import { Socket } from 'node:net';
import type { IConnackPacket, IDisconnectPacket, MqttClient } from 'mqtt';
import { type Batch, READING, STATUS } from '../../core/batch.ts';
import type { Machine } from '../../core/factory.ts';
import type { MachineType } from '../../core/machine.ts';
import type { DeliveredSink, SinkObserver } from '../../core/sink.ts';
import { JsonEncoder } from '../../encoding/json.ts';
import { Utf8Constant } from '../../encoding/texts.ts';
import { BackOff } from '../../runtime/back-off.ts';
import { settledWithin } from '../../runtime/deadline.ts';
import { Memo } from '../../runtime/memo.ts';
import type { Announcer } from '../output.ts';
import {
  addressText,
  type BrokerAddress,
  createMqttClient,
  endMqttClient,
  isWillRefused,
  STATE_TOPIC,
} from './client.ts';
import { causeText, endingText, MqttError } from './error.ts';
import { channelLevels, STATUS_LEVEL } from './messages.ts';
import { PublishStream } from './stream.ts';

/** Time each for messages in flight and for the last message when the sink closes [ms]. */
const CLOSE_MAX_MS = 500;

/** Receive maximum of a broker that specifies none (MQTT 5, §3.2.2.3.3). */
const RECEIVE_MAX = 65_535;

const STATE = new Utf8Constant(STATE_TOPIC);
const STATUS_TEXT = new Utf8Constant(STATUS_LEVEL);
/** The second part of a topic that is complete already. */
const WHOLE = new Utf8Constant('');

interface Attempt {
  readonly resolve: (stream: PublishStream) => void;
  readonly reject: (error: MqttError) => void;
}

/**
 * Publishes to an external MQTT broker.
 *
 * While it is connected, `simulator/state` is `online`. It becomes `offline` when the sink is
 * closed, and through the will when the connection is lost. Of several sinks of a simulator, only
 * one announces the state.
 */
export class MqttSink implements DeliveredSink, Announcer {
  readonly name = 'mqtt';
  readonly address: string;
  connectionCount = 0;
  readonly #version: 4 | 5;
  readonly #qos: 0 | 1 | 2;
  readonly #client: MqttClient;
  readonly #isAnnounced: boolean;
  readonly #backOff = new BackOff();
  readonly #encoder = new JsonEncoder();
  readonly #topics = new Memo(({ topic }: Machine) => new Utf8Constant(topic));
  readonly #levels = new Memo((type: MachineType) =>
    channelLevels(type).map((level) => new Utf8Constant(level)),
  );
  #stream: PublishStream | undefined;
  /** Callers that wait for the next connection attempt. */
  #attempts: Attempt[] = [];
  #observer: SinkObserver | undefined;
  /** Losses before a caller could receive them. */
  #unsaid: Error | undefined;
  /** The usual causes for a connection that is closed right after it was opened. */
  readonly #usualCauses: string;
  readonly #protocol: string;
  /** Consecutive short-lived connections. */
  #shortLived = 0;
  #lastError: unknown;
  #closedBytes = 0;
  #closing: Promise<void> | undefined;

  /**
   * Starts to connect.
   *
   * @param isAnnounced - Whether this connection announces `simulator/state`.
   * @throws ConfigError if a certificate or key cannot be read.
   */
  constructor(broker: BrokerAddress, qos: 0 | 1 | 2, isAnnounced = true) {
    this.#isAnnounced = isAnnounced;
    this.address = addressText(broker);
    this.#version = broker.version;
    this.#qos = qos;
    const clientId = 'MQTT_CLIENT_ID, if another client has it too';
    this.#protocol = `MQTT_VERSION=${broker.version}, MQTT_PROTOCOL and MQTT_PORT`;
    const settings = `MQTT_QOS=${qos}, MQTT_VERSION=${broker.version}`;
    this.#usualCauses = `${settings}, ${clientId}, or the topic`;
    const will = { qos: Math.min(qos, 1) as 0 | 1, retain: true };
    const client = createMqttClient(broker, this.#backOff, isAnnounced ? will : undefined);
    this.#client = client;
    client.on('packetsend', ({ cmd }) => {
      // mqtt.js swallows errors without a code, such as a rejected WebSocket.
      if (cmd === 'connect') client.stream.on('error', this.#onError);
    });
    client.on('error', this.#onError);
    client.on('disconnect', this.#onDisconnect);
    client.on('connect', this.#onConnect);
    client.on('close', this.#onClose);
    client.on('packetreceive', (packet) => this.#stream?.onPacket(packet));
    client.connect();
  }

  get isConnected(): boolean {
    return this.#stream !== undefined;
  }

  observe(observer: SinkObserver): void {
    this.#observer = observer;
    if (this.#unsaid) observer.lost(this.#unsaid);
    if (this.#stream) this.#stream.observer = observer;
  }

  reset(reason: Error): void {
    this.#lastError = reason;
    this.#fail(new MqttError(reason.message, reason));
    this.#client.stream?.destroy();
  }

  get bytesWritten(): number {
    return this.#closedBytes + (this.#stream?.bytesWritten ?? 0);
  }

  /**
   * Settles when the broker has acknowledged all messages or, at QoS 0, when the operating system
   * has accepted them. While disconnected, it waits for the next connection attempt.
   *
   * @throws MqttError if the broker is away, is lost or currently accepts nothing.
   */
  async write(batch: Batch): Promise<void> {
    const stream = await this.#connected();
    const encoder = this.#encoder;
    for (let row = 0; row < batch.length; row++) {
      const flags = batch.flags[row] as number;
      const machine = batch.machines[row] as Machine;
      const topic = this.#topics.of(machine);
      if (flags & READING) {
        const levels = this.#levels.of(machine.type);
        for (let i = 0; i < levels.length; i++) {
          if (!batch.carries(row, i)) continue;
          if (!stream.hasRoom) await stream.room();
          const at = stream.begin(topic, levels[i] as Utf8Constant, false);
          stream.end(encoder.message(batch, row, i, stream.bytes, at));
        }
      }
      if (flags & STATUS) {
        if (!stream.hasRoom) await stream.room();
        const at = stream.begin(topic, STATUS_TEXT, true);
        stream.end(encoder.status(batch, row, stream.bytes, at));
      }
    }
    await stream.settled();
    if (this.#backOff.works()) this.#shortLived = 0;
  }

  async announce(topic: string, payload: string): Promise<void> {
    const stream = await this.#connected();
    if (!stream.hasRoom) await stream.room();
    const at = stream.begin(new Utf8Constant(topic), WHOLE, true);
    stream.end(at + Buffer.from(payload).copy(stream.bytes, at));
    stream.send();
  }

  /** Publishes `offline` and disconnects; abandons what the broker does not accept in seconds. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const stream = this.#stream;
    if (stream) {
      try {
        if (!stream.hasRoom) await settledWithin(stream.room(), CLOSE_MAX_MS);
        if (stream.hasRoom) this.#publishState(stream, 'offline');
        await settledWithin(stream.settled(), CLOSE_MAX_MS);
      } catch (error) {
        // The connection is lost: the broker publishes the will, which also says `offline`.
        if (!(error instanceof MqttError)) throw error;
      }
    }
    await settledWithin(endMqttClient(this.#client, this.#stream !== undefined), CLOSE_MAX_MS);
    this.#client.stream?.destroy();
    this.#fail(new MqttError(`the connection to ${this.address} was closed`));
  }

  #connected(): Promise<PublishStream> {
    if (this.#closing)
      return Promise.reject(new MqttError(`the connection to ${this.address} was closed`));
    if (this.#stream) return Promise.resolve(this.#stream);
    return new Promise((resolve, reject) => void this.#attempts.push({ resolve, reject }));
  }

  readonly #onConnect = ({ properties }: IConnackPacket): void => {
    this.connectionCount++;
    this.#lastError = undefined;
    // Otherwise the end of each batch would wait in the kernel for earlier acknowledgements.
    if (this.#client.stream instanceof Socket) this.#client.stream.setNoDelay();
    const stream = new PublishStream(this.#client.stream, {
      version: this.#version,
      qos: Math.min(this.#qos, properties?.maximumQoS ?? 2) as 0 | 1 | 2,
      receiveMax: properties?.receiveMaximum ?? RECEIVE_MAX,
      isRetainAvailable: properties?.retainAvailable ?? true,
      onViolation: (error) => {
        this.#lastError = error;
        this.#client.stream.destroy();
      },
    });
    stream.observer = this.#observer;
    this.#stream = stream;
    this.#publishState(stream, 'online');
    for (const { resolve } of this.#attempts) resolve(stream);
    this.#attempts = [];
  };

  readonly #onDisconnect = ({ reasonCode = 0 }: IDisconnectPacket): void => {
    this.#lastError = new MqttError(endingText(reasonCode));
  };

  readonly #onError = (error: unknown): void => {
    this.#lastError = error;
  };

  readonly #onClose = (): void => {
    const stream = this.#stream;
    const cause = this.#lastError;
    const what = stream ? this.#lossText(stream) : 'no connection';
    // Brokers of another MQTT version often close the connection without a reason.
    const silence = stream ? '' : ` (ended without an answer; see ${this.#protocol})`;
    const why = cause === undefined ? silence : ` (${causeText(cause)})`;
    const error = new MqttError(`${this.address}: ${what}${why}`, cause);
    this.#lastError = undefined;
    this.#fail(error);
    if (this.#closing || !(stream || isWillRefused(cause))) return;
    if (this.#observer) this.#observer.lost(error);
    else this.#unsaid = error;
  };

  /** Describes when a connection was lost and, if it was short-lived, the likely causes. */
  #lossText(stream: PublishStream): string {
    const isShortLived = this.#shortLived++ > 0 || !stream.isProven;
    const { topic } = stream.unacknowledged() ?? {};
    const where = topic === undefined ? '' : ` while publishing ${topic}`;
    const causes = isShortLived ? `, usually for ${this.#usualCauses}` : '';
    return `the connection was lost${where}${causes}`;
  }

  #fail(error: MqttError): void {
    this.#closedBytes = this.bytesWritten;
    this.#stream?.fail(error);
    this.#stream = undefined;
    for (const { reject } of this.#attempts) reject(error);
    this.#attempts = [];
  }

  #publishState(stream: PublishStream, state: 'online' | 'offline'): void {
    if (!this.#isAnnounced) return;
    const at = stream.begin(STATE, WHOLE, true);
    stream.end(at + Buffer.from(state).copy(stream.bytes, at));
    stream.send();
  }
}
