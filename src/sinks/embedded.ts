import type { EmbeddedBroker } from '../broker/embedded-broker.ts';
import type { Batch } from '../core/batch.ts';
import type { Sink } from '../core/sink.ts';
import type { Announcer, Connection } from './connection.ts';
import { Messages } from './messages.ts';

/** Messages that are on their way to subscribers at once: the broker holds each in memory. */
const IN_FLIGHT_MAX = 500;

/** Publishes to the broker in the process. Closing it leaves the broker running. */
export class EmbeddedSink implements Sink, Connection, Announcer {
  readonly name = 'mqtt';
  readonly isConnected = true;
  readonly connectionCount = 1;
  bytesWritten = 0;
  readonly #broker: EmbeddedBroker;
  readonly #qos: 0 | 1 | 2;
  readonly #messages = new Messages();
  #inFlight = 0;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(broker: EmbeddedBroker, qos: 0 | 1 | 2) {
    this.#broker = broker;
    this.#qos = qos;
  }

  /** Settles when each subscriber has been sent all messages, or they are queued for it. */
  async write(batch: Batch): Promise<void> {
    this.#error = undefined;
    for (const { topic, payload, isRetained } of this.#messages.of(batch)) {
      if (this.#inFlight >= IN_FLIGHT_MAX) await this.#untilInFlight(IN_FLIGHT_MAX / 2);
      this.#inFlight++;
      this.bytesWritten += payload.length;
      this.#broker.publish({ topic, payload, qos: this.#qos, retain: isRetained }, this.#onDone);
    }
    await this.#untilInFlight(0);
    if (this.#error) throw this.#error;
  }

  announce(topic: string, payload: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const packet = { topic, payload: Buffer.from(payload), qos: this.#qos, retain: true };
      this.#broker.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
  }

  async close(): Promise<void> {}

  readonly #onDone = (error?: Error): void => {
    if (error) this.#error ??= new Error('the embedded broker is closed', { cause: error });
    this.#inFlight--;
    this.#wake?.();
  };

  async #untilInFlight(count: number): Promise<void> {
    while (this.#inFlight > count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
