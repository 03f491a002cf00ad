/** Peers that misbehave as real ones do, each on a free port of this computer. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import mqttPacket, { type IPublishPacket, type Packet } from 'mqtt-packet';

/** A server whose connections a test can cut. */
export interface Peer {
  readonly port: number;
  /** Number of connections so far. */
  readonly connections: number;
  /** Ends the open connections. */
  cut(): void;
}

/** How a test's own broker responds; by default, correctly. */
export interface FaultyBrokerOptions {
  /** Called with each accepted client. */
  readonly onConnect?: (socket: Socket) => void;
  /** Responds to a message; by default, acknowledges it. */
  readonly onPublish?: (packet: IPublishPacket, client: BrokerClient) => void;
  readonly version?: 4 | 5;
  /** Refuses every client with this MQTT 3.1.1 return code, or without a response. */
  readonly refusal?: number | 'none';
}

/** A client of a faulty broker. */
export interface BrokerClient {
  readonly socket: Socket;
  /** Number of messages that it has published, including this one. */
  readonly published: number;
  send(packet: Packet): void;
  /** Acknowledges a message; at QoS 2, with the first half. */
  acknowledge(packet: IPublishPacket, reasonCode?: number): void;
}

/** A data rate: a number of bytes per number of milliseconds. */
export interface Trickle {
  readonly bytes: number;
  readonly everyMs: number;
}

/** A proxy that can forget its connections, and more. */
export interface HalfOpenProxy extends Peer {
  /** Open connections stay open but silent from now on; new ones work. */
  forget(): void;
  /** New connections are accepted but stay silent too, until this is called with false. */
  swallow(isSwallowing: boolean): void;
  /** Limits the data rate from the target, until this is called without a speed. */
  slow(trickle?: Trickle): void;
  /** Ends each connection a time after the target's first response, until called without [ms]. */
  cutAfter(lifeMs?: number): void;
  /** Sends new connections to another port of this computer, and ends open ones. */
  redirect(target: number): void;
}

/** A broker that speaks MQTT and misbehaves as a test wants. */
export async function faultyBroker(t: TestContext, options: FaultyBrokerOptions): Promise<Peer> {
  const { onConnect, onPublish, version = 4, refusal } = options;
  const settings = { protocolVersion: version };
  return peer(t, (socket) => {
    const parser = mqttPacket.parser(settings);
    let published = 0;
    const send = (packet: Packet) => void socket.write(mqttPacket.generate(packet, settings));
    const client: BrokerClient = {
      socket,
      get published() {
        return published;
      },
      send,
      acknowledge({ qos, messageId }, reasonCode = 0) {
        const code = version === 5 && { reasonCode };
        if (qos > 0) send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId, ...code } as Packet);
      },
    };
    parser.on('packet', (packet: Packet) => {
      if (packet.cmd === 'connect' && refusal !== undefined)
        socket.end(refusal === 'none' ? '' : Uint8Array.of(0x20, 2, 0, refusal));
      else if (packet.cmd === 'connect') {
        send({ cmd: 'connack', sessionPresent: false, returnCode: 0, reasonCode: 0 });
        onConnect?.(socket);
      } else if (packet.cmd === 'pingreq') send({ cmd: 'pingresp' });
      else if (packet.cmd === 'pubrel')
        send({ cmd: 'pubcomp', messageId: packet.messageId } as Packet);
      else if (packet.cmd === 'publish') {
        published++;
        if (onPublish) onPublish(packet, client);
        else client.acknowledge(packet);
      }
    });
    socket.on('data', (bytes) => parser.parse(bytes));
  });
}

/** Accepts connections and never sends anything. */
export function silentPeer(t: TestContext): Promise<Peer> {
  return peer(t, (socket) => socket.resume());
}

/** Forwards connections to a port of this computer. */
export async function halfOpenProxy(t: TestContext, target: number): Promise<HalfOpenProxy> {
  const pairs = new Set<Pair>();
  let to = target;
  let isSwallowing = false;
  let trickle: Trickle | undefined;
  let lifeMs: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  t.after(() => clearInterval(timer));
  const { port, cut } = await peer(t, (near) => {
    const far = connect(to, '127.0.0.1');
    t.after(() => far.destroy());
    const pair: Pair = { near, isForgotten: isSwallowing, held: [] };
    pairs.add(pair);
    near.on('data', (bytes) => pair.isForgotten || far.write(bytes));
    far.on('data', (bytes) => {
      if (pair.isForgotten) return;
      if (trickle) pair.held.push(bytes);
      else near.write(bytes);
    });
    far.once('data', () => {
      if (lifeMs !== undefined) setTimeout(() => near.destroy(), lifeMs);
    });
    for (const [from, other] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => undefined);
      from.on('close', () => {
        if (!pair.isForgotten) other.destroy();
      });
    }
  });
  return {
    port,
    cut,
    get connections() {
      return pairs.size;
    },
    forget() {
      for (const pair of pairs) pair.isForgotten = true;
    },
    swallow(isSo) {
      isSwallowing = isSo;
    },
    slow(speed) {
      trickle = speed;
      clearInterval(timer);
      if (speed) timer = setInterval(() => drip(pairs, speed.bytes), speed.everyMs);
      else drip(pairs, Number.POSITIVE_INFINITY);
    },
    cutAfter(ms) {
      lifeMs = ms;
    },
    redirect(port) {
      to = port;
      cut();
    },
  };
}

/** The two ends of a connection through a proxy. */
interface Pair {
  readonly near: Socket;
  isForgotten: boolean;
  /** Data from the target that has not been forwarded yet. */
  held: Buffer[];
}

/** Forwards some of the held data. */
function drip(pairs: Iterable<Pair>, bytes: number): void {
  for (const pair of pairs) {
    if (pair.held.length === 0) continue;
    const held = Buffer.concat(pair.held);
    pair.near.write(held.subarray(0, bytes));
    pair.held = held.length > bytes ? [held.subarray(bytes)] : [];
  }
}

async function peer(t: TestContext, serve: (socket: Socket) => void): Promise<Peer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    cut();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    cut,
  };
}
