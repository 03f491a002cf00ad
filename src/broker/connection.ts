import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import {
  generate,
  type IConnectPacket,
  type IDisconnectPacket,
  type IPublishPacket,
  type ISubscribePacket,
  type IUnsubscribePacket,
  type Packet,
  type QoS,
} from 'mqtt-packet';
import { type Access, isReservedTopic, type RefusalListener } from './access.ts';
import { type Message, messageOf, type Version, type Will } from './message.ts';
import type { Notices } from './notices.ts';
import { checkProperties, INTRODUCTION } from './properties.ts';
import {
  BAD_CLIENT_ID,
  BAD_METHOD,
  BAD_WILL,
  Code,
  FULL,
  type Refusal,
  SUBACK_FAILURE,
  VERSION_REFUSED,
  Violation,
} from './reasons.ts';
import type { Router } from './router.ts';
import type { Flags, Link, Session, Subscription } from './session.ts';
import { isFilter, isTopic } from './topics.ts';
import { type PacketReader, Transport, type TransportContext } from './transport.ts';

/** How many publishes a client may send before it waits for the subscribers. */
const PUBLISHES_A_TURN = 256;
/** A client may stay silent for this multiple of its keep-alive [MQTT-3.1.2-24]. */
const KEEPALIVE_FACTOR = 1.5;

/** Largest CONNACK with it; a client that accepts less gets one without [MQTT-3.2.2-20]. */
const CONNACK_MAX_BYTES = 128;

/** What all connections share. */
export interface Hub extends TransportContext {
  readonly access: Access;
  readonly router: Router;
  readonly notices: Notices;
  readonly onRefused: RefusalListener;
  /** Adds to the number of connected clients. @returns The new number. */
  countClients(more: number): number;
  left(connection: Connection): void;
}

/** A client's connection: answers its packets in order, as the standard requires. */
export class Connection implements Link, PacketReader {
  version: Version = 4;
  receiveMaximum = Number.POSITIVE_INFINITY;
  readonly transport: Transport;
  readonly #hub: Hub;
  #session: Session | undefined;
  #will: Will | undefined;
  #packetBytesMax = Number.POSITIVE_INFINITY;
  #keepaliveMs = Number.POSITIVE_INFINITY;
  #publishes = 0;
  #isClosed = false;

  constructor(stream: Duplex, hub: Hub) {
    this.#hub = hub;
    this.transport = new Transport(stream, this, hub);
  }

  get isWritable(): boolean {
    return this.transport.isWritable;
  }

  get queuedBytes(): number {
    return this.#session?.waitingBytes ?? 0;
  }

  publish(message: Message, qos: QoS, { isRetained, isRepeated }: Flags, packetId: number): void {
    const { version } = this;
    const packet = message.encode({ version, qos, isRetained, isRepeated, packetId });
    if (packet.length <= this.#packetBytesMax) {
      this.transport.write(packet);
      this.#boundBacklog();
    }
    // A message larger than the client accepts counts as delivered [MQTT 5, §3.1.2.11.4].
    else if (qos > 0) queueMicrotask(() => this.#session?.acknowledge(packetId));
  }

  release(packetId: number): void {
    this.#send({ cmd: 'pubrel', messageId: packetId, reasonCode: 0 });
  }

  queued(): void {
    this.#hub.backlog.wrote(this.transport);
    this.#boundBacklog();
  }

  close(code: number): void {
    if (this.#isClosed) return;
    if (this.version === 5 && this.#session) this.#send({ cmd: 'disconnect', reasonCode: code });
    this.#end();
  }

  /** Closes the connection because the broker is shutting down. */
  shutDown(): void {
    this.#will = undefined;
    this.close(Code.SHUTTING_DOWN);
  }

  /** Enforces the time limits. */
  sweep(nowMs: number): void {
    const { connectMs, stalledMs } = this.#hub.limits;
    const { socketBytes, progressMs, heardMs } = this.transport;
    if (!this.#session) {
      if (nowMs - heardMs > connectMs) this.#end();
    } else if (socketBytes > 0 && nowMs - progressMs > stalledMs)
      this.onDropped(`it received nothing for ${stalledMs / 1000} s`);
    else if (nowMs - heardMs > this.#keepaliveMs) this.close(Code.KEEP_ALIVE);
  }

  onPacket(packet: Packet): void {
    if (this.#isClosed) return;
    try {
      this.#answer(packet);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.close(error.code);
    }
  }

  onMalformed(error: Error): void {
    if (!this.#session && /protocol version/i.test(error.message)) this.#refuse(VERSION_REFUSED);
    else this.close(Code.MALFORMED);
  }

  onTooLarge(): void {
    this.close(Code.TOO_LARGE);
  }

  onTaken(): void {
    if (this.#session?.canReplay) this.transport.wake();
  }

  onGone(): void {
    this.#end();
  }

  onDropped(reason: string): void {
    if (this.#isClosed) return;
    const name = this.#session ? `client ${this.#session.id}` : 'a client without a session';
    this.#hub.notices.report('client', () => `${name} was disconnected: ${reason}`);
    this.transport.destroy();
    this.#detach();
  }

  work(): boolean {
    if (!this.#session?.canReplay) return false;
    this.#session.replayNext();
    return true;
  }

  #answer(packet: Packet): void {
    const { userProperties } = this.#hub.limits;
    if ('properties' in packet) checkProperties(packet.properties, userProperties);
    if (packet.cmd === 'connect') {
      checkProperties(packet.will?.properties, userProperties);
      if (this.#session) throw new Violation(Code.PROTOCOL_ERROR);
      const refusal = this.#refusalOf(packet);
      if (refusal) this.#refuse(refusal, packet.clientId);
      else this.#connect(packet);
      return;
    }
    const session = this.#session;
    if (!session) throw new Violation(Code.PROTOCOL_ERROR);
    switch (packet.cmd) {
      case 'publish':
        this.#receive(packet, session);
        break;
      case 'puback':
      case 'pubcomp':
      case 'pubrec':
        this.#settle(packet.cmd, idOf(packet), packet.reasonCode ?? 0, session);
        break;
      case 'pubrel': {
        const isKnown = session.unreleased.delete(idOf(packet));
        this.#acknowledge('pubcomp', idOf(packet), isKnown ? 0 : Code.UNKNOWN_PACKET_ID);
        break;
      }
      case 'subscribe':
        this.#subscribe(packet, session);
        break;
      case 'unsubscribe':
        this.#unsubscribe(packet, session);
        break;
      case 'pingreq':
        this.#send({ cmd: 'pingresp' });
        break;
      case 'disconnect':
        this.#disconnect(packet, session);
        break;
      default:
        throw new Violation(Code.PROTOCOL_ERROR);
    }
  }

  #refusalOf({ clientId, protocolVersion = 4, ...packet }: IConnectPacket): Refusal | undefined {
    const { limits, access, router, countClients } = this.#hub;
    this.version = protocolVersion;
    const { clean, will, username, password, properties } = packet;
    if ([clientId, username, will?.topic].some((text) => text?.includes('\0')))
      throw new Violation(Code.MALFORMED);
    const mayBeEmpty = protocolVersion === 5 || (protocolVersion === 4 && clean);
    if (clientId === '' ? !mayBeEmpty : Buffer.byteLength(clientId) > limits.clientIdBytes)
      return BAD_CLIENT_ID;
    if (properties?.authenticationMethod !== undefined) return BAD_METHOD;
    const admitted = access.admit(clientId, username, password);
    if (typeof admitted !== 'boolean') return admitted;
    const isAnother = !admitted && !router.session(clientId)?.link;
    if (isAnother && countClients(0) >= limits.clients) return FULL;
    if (will && !(isTopic(will.topic, limits) && will.payload.length <= limits.willBytes))
      return BAD_WILL;
    return undefined;
  }

  #connect({ clientId, keepalive, ...packet }: IConnectPacket): void {
    const { limits, access, router, countClients } = this.#hub;
    const { clean = true, will, username, password, properties = {} } = packet;
    const id = clientId || `auto-${randomUUID()}`;
    // [MQTT-3.1.4-2]
    router.session(id)?.link?.close(Code.TAKEN_OVER);
    const last = router.session(id);
    if (last && clean) router.end(last);
    const isPresent = last !== undefined && !clean;
    const isOwn = access.admit(clientId, username, password) === true;
    const session = isPresent ? last : router.open(id, isOwn);
    const kept = clean ? 0 : Number.POSITIVE_INFINITY;
    const wantedMs = this.version === 5 ? (properties.sessionExpiryInterval ?? 0) * 1000 : kept;
    session.expiryMs = Math.min(wantedMs, limits.sessionMs);

    this.#session = session;
    countClients(1);
    // Copied, so that the buffer it was read with can be freed.
    this.#will = will && { ...will, payload: Buffer.from(will.payload) };
    this.receiveMaximum = properties.receiveMaximum ?? Number.POSITIVE_INFINITY;
    this.#packetBytesMax = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    if (keepalive) this.#keepaliveMs = keepalive * 1000 * KEEPALIVE_FACTOR;
    const isShortened = wantedMs > session.expiryMs;
    this.#send({
      cmd: 'connack',
      sessionPresent: isPresent,
      returnCode: 0,
      reasonCode: 0,
      properties: {
        receiveMaximum: limits.unreleased,
        maximumPacketSize: limits.packetBytes,
        subscriptionIdentifiersAvailable: false,
        sharedSubscriptionAvailable: false,
        ...(isShortened ? { sessionExpiryInterval: session.expiryMs / 1000 } : {}),
        ...(clientId === '' ? { assignedClientIdentifier: id } : {}),
        ...(this.#packetBytesMax < CONNACK_MAX_BYTES ? {} : { userProperties: INTRODUCTION }),
      },
    });
    session.resume(this);
    this.transport.wake();
  }

  #refuse({ reason, returnCode, reasonCode }: Refusal, clientId = ''): void {
    if (this.#isClosed) return;
    this.#hub.onRefused(clientId.slice(0, this.#hub.limits.clientIdBytes), reason);
    const properties = { reasonString: reason };
    this.#send({ cmd: 'connack', sessionPresent: false, returnCode, reasonCode, properties });
    this.#end();
  }

  #receive(packet: IPublishPacket, session: Session): void {
    const { limits, router, notices, onRefused } = this.#hub;
    const { topic, qos, properties } = packet;
    if (!isTopic(topic, limits)) throw new Violation(Code.BAD_TOPIC);
    if (properties?.topicAlias !== undefined || properties?.subscriptionIdentifier !== undefined)
      throw new Violation(Code.PROTOCOL_ERROR);
    const messageId = qos > 0 ? idOf(packet) : 0;
    const ack = qos === 2 ? 'pubrec' : 'puback';
    if (isReservedTopic(topic) && !session.isOwn) {
      onRefused(session.id, `may not publish to ${topic}: only the simulator does`);
      // MQTT 3.1.1 has no other way to refuse a publish [§3.3.5].
      if (this.version < 5 || qos === 0) throw new Violation(Code.NOT_AUTHORIZED);
      this.#acknowledge(ack, messageId, Code.NOT_AUTHORIZED);
      return;
    }
    if (qos === 2) {
      // A message that was received before is not delivered twice [MQTT-4.3.3-2].
      if (session.unreleased.has(messageId)) {
        this.#acknowledge(ack, messageId, 0);
        return;
      }
      if (session.unreleased.size >= limits.unreleased) {
        const reason = `it did not release ${limits.unreleased} messages`;
        notices.report('client', () => `client ${session.id} was disconnected: ${reason}`);
        throw new Violation(Code.RECEIVE_MAXIMUM);
      }
      session.unreleased.add(messageId);
    }
    const isTaken = router.publish(messageOf(packet, packet.length), session);
    if (qos > 0) this.#acknowledge(ack, messageId, isTaken ? 0 : Code.NO_SUBSCRIBERS);
    if (++this.#publishes % PUBLISHES_A_TURN === 0) this.transport.hold();
  }

  #settle(
    cmd: 'puback' | 'pubrec' | 'pubcomp',
    messageId: number,
    reasonCode: number,
    session: Session,
  ): void {
    const { transport } = this;
    // An error ends the exchange [MQTT 5, §4.3.3].
    if (cmd !== 'pubrec' || reasonCode >= Code.FIRST_ERROR) session.acknowledge(messageId);
    else {
      const isKnown = session.received(messageId);
      this.#acknowledge('pubrel', messageId, isKnown ? 0 : Code.UNKNOWN_PACKET_ID);
      session.proceed();
    }
    transport.progressMs = performance.now();
    this.#hub.backlog.progressed(transport);
    if (session.canReplay) transport.wake();
  }

  #subscribe(packet: ISubscribePacket, session: Session): void {
    const { subscriptions, properties } = packet;
    const { limits, router, notices } = this.#hub;
    if (subscriptions.length === 0 || properties?.subscriptionIdentifier !== undefined)
      throw new Violation(Code.PROTOCOL_ERROR);
    const replayed = new Map<string, Subscription>();
    const granted = subscriptions.map(({ topic: filter, qos, nl, rap, rh = 0 }, i) => {
      if (!isFilter(filter, limits)) {
        if (this.version < 5) throw new Violation(Code.BAD_FILTER);
        return Code.BAD_FILTER;
      }
      if (this.version === 5 && filter.startsWith('$share/')) return Code.NO_SHARED;
      const isNew = !session.subscriptions.has(filter);
      const subscription = { session, filter, qos, isNoLocal: !!nl, keepsRetain: !!rap };
      if (i >= limits.filtersPerPacket || !router.subscribe(subscription)) {
        const { filtersPerPacket, filtersPerClient, filterLevels } = limits;
        notices.report(
          'subscription',
          () =>
            `a subscription of client ${session.id} to ${filter} was refused: the limits are ` +
            `${filtersPerPacket} per packet, ${filtersPerClient} per client and ` +
            `${filterLevels} levels in all`,
        );
        return this.version === 5 ? Code.QUOTA_EXCEEDED : SUBACK_FAILURE;
      }
      if (rh === 0 || (rh === 1 && isNew)) replayed.set(filter, subscription);
      return qos;
    });
    this.#send({ cmd: 'suback', messageId: idOf(packet), granted });
    for (const subscription of replayed.values())
      session.replayRetained(subscription, router.retained);
  }

  #unsubscribe(packet: IUnsubscribePacket, session: Session): void {
    const granted = packet.unsubscriptions.map((filter) =>
      this.#hub.router.unsubscribe(session, filter) ? 0 : Code.NO_SUBSCRIPTION,
    );
    this.#send({ cmd: 'unsuback', messageId: idOf(packet), granted });
  }

  #disconnect({ reasonCode = 0, properties }: IDisconnectPacket, session: Session): void {
    const seconds = properties?.sessionExpiryInterval;
    if (seconds !== undefined) {
      if (seconds > 0 && session.expiryMs === 0) throw new Violation(Code.PROTOCOL_ERROR);
      session.expiryMs = Math.min(seconds * 1000, this.#hub.limits.sessionMs);
    }
    if (reasonCode !== Code.DISCONNECT_WITH_WILL) this.#will = undefined;
    this.#end();
  }

  #acknowledge(
    cmd: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp',
    messageId: number,
    reasonCode: number,
  ): void {
    this.#send({ cmd, messageId, reasonCode });
  }

  #send(packet: Packet): void {
    this.transport.write(generate(packet, { protocolVersion: this.version }));
    this.#boundBacklog();
  }

  /** The backlog of a session that outlives its connection has its own limits. */
  #boundBacklog(): void {
    const { clientBytes } = this.#hub.limits;
    const { socketBytes, backlogBytes } = this.transport;
    const isKept = this.#session !== undefined && this.#session.expiryMs > 0;
    if ((isKept ? socketBytes : backlogBytes) > clientBytes)
      this.onDropped(`more than ${clientBytes} bytes were waiting for it`);
  }

  #end(): void {
    this.transport.end();
    this.#detach();
  }

  /** Detaches from the session, once. */
  #detach(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#hub.left(this);
    const session = this.#session;
    if (!session) return;
    this.#hub.countClients(-1);
    if (session.link !== this) return;
    session.link = undefined;
    session.awaySinceMs = performance.now();
    const will = this.#will;
    const delayMs = (will?.properties?.willDelayInterval ?? 0) * 1000;
    if (will && delayMs > 0 && session.expiryMs > 0)
      session.will = { will, atMs: session.awaySinceMs + delayMs };
    // Deferred: a message that closes this connection may still be on its way to other clients.
    else if (will) queueMicrotask(() => publishWill(this.#hub, session, will));
    if (session.expiryMs === 0) this.#hub.router.end(session);
  }
}

/** Publishes the will of a client that disconnected without notice. */
export function publishWill(
  { router, onRefused }: Pick<Hub, 'router' | 'onRefused'>,
  session: Session,
  will: Will,
): void {
  const { topic } = will;
  if (isReservedTopic(topic) && !session.isOwn)
    onRefused(session.id, `may not publish to ${topic}: only the simulator does`);
  else router.publish(messageOf(will), session);
}

/** The packet id, which must not be missing [MQTT-2.3.1-1]. */
function idOf({ messageId = 0 }: Packet): number {
  if (messageId < 1) throw new Violation(Code.MALFORMED);
  return messageId;
}
