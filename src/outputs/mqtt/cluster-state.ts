import type { MqttClient } from 'mqtt';
import { BackOff } from '../../runtime/back-off.ts';
import { settledWithin } from '../../runtime/deadline.ts';
import type { ClusterState } from '../output.ts';
import { type BrokerAddress, createMqttClient, endMqttClient, STATE_TOPIC } from './client.ts';

/** Time for the broker to accept the last message [ms]. */
const CLOSE_MAX_MS = 500;

/**
 * `simulator/state` of a cluster: `online` while any worker delivers. One worker, the keeper, has
 * the will that says `offline`. All workers subscribe, and if the keeper is lost, the remaining
 * ones publish `online` again at once. So `offline` stays only when the last worker is gone.
 */
export class MqttClusterState implements ClusterState {
  readonly #broker: BrokerAddress;
  readonly #qos: 0 | 1;
  readonly #backOff = new BackOff();
  #client: MqttClient;
  #isKeeper = false;
  #isClosing = false;

  constructor(broker: BrokerAddress, qos: 0 | 1 | 2) {
    this.#broker = { ...broker, clientId: `${broker.clientId}-state` };
    this.#qos = Math.min(qos, 1) as 0 | 1;
    this.#client = this.#open();
  }

  /** Sets or drops the will, which is part of a connection, so it reconnects. */
  keep(isKeeper: boolean): void {
    if (isKeeper === this.#isKeeper || this.#isClosing) return;
    this.#isKeeper = isKeeper;
    // A graceful close does not publish the will; a client that is still connecting cannot do
    // that.
    void endMqttClient(this.#client, this.#client.connected);
    this.#client = this.#open();
  }

  /** Closes it; publishes `offline` if no worker is left. */
  async close(isLast: boolean): Promise<void> {
    this.#isClosing = true;
    const client = this.#client;
    if (isLast && client.connected) {
      const options = { qos: this.#qos, retain: true } as const;
      const said = client.publishAsync(STATE_TOPIC, 'offline', options);
      await settledWithin(
        said.then(
          () => undefined,
          () => undefined,
        ),
        CLOSE_MAX_MS,
      );
    }
    await settledWithin(endMqttClient(client, client.connected), CLOSE_MAX_MS);
  }

  /** Stops announcing the state, because this process is about to stop. */
  beginClosing(): void {
    this.#isClosing = true;
  }

  #open(): MqttClient {
    const qos = this.#qos;
    const will = this.#isKeeper ? { qos, retain: true } : undefined;
    const client = createMqttClient(this.#broker, this.#backOff, will);
    const say = () => {
      const isOurs = client === this.#client && client.connected;
      if (isOurs && !this.#isClosing) client.publish(STATE_TOPIC, 'online', { qos, retain: true });
    };
    // The sinks of the shards report problems with the broker.
    client.on('error', () => {});
    client.on('packetreceive', () => this.#backOff.works());
    client.on('connect', () => {
      client.subscribe(STATE_TOPIC, { qos });
      say();
    });
    client.on('message', (_topic, payload) => {
      if (payload.toString() === 'offline') say();
    });
    client.connect();
    return client;
  }
}
