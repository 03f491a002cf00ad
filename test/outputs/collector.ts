import { once } from 'node:events';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';

/** A message as received by a subscriber. */
export interface Received {
  readonly topic: string;
  readonly payload: string;
  /** Whether it was retained from before the subscription. */
  readonly isRetained: boolean;
}

/** A subscriber that keeps the messages it receives. */
export class Collector {
  readonly received: Received[] = [];
  readonly client: MqttClient;
  #wake: () => void = () => {};

  private constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload, { retain }) => {
      this.received.push({ topic, payload: payload.toString(), isRetained: retain });
      this.#wake();
    });
  }

  static async open(
    url: string,
    topics: string | string[] = 'factory/#',
    options: IClientOptions & { readonly qos?: 0 | 1 | 2 } = {},
  ): Promise<Collector> {
    const { qos = 1, ...rest } = options;
    const client = mqtt.connect(url, rest);
    const collector = new Collector(client);
    await Promise.race([
      once(client as never, 'connect'),
      once(client as never, 'error').then(raise),
    ]);
    await client.subscribeAsync(topics, { qos });
    return collector;
  }

  /** Waits until the received messages satisfy a condition. */
  async until(isOver: (received: readonly Received[]) => boolean): Promise<void> {
    while (!isOver(this.received))
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  async close(): Promise<void> {
    await this.client.endAsync(true);
  }
}

function raise([error]: unknown[]): never {
  throw error;
}
