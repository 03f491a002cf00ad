import assert from 'node:assert/strict';
import type { MqttClient } from 'mqtt';
import mqtt from 'mqtt';
import { News } from './news.ts';
import type { SimulatorProcess } from './simulator-process.ts';

/** A broker that comes back is looked for this often [ms]. */
const RECONNECT_MS = 50;

/**
 * A subscriber that keeps what it got of every topic and time. Getting the same again is no fault;
 * getting something else is.
 *
 * It asks for QoS 0: an acknowledgement that cannot be sent, for the broker has died, would keep
 * mqtt.js from handing over what it has received already.
 */
export class Witness {
  /** Payloads by topic and time, as {@link keyOf} writes them. */
  readonly payloads = new Map<string, string>();
  /** Messages so far, repeated ones included. */
  count = 0;
  /** The latest time that a reading had [ms]. */
  latestMs = Number.NEGATIVE_INFINITY;
  /** What the simulator last said of itself. */
  state = '';
  readonly #contradictions: string[] = [];
  readonly #client: MqttClient;
  readonly #news = new News();

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on('message', (topic, payload) => {
      this.#take(topic, payload.toString());
      this.#news.tell();
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

  /** Waits until something holds, as long as the simulator runs. */
  async until(holds: () => boolean, simulator: SimulatorProcess): Promise<void> {
    void simulator.ended.then(() => this.#news.tell());
    while (!holds()) {
      if (simulator.hasEnded) throw new Error(`it ended by itself: ${simulator.errors}`);
      await this.#news.next();
    }
    assert.deepEqual(this.#contradictions, []);
  }

  /** Waits until the simulator has said that it is offline, which it says last. */
  async farewell(): Promise<void> {
    while (this.state !== 'offline') await this.#news.next();
    assert.deepEqual(this.#contradictions, []);
  }

  /** The latest time of anything that it got [ms]. */
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

/** What there may be only one payload of: a topic and a time. */
export function keyOf(topic: string, payload: string): string {
  return `${topic} ${timeOf(payload)}`;
}

/** The time in a payload [ms]. */
export function timeMsOf(payload: string): number {
  return Date.parse(timeOf(payload));
}

/** What every payload begins with, under one name or the other. */
function timeOf(payload: string): string {
  const from = payload.indexOf(':"') + 2;
  return payload.slice(from, payload.indexOf('"', from));
}
