import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Aedes, type AedesPublishPacket } from 'aedes';
import {
  authenticator,
  type Credentials,
  OwnClients,
  publishAuthorizer,
  type RefusalListener,
} from './access.ts';
import { listen, type WantedPort } from './listen.ts';
import { guardPackets } from './packet-guard.ts';
import { limitSessionQueues } from './session-queues.ts';

/** Clients at once; each costs some 50 kB and a share of every message. */
const CLIENTS_MAX = 1000;
/** A client that connects must say who it is within this. */
const CONNECT_MAX_MS = 10_000;
/** A subscriber that takes nothing for so long is disconnected: the others wait for it. */
const DRAIN_MAX_MS = 10_000;
/** Messages that are being handed out at once. */
const CONCURRENCY = 1000;
/** Closing takes no longer, whatever the clients do. */
const CLOSE_MAX_MS = 800;

const STATE_TOPIC = 'simulator/state';

/** Where the embedded broker listens, and to whom. */
export interface BrokerOptions extends Partial<Credentials> {
  readonly host: string;
  readonly port: WantedPort;
  readonly onRefused?: RefusalListener;
  /** What the simulator's own processes say, which may publish what only the simulator may. */
  readonly own?: Credentials | undefined;
}

/** A message of the simulator itself. */
export interface OwnMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

/** Messages that take the same time on their way, and how many of them there were. */
interface Kind {
  readonly brokerId: string;
  count: number;
}

type Numbered = Parameters<Aedes['publish']>[0] & AedesPublishPacket;

/**
 * An MQTT 3.1.1 broker in the process, so that the simulator runs with nothing beside it.
 *
 * While it runs, `simulator/state` is `online`. What waits for persistent sessions is bounded and
 * ends with the process.
 */
export class EmbeddedBroker {
  readonly host: string;
  /** The port it listens on, which is not the one that was asked for if that was taken. */
  readonly port: number;
  readonly #aedes: Aedes;
  readonly #server: Server;
  readonly #connections: Set<Duplex>;
  /** By quality of service, and by whether they are retained. */
  readonly #kinds: readonly Kind[];
  #closing: Promise<void> | undefined;

  private constructor(
    aedes: Aedes,
    server: Server,
    host: string,
    port: number,
    connections: Set<Duplex>,
  ) {
    this.#aedes = aedes;
    this.#server = server;
    this.#connections = connections;
    this.#kinds = Array.from({ length: 6 }, (_, i) => ({ brokerId: `${aedes.id}/${i}`, count: 0 }));
    this.host = host;
    this.port = port;
  }

  /**
   * Starts a broker.
   *
   * @throws ConfigError where it cannot listen, or a port that was asked for is taken.
   */
  static async start(options: BrokerOptions): Promise<EmbeddedBroker> {
    const { host, username, password, onRefused = () => {} } = options;
    const own = new OwnClients(options.own);
    const isFull = () => aedes.connectedClients >= CLIENTS_MAX;
    const aedes = await Aedes.createBroker({
      concurrency: CONCURRENCY,
      connectTimeout: CONNECT_MAX_MS,
      drainTimeout: DRAIN_MAX_MS,
      authenticate: authenticator({ username, password }, own, isFull, onRefused),
      authorizePublish: publishAuthorizer(own, onRefused),
    });
    limitSessionQueues(aedes);
    const connections = new Set<Duplex>();
    const server = createServer({ noDelay: true });
    // Those that have not yet said who they are take a place too.
    server.maxConnections = 2 * CLIENTS_MAX;
    try {
      const port = await listen(server, host, options.port, 'MQTT_PORT');
      const broker = new EmbeddedBroker(aedes, server, host, port, connections);
      server.on('connection', (socket) => broker.accept(socket));
      await broker.#publishState('online');
      return broker;
    } catch (error) {
      await new Promise<void>((resolve) => aedes.close(resolve));
      throw error;
    }
  }

  /** Clients that are connected now. */
  get clientCount(): number {
    return this.#aedes.connectedClients;
  }

  /** Takes a connection on which a client is going to speak MQTT. */
  accept(connection: Duplex, request?: IncomingMessage): void {
    this.#connections.add(connection);
    connection.once('close', () => this.#connections.delete(connection));
    guardPackets(connection);
    this.#aedes.handle(connection, request);
  }

  /**
   * Publishes a message of the simulator itself.
   *
   * aedes numbers what it takes and hands a subscriber nothing with a number below one it has had
   * already. Retained messages and those of other qualities of service take different times on
   * their way, so each kind has numbers of its own: else the slower one would be lost.
   *
   * @param done - Called when it was written to all subscribers, or queued for them.
   */
  publish(message: OwnMessage, done: (error?: Error) => void): void {
    const { topic, payload, qos, retain } = message;
    const kind = this.#kinds[2 * qos + (retain ? 1 : 0)] as Kind;
    const { brokerId } = kind;
    const brokerCounter = ++kind.count;
    this.#aedes.publish(
      {
        cmd: 'publish',
        dup: false,
        topic,
        payload,
        qos,
        retain,
        brokerId,
        brokerCounter,
      } as Numbered,
      done as (error?: Error | null) => void,
    );
  }

  /** Says `offline`, disconnects everyone and gives the port back, within a second. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const isGone = once(this.#server, 'close');
    const timer = new AbortController();
    const orderly = this.#publishState('offline').then(
      () => new Promise<void>((resolve) => this.#aedes.close(resolve)),
    );
    const isLate = sleep(CLOSE_MAX_MS, undefined, { signal: timer.signal }).catch(() => {});
    this.#server.close();
    await Promise.race([orderly, isLate]);
    timer.abort();
    for (const connection of this.#connections) connection.destroy();
    this.#aedes.close();
    await isGone;
  }

  #publishState(state: 'online' | 'offline'): Promise<void> {
    const message = {
      topic: STATE_TOPIC,
      payload: Buffer.from(state),
      qos: 1,
      retain: true,
    } as const;
    return new Promise((resolve, reject) => {
      this.publish(message, (error) => (error ? reject(error) : resolve()));
    });
  }
}
