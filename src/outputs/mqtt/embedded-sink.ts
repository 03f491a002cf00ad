import type { EmbeddedBroker } from '../../broker/embedded-broker.ts';
import type { Batch } from '../../core/batch.ts';
import type { DeliveredSink, SinkObserver } from '../../core/sink.ts';
import type { Announcer } from '../output.ts';
import { Messages } from './messages.ts';

/** Most messages in flight to subscribers: the broker keeps each in memory. */
const IN_FLIGHT_MAX = 500;

/** Publishes to the broker in the process. Closing it leaves the broker running. */
export class EmbeddedSink implements DeliveredSink, Announcer {
  readonly name = 'mqtt';
  readonly isConnected = true;
  readonly connectionCount = 1;
  bytesWritten = 0;
  readonly #broker: EmbeddedBroker;
  readonly #qos: 0 | 1 | 2;
  readonly #messages = new Messages();
  #observer: SinkObserver | undefined;
  #flight = new Flight();

  constructor(broker: EmbeddedBroker, qos: 0 | 1 | 2) {
    this.#broker = broker;
    this.#qos = qos;
  }

  observe(observer: SinkObserver): void {
    this.#observer = observer;
  }

  reset(reason: Error): void {
    this.#flight.fail(reason);
    this.#flight = new Flight();
  }

  /** Settles when all messages are sent to, or queued for, each subscriber. */
  async write(batch: Batch): Promise<void> {
    const flight = new Flight();
    this.#flight = flight;
    const onDone = (error?: Error): void => {
      if (error) flight.fail(new Error('the embedded broker is closed', { cause: error }));
      else this.#observer?.progress();
      flight.land();
    };
    for (const { topic, payload, isRetained } of this.#messages.of(batch)) {
      if (flight.count >= IN_FLIGHT_MAX) await flight.until(IN_FLIGHT_MAX / 2);
      flight.count++;
      this.bytesWritten += payload.length;
      this.#broker.publish({ topic, payload, qos: this.#qos, retain: isRetained }, onDone);
    }
    await flight.until(0);
  }

  announce(topic: string, payload: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const packet = { topic, payload: Buffer.from(payload), qos: this.#qos, retain: true };
      this.#broker.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
  }

  async close(): Promise<void> {}
}

/** Messages of one batch in flight. */
class Flight {
  count = 0;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  land(): void {
    this.count--;
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.#wake?.();
  }

  /** Settles when few enough messages are in flight; rejects if one has failed. */
  async until(count: number): Promise<void> {
    while (!this.#error && this.count > count)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    if (this.#error) throw this.#error;
  }
}
