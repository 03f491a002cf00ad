import type { BrokerLimits } from './limits.ts';
import { type Message, POOL_BYTES, type Version, type Will } from './message.ts';
import type { RetainedMessages } from './retained.ts';

/** A client's subscription to a filter. */
export interface Subscription {
  readonly session: Session;
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
  /** Whether to skip the client's own messages (MQTT 5). */
  readonly isNoLocal: boolean;
  /** Whether to keep the retain flag of the publisher (MQTT 5). */
  readonly keepsRetain: boolean;
}

/** The connection of a session's client, as the session needs it. */
export interface Link {
  readonly version: Version;
  /** Messages in flight that the client allows. */
  readonly receiveMaximum: number;
  /** Whether more can be written immediately. */
  readonly isWritable: boolean;
  publish(message: Message, qos: 0 | 1 | 2, flags: Flags, packetId: number): void;
  release(packetId: number): void;
  /** Called when a message was queued instead of sent. */
  queued(): void;
  close(code: number): void;
}

/** Flags of a sent message. */
export interface Flags {
  readonly isRetained: boolean;
  readonly isRepeated: boolean;
}

/** A message that waits to be sent or acknowledged. */
interface Outgoing {
  readonly message: Message;
  readonly qos: 1 | 2;
  readonly isRetained: boolean;
}

/**
 * A message that was sent. Without `outgoing`, the client has received it and waits for the
 * release.
 */
interface InFlight {
  outgoing: Outgoing | undefined;
}

/** Retained messages that are still to be sent to a new subscription. */
interface RetainedReplay {
  readonly subscription: Subscription;
  readonly pieces: Iterator<readonly Message[]>;
  piece: readonly Message[];
  next: number;
}

/** Packet ids range from 1 to this [§2.3.1]. */
const PACKET_ID_MAX = 65_535;
/** A queue is compacted once it has this many free entries at the start. */
const FREE_PLACES_MAX = 1024;

/** What the broker stores for a client, while it is connected and until it returns. */
export class Session {
  readonly id: string;
  /** Whether it belongs to a process of the simulator. */
  readonly isOwn: boolean;
  readonly subscriptions = new Map<string, Subscription>();
  /** Ids of QoS 2 messages that were received and forwarded, but not released yet. */
  readonly unreleased = new Set<number>();
  /** How long the session outlives its connection [ms]; 0: not at all. */
  expiryMs = 0;
  /**
   * When the client disconnected [ms, of the monotonic clock]; undefined while it is connected.
   */
  awaySinceMs: number | undefined;
  /** A will to publish if the client does not return in time, and when. */
  will: { readonly will: Will; readonly atMs: number } | undefined;
  link: Link | undefined;
  readonly #limits: BrokerLimits;
  readonly #onBytes: (bytes: number) => void;
  readonly #inFlight = new Map<number, InFlight>();
  #inFlightBytes = 0;
  /** Messages waiting to be sent, from `#first` on. */
  #queue: Outgoing[] = [];
  #first = 0;
  #lastPacketId = 0;
  #bytes = 0;
  #isOver = false;
  readonly #replays = new Map<string, RetainedReplay>();

  /** @param onBytes - Called with each change of the bytes it stores. */
  constructor(id: string, isOwn: boolean, limits: BrokerLimits, onBytes: (bytes: number) => void) {
    this.id = id;
    this.isOwn = isOwn;
    this.#limits = limits;
    this.#onBytes = onBytes;
  }

  /** Bytes waiting to be sent or acknowledged. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  /**
   * Sends a message as soon as the client accepts it; at QoS 0, only if the client is connected.
   */
  deliver(message: Message, qos: 0 | 1 | 2, isRetained: boolean): void {
    if (this.#isOver) return;
    if (qos === 0) {
      this.link?.publish(message, 0, { isRetained, isRepeated: false }, 0);
      return;
    }
    const isNext = this.#first === this.#queue.length;
    const outgoing = { message, qos, isRetained };
    this.#count(message.bytes);
    if (isNext && this.link && this.#hasRoom(this.link)) {
      this.#send(this.link, outgoing);
      return;
    }
    message.detach();
    this.#queue.push(outgoing);
    this.link?.queued();
  }

  /** Continues on a new connection: first what was in flight [MQTT-4.4.0-1], then the rest. */
  resume(link: Link): void {
    this.link = link;
    this.awaySinceMs = undefined;
    this.will = undefined;
    for (const [packetId, { outgoing }] of this.#inFlight) {
      if (outgoing) {
        const { message, qos, isRetained } = outgoing;
        link.publish(message, qos, { isRetained, isRepeated: true }, packetId);
      } else link.release(packetId);
    }
    this.proceed();
  }

  /** Sends waiting messages as far as the client allows. */
  proceed(): void {
    const { link } = this;
    if (!link) return;
    while (this.#first < this.#queue.length && this.#hasRoom(link)) {
      const outgoing = this.#takeFirst();
      if (outgoing.message.isExpired) this.#count(-outgoing.message.bytes);
      else this.#send(link, outgoing);
    }
  }

  /** The client has received a message for good: PUBACK or PUBCOMP. */
  acknowledge(packetId: number): void {
    const inFlight = this.#inFlight.get(packetId);
    if (!inFlight) return;
    this.#inFlight.delete(packetId);
    this.#settle(inFlight);
    this.proceed();
  }

  /**
   * The client has received a QoS 2 message (PUBREC). From now on it is only released, not sent
   * again.
   *
   * @returns False if no such message is in flight.
   */
  received(packetId: number): boolean {
    const inFlight = this.#inFlight.get(packetId);
    if (!inFlight) return false;
    this.#settle(inFlight);
    return true;
  }

  /** Drops the oldest waiting messages until at most `bytesMax` are stored. @returns How many. */
  dropOldest(bytesMax: number): number {
    let count = 0;
    for (; this.#bytes > bytesMax && this.#first < this.#queue.length; count++)
      this.#count(-this.#takeFirst().message.bytes);
    return count;
  }

  /** Ends the session and drops everything stored for it. */
  clear(): void {
    this.#isOver = true;
    this.#queue = [];
    this.#first = 0;
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
    this.#replays.clear();
    this.unreleased.clear();
    this.#count(-this.#bytes);
  }

  /** Starts to send a subscription the retained messages that match it. */
  replayRetained(subscription: Subscription, retained: RetainedMessages): void {
    const { filter } = subscription;
    const pieces = retained.matching(filter);
    this.#replays.set(filter, { subscription, pieces, piece: [], next: 0 });
  }

  /** Stops sending retained messages to a subscription that has ended. */
  stopReplay(filter: string): void {
    this.#replays.delete(filter);
  }

  /** Whether retained messages remain to be sent, and can be sent now. */
  get canReplay(): boolean {
    const { link } = this;
    if (this.#replays.size === 0 || !link?.isWritable) return false;
    // Only after all waiting messages: there may be more retained messages than a session can
    // hold.
    return this.#first === this.#queue.length && this.#hasRoom(link);
  }

  /** Sends one retained message, or searches for the next ones. */
  replayNext(): void {
    for (const [filter, replay] of this.#replays) {
      const { subscription, piece } = replay;
      const message = piece[replay.next++];
      if (message) {
        if (!message.isExpired)
          this.deliver(message, Math.min(message.qos, subscription.qos) as 0 | 1 | 2, true);
        return;
      }
      const { value, done } = replay.pieces.next();
      if (done) this.#replays.delete(filter);
      else [replay.piece, replay.next] = [value, 0];
      return;
    }
  }

  #send(link: Link, outgoing: Outgoing): void {
    outgoing.message.detach(POOL_BYTES);
    const packetId = this.#nextPacketId();
    this.#inFlight.set(packetId, { outgoing });
    this.#inFlightBytes += outgoing.message.bytes;
    const { message, qos, isRetained } = outgoing;
    link.publish(message, qos, { isRetained, isRepeated: false }, packetId);
  }

  #hasRoom({ receiveMaximum }: Link): boolean {
    const { inFlight, inFlightBytes } = this.#limits;
    return (
      this.#inFlight.size < Math.min(inFlight, receiveMaximum) &&
      this.#inFlightBytes < inFlightBytes
    );
  }

  #settle(inFlight: InFlight): void {
    const bytes = inFlight.outgoing?.message.bytes ?? 0;
    inFlight.outgoing = undefined;
    this.#inFlightBytes -= bytes;
    this.#count(-bytes);
  }

  #takeFirst(): Outgoing {
    const outgoing = this.#queue[this.#first] as Outgoing;
    this.#queue[this.#first++] = undefined as never;
    if (this.#first === this.#queue.length) [this.#queue, this.#first] = [[], 0];
    else if (this.#first > FREE_PLACES_MAX && this.#first > this.#queue.length / 2) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
    }
    return outgoing;
  }

  #nextPacketId(): number {
    do this.#lastPacketId = (this.#lastPacketId % PACKET_ID_MAX) + 1;
    while (this.#inFlight.has(this.#lastPacketId));
    return this.#lastPacketId;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#onBytes(bytes);
  }
}
