import type { BrokerLimits } from './limits.ts';
import { type Message, POOL_BYTES, type Version, type Will } from './message.ts';
import type { RetainedMessages } from './retained.ts';

/** A client's wish to get what matches a filter. */
export interface Subscription {
  readonly session: Session;
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
  /** Whether it leaves out what the client itself has published: MQTT 5. */
  readonly isNoLocal: boolean;
  /** Whether messages say that they were published as retained: MQTT 5. */
  readonly keepsRetain: boolean;
}

/** What a session needs of the connection that its client has now. */
export interface Link {
  readonly version: Version;
  /** Messages in flight that the client bears. */
  readonly receiveMaximum: number;
  /** Whether more can be written at once. */
  readonly isWritable: boolean;
  publish(message: Message, qos: 0 | 1 | 2, flags: Flags, packetId: number): void;
  release(packetId: number): void;
  /** Something waits for the client that could not be sent at once. */
  queued(): void;
  close(code: number): void;
}

/** How a message is sent. */
export interface Flags {
  readonly isRetained: boolean;
  readonly isRepeated: boolean;
}

/** A message that waits for the client or for its acknowledgement. */
interface Outgoing {
  readonly message: Message;
  readonly qos: 1 | 2;
  readonly isRetained: boolean;
}

/** One that has been sent; without a message, it was received and waits to be released. */
interface InFlight {
  outgoing: Outgoing | undefined;
}

/** Retained messages that a new subscription is still to get. */
interface RetainedReplay {
  readonly subscription: Subscription;
  readonly pieces: Iterator<readonly Message[]>;
  piece: readonly Message[];
  next: number;
}

/** Packet ids are 1 to this [§2.3.1]. */
const PACKET_ID_MAX = 65_535;
/** A queue is moved together when so many places at its beginning are free. */
const FREE_PLACES_MAX = 1024;

/** What the broker keeps of a client, while it is connected and until it comes back. */
export class Session {
  readonly id: string;
  /** Whether it belongs to a process of the simulator. */
  readonly isOwn: boolean;
  readonly subscriptions = new Map<string, Subscription>();
  /** Ids of QoS 2 messages that were received and passed on, and are not released. */
  readonly unreleased = new Set<number>();
  /** How long it is kept when the client has gone [ms]; 0: it ends with the connection. */
  expiryMs = 0;
  /** When the client went [ms, of the monotonic clock]; none while it is connected. */
  awaySinceMs: number | undefined;
  /** What is published when the client has been away for some time, and when that is. */
  will: { readonly will: Will; readonly atMs: number } | undefined;
  link: Link | undefined;
  readonly #limits: BrokerLimits;
  readonly #onBytes: (bytes: number) => void;
  readonly #inFlight = new Map<number, InFlight>();
  #inFlightBytes = 0;
  /** What waits to be sent, from `#first` on. */
  #queue: Outgoing[] = [];
  #first = 0;
  #lastPacketId = 0;
  #bytes = 0;
  #isOver = false;
  readonly #replays = new Map<string, RetainedReplay>();

  /** @param onBytes - Called with what it keeps more, or less, than before. */
  constructor(id: string, isOwn: boolean, limits: BrokerLimits, onBytes: (bytes: number) => void) {
    this.id = id;
    this.isOwn = isOwn;
    this.#limits = limits;
    this.#onBytes = onBytes;
  }

  /** What is kept to be sent, or until it is acknowledged [bytes]. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  /** Sends a message as soon as the client takes it; at QoS 0, only if it is there. */
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

  /** Begins with a connection: what was in flight is sent again [MQTT-4.4.0-1], then the rest. */
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

  /** Sends what waits, as far as the client bears it. */
  proceed(): void {
    const { link } = this;
    if (!link) return;
    while (this.#first < this.#queue.length && this.#hasRoom(link)) {
      const outgoing = this.#takeFirst();
      if (outgoing.message.isExpired) this.#count(-outgoing.message.bytes);
      else this.#send(link, outgoing);
    }
  }

  /** The client has a message for good: PUBACK, or PUBCOMP. */
  acknowledge(packetId: number): void {
    const inFlight = this.#inFlight.get(packetId);
    if (!inFlight) return;
    this.#inFlight.delete(packetId);
    this.#settle(inFlight);
    this.proceed();
  }

  /**
   * The client has received a QoS 2 message: PUBREC. It is not sent again, only released.
   *
   * @returns False where no such message is in flight.
   */
  received(packetId: number): boolean {
    const inFlight = this.#inFlight.get(packetId);
    if (!inFlight) return false;
    this.#settle(inFlight);
    return true;
  }

  /** Gives up the messages that have waited longest, until no more than so many bytes are kept. */
  dropOldest(bytesMax: number): number {
    let count = 0;
    for (; this.#bytes > bytesMax && this.#first < this.#queue.length; count++)
      this.#count(-this.#takeFirst().message.bytes);
    return count;
  }

  /** Ends it: nothing is kept. */
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

  /** Has a subscription get the retained messages that match it. */
  replayRetained(subscription: Subscription, retained: RetainedMessages): void {
    const { filter } = subscription;
    const pieces = retained.matching(filter);
    this.#replays.set(filter, { subscription, pieces, piece: [], next: 0 });
  }

  /** A subscription has ended: what it was still to get is not sent. */
  stopReplay(filter: string): void {
    this.#replays.delete(filter);
  }

  /** Whether retained messages are still to be sent, and can be now. */
  get canReplay(): boolean {
    const { link } = this;
    if (this.#replays.size === 0 || !link?.isWritable) return false;
    // Behind what waits: retained messages may be many more than a session holds.
    return this.#first === this.#queue.length && this.#hasRoom(link);
  }

  /** Sends one retained message, or looks for some. */
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
