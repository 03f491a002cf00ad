import assert from 'node:assert/strict';
import type { MqttClient } from 'mqtt';
import mqtt from 'mqtt';
import { News } from './news.ts';
import type { SimulatorProcess } from './simulator-process.ts';

/** How often a lost broker is retried [ms]. */
const RECONNECT_MS = 50;

/**
 * A subscriber that keeps the payload of every topic and time. Getting the same again is fine;
 * getting a different one is a failure.
 *
 * It subscribes with QoS 0: an acknowledgement that cannot be sent because the broker died would
 * keep mqtt.js from passing on messages that it has already received.
 */
export class Witness {
  /** Payloads by topic and time, see {@link keyOf}. */
  readonly payloads = new Map<string, string>();
  /** Number of messages so far, including repeats. */
  count = 0;
  /** The latest time of a reading [ms]. */
  latestMs = Number.NEGATIVE_INFINITY;
  /** The simulator's latest `simulator/state`. */
  state = '';
  readonly #contradictions: string[] = [];
  readonly #client: MqttClient;
  readonly #news = new News();

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on('message', (topic, payload) => {
      this.#take(topic, payload.toString());
      this.#news.notify();
    });
    client.on('error', () => {});
  }

  /** Subscribes in a session that the broker keeps while the connection is lost. */
  static async open(host: string, port: number): Promise<Witness> {
    const client = await mqtt.connectAsync(`mqtt://${host}:${port}`, {
      clientId: 'witness',
      clean: false,
      reconnectPeriod: RECONNECT_MS,
    });
    const witness = new Witness(client);
    await client.subscribeAsync(['factory/#', 'simulator/state'], { qos: 0 });
    return witness;
  }

  /** Waits until a condition holds, as long as the simulator runs. */
  async until(holds: () => boolean, simulator: SimulatorProcess): Promise<void> {
    void simulator.ended.then(() => this.#news.notify());
    while (!holds()) {
      if (simulator.hasEnded) throw new Error(`it ended by itself: ${simulator.errors}`);
      await this.#news.next();
    }
    assert.deepEqual(this.#contradictions, []);
  }

  /** Waits until the simulator is offline, which is its last message. */
  async farewell(): Promise<void> {
    while (this.state !== 'offline') await this.#news.next();
    assert.deepEqual(this.#contradictions, []);
  }

  /** The latest time of any message [ms]. */
  lastMs(): number {
    let lastMs = this.latestMs;
    for (const payload of this.payloads.values()) lastMs = Math.max(lastMs, timeMsOf(payload));
    return lastMs;
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }

  #take(topic: string, payload: string): void {
    if (topic === 'simulator/state') {
      this.state = payload;
      return;
    }
    const key = keyOf(topic, payload);
    const before = this.payloads.get(key) ?? payload;
    if (before !== payload) this.#contradictions.push(`${key}: ${before} and ${payload}`);
    this.payloads.set(key, payload);
    this.count++;
    if (!topic.endsWith('/status')) this.latestMs = Math.max(this.latestMs, timeMsOf(payload));
  }
}

/** The key of a unique payload: topic and time. */
export function keyOf(topic: string, payload: string): string {
  return `${topic} ${timeOf(payload)}`;
}

/** The time in a payload [ms]. */
export function timeMsOf(payload: string): number {
  return Date.parse(timeOf(payload));
}

/** The start of every payload, under either name. */
function timeOf(payload: string): string {
  const from = payload.indexOf(':"') + 2;
  return payload.slice(from, payload.indexOf('"', from));
}
