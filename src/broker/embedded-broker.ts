import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Access, type Credentials, type OwnClients, type RefusalListener } from './access.ts';
import { Backlog } from './backlog.ts';
import { Connection, type Hub, publishWill } from './connection.ts';
import { BROKER_LIMITS, type BrokerLimits } from './limits.ts';
import { listen, type WantedPort } from './listen.ts';
import { type NoticeListener, Notices } from './notices.ts';
import { Router } from './router.ts';
import { StepScheduler } from './step-scheduler.ts';

/** How long closing may take, whatever the clients do [ms]. */
const CLOSE_MAX_MS = 800;

const STATE_TOPIC = 'simulator/state';

/** Where the embedded broker listens, and for whom. */
export interface BrokerOptions extends Partial<Credentials> {
  readonly host: string;
  readonly port: WantedPort;
  readonly onRefused?: RefusalListener;
  /** Called when clients lose something because of a limit of the broker. */
  readonly onNotice?: NoticeListener;
  /** Credentials of the simulator's own processes, which may publish to reserved topics. */
  readonly own?: OwnClients | undefined;
  readonly limits?: Partial<BrokerLimits>;
}

/** A message from the simulator itself. */
export interface OwnMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

/**
 * An MQTT 3.1, 3.1.1 and 5 broker inside the process, so that the simulator runs without further
 * services.
 *
 * While it runs, `simulator/state` is `online`. What it stores for clients is limited by
 * `limits.ts` and lost when the process ends. It does not support shared subscriptions,
 * subscription identifiers and topic aliases of MQTT 5, and says so to each client.
 */
export class EmbeddedBroker {
  readonly host: string;
  readonly #server: Server = createServer({ noDelay: true });
  readonly #connections = new Set<Connection>();
  readonly #streams = new Set<Duplex>();
  readonly #hub: Hub;
  #port = 0;
  #clientCount = 0;
  #partialBytes = 0;
  #sweeper: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: BrokerOptions) {
    const { host, username, password, own, onRefused = () => {}, onNotice = () => {} } = options;
    this.host = host;
    const limits = { ...BROKER_LIMITS, ...options.limits };
    const notices = new Notices(onNotice, limits.noticeMs);
    this.#hub = {
      limits,
      notices,
      onRefused,
      access: new Access({ username, password }, own),
      router: new Router(limits, notices),
      backlog: new Backlog(limits),
      scheduler: new StepScheduler(),
      countClients: (more) => {
        this.#clientCount += more;
        return this.#clientCount;
      },
      countPartial: (more) => this.#countPartial(more),
      left: (connection) => this.#connections.delete(connection),
    };
    // Leaves space for connections that have not sent a CONNECT yet.
    this.#server.maxConnections = 2 * limits.clients;
    this.#server.on('connection', (socket) => this.accept(socket));
  }

  /**
   * Starts a broker.
   *
   * @throws ConfigError if it cannot listen, or an explicitly configured port is in use.
   */
  static async start(options: BrokerOptions): Promise<EmbeddedBroker> {
    const broker = new EmbeddedBroker(options);
    broker.#port = await listen(broker.#server, options.host, options.port, 'MQTT_PORT');
    broker.#sweeper = setInterval(() => broker.#sweep(), broker.#hub.limits.sweepMs);
    await broker.#publishState('online');
    return broker;
  }

  /** The port it listens on. It differs from the default port if that was in use. */
  get port(): number {
    return this.#port;
  }

  /** The number of connected clients. */
  get clientCount(): number {
    return this.#clientCount;
  }

  /** Bytes stored for clients: retained messages, and messages waiting in sessions. */
  get keptBytes(): { readonly retained: number; readonly waiting: number } {
    const { retained, waitingBytes } = this.#hub.router;
    return { retained: retained.bytes, waiting: waitingBytes };
  }

  /** Accepts a stream over which a client will speak MQTT. */
  accept(stream: Duplex): void {
    // The server does not count WebSocket connections.
    if (this.#closing || this.#streams.size >= 2 * this.#hub.limits.clients) {
      stream.destroy();
      return;
    }
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    this.#connections.add(new Connection(stream, this.#hub));
  }

  /**
   * Publishes a message from the simulator itself.
   *
   * @param done - Called once the message was written to all subscribers, or queued for them.
   */
  publish(message: OwnMessage, done: (error?: Error) => void): void {
    const { router, backlog } = this.#hub;
    if (this.#closing) {
      done(new Error('the broker is closed'));
      return;
    }
    router.publish(message);
    backlog.whenReady(done);
  }

  /** Publishes `offline`, disconnects all clients and releases the port, within a second. */
  close(): Promise<void> {
    this.#closing ??= this.#close(this.#publishState('offline'));
    return this.#closing;
  }

  async #close(isSaid: Promise<void>): Promise<void> {
    const { backlog } = this.#hub;
    const isGone = once(this.#server, 'close');
    const timer = new AbortController();
    clearInterval(this.#sweeper);
    this.#server.close();
    const orderly = isSaid.then(async () => {
      for (const connection of this.#connections) connection.shutDown();
      await Promise.all([...this.#streams].map((stream) => once(stream, 'close')));
    });
    const isLate = sleep(CLOSE_MAX_MS, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([orderly, isLate]);
    timer.abort();
    backlog.close();
    for (const stream of this.#streams) stream.destroy();
    await isGone;
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) connection.sweep(nowMs);
    this.#hub.router.sweep(nowMs, (session, will) => publishWill(this.#hub, session, will));
  }

  /** If incomplete packets take too much memory, drops the client with the largest. */
  #countPartial(more: number): void {
    this.#partialBytes += more;
    const { partialBytes } = this.#hub.limits;
    if (more <= 0 || this.#partialBytes <= partialBytes) return;
    const largest = [...this.#connections].reduce((a, b) =>
      b.transport.partialBytes > a.transport.partialBytes ? b : a,
    );
    largest.onDropped(`more than ${partialBytes} bytes of packets were incomplete`);
  }

  #publishState(state: 'online' | 'offline'): Promise<void> {
    const payload = Buffer.from(state);
    return new Promise((resolve, reject) => {
      this.publish({ topic: STATE_TOPIC, payload, qos: 1, retain: true }, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }
}
