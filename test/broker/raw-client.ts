import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  generate,
  type IConnackPacket,
  type IConnectPacket,
  type IPublishPacket,
  type Packet,
  parser,
} from 'mqtt-packet';

/**
 * A client that sends the given packets and keeps those received; it acknowledges nothing itself.
 */
export class RawClient {
  readonly packets: Packet[] = [];
  readonly socket: Socket;
  readonly isClosed: Promise<unknown>;
  readonly #version: 3 | 4 | 5;
  readonly #counts = new Map<Packet['cmd'], number>();
  #wake: () => void = () => {};

  private constructor(socket: Socket, version: 3 | 4 | 5) {
    this.socket = socket;
    this.#version = version;
    this.isClosed = once(socket, 'close');
    socket.on('error', () => {});
    const reader = parser({ protocolVersion: version });
    reader.on('packet', (packet: Packet) => {
      this.packets.push(packet);
      this.#counts.set(packet.cmd, this.#count(packet.cmd) + 1);
      this.#wake();
    });
    socket.on('data', (chunk: Buffer) => reader.parse(chunk));
  }

  /** Connects and waits for CONNACK. */
  static async open(port: number, packet: Partial<IConnectPacket> = {}): Promise<RawClient> {
    const client = await RawClient.reach(port, packet.protocolVersion ?? 4);
    client.send({ cmd: 'connect', clientId: '', clean: true, keepalive: 0, ...packet });
    await client.until(({ cmd }) => cmd === 'connack');
    return client;
  }

  /** Connects and sends nothing. */
  static async reach(port: number, version: 3 | 4 | 5 = 4): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawClient(socket, version);
  }

  get connack(): IConnackPacket {
    return this.packets.find(({ cmd }) => cmd === 'connack') as IConnackPacket;
  }

  get published(): IPublishPacket[] {
    return this.packets.filter((packet) => packet.cmd === 'publish');
  }

  get payloads(): string[] {
    return this.published.map(({ payload }) => payload.toString());
  }

  send(packet: Packet): void {
    this.socket.write(generate(packet, { protocolVersion: this.#version }));
  }

  publish(topic: string, payload: string | Buffer, rest: Partial<IPublishPacket> = {}): void {
    this.send({ cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false, ...rest });
  }

  /** Subscribes and waits for SUBACK. @returns The granted QoS levels. */
  async subscribe(filters: string | readonly string[], qos: 0 | 1 | 2 = 0): Promise<number[]> {
    const subscriptions = [filters].flat().map((topic) => ({ topic, qos }));
    const count = this.#count('suback');
    this.send({ cmd: 'subscribe', messageId: 1, subscriptions });
    await this.#untilMore('suback', count);
    const suback = this.packets.findLast(({ cmd }) => cmd === 'suback') as { granted?: number[] };
    return suback.granted ?? [];
  }

  /** Waits until everything sent so far has been answered. */
  async ping(): Promise<void> {
    const count = this.#count('pingresp');
    this.send({ cmd: 'pingreq' });
    await this.#untilMore('pingresp', count);
  }

  /** Waits for a packet that satisfies a condition. */
  async until(isIt: (packet: Packet) => boolean): Promise<Packet> {
    for (let at = 0; ; ) {
      for (; at < this.packets.length; at++) {
        const packet = this.packets[at] as Packet;
        if (isIt(packet)) return packet;
      }
      await this.#untilNext();
    }
  }

  /** Waits until `count` messages have arrived. */
  async untilPublished(count: number): Promise<void> {
    await this.#untilMore('publish', count - 1);
  }

  /** Ends the connection without DISCONNECT. */
  async drop(): Promise<void> {
    this.socket.destroy();
    await this.isClosed;
  }

  #count(cmd: Packet['cmd']): number {
    return this.#counts.get(cmd) ?? 0;
  }

  async #untilMore(cmd: Packet['cmd'], count: number): Promise<void> {
    while (this.#count(cmd) <= count) await this.#untilNext();
  }

  #untilNext(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
