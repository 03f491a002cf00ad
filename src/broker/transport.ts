import type { Duplex } from 'node:stream';
import { type Packet, parser } from 'mqtt-packet';
import type { Backlog, Paced } from './backlog.ts';
import type { BrokerLimits } from './limits.ts';
import type { StepScheduler } from './step-scheduler.ts';

/** Background work writes only while less than this waits in the socket [bytes]. */
const WRITABLE_BYTES = 256 * 1024;
/** How long a client may take to close its end of the connection [ms]. */
const LINGER_MS = 1000;

/** Receives the packets and events of a transport. */
export interface PacketReader {
  /** Bytes that wait for the client besides those in its socket. */
  readonly queuedBytes: number;
  onPacket(packet: Packet): void;
  /** The input is malformed, so nothing after it can be read. */
  onMalformed(error: Error): void;
  /** A packet exceeds the limit. */
  onTooLarge(): void;
  /** The client has received something. */
  onTaken(): void;
  /** The stream has ended, and everything on it was read. */
  onGone(): void;
  /** The client was disconnected because its backlog was too large. */
  onDropped(reason: string): void;
  /** Does one step of background work. @returns Whether there was any. */
  work(): boolean;
}

/** What all transports share. */
export interface TransportContext {
  readonly limits: BrokerLimits;
  readonly backlog: Backlog;
  readonly scheduler: StepScheduler;
  /** Adds to the bytes of incomplete packets. */
  countPartial(bytes: number): void;
}

/**
 * MQTT packets over a stream. Incoming packets are read one at a time when it is this connection's
 * turn; outgoing ones are written together once per turn of the event loop.
 */
export class Transport implements Paced {
  /** When the client last received something [ms, of the monotonic clock]. */
  progressMs = performance.now();
  /** When the last complete packet arrived. */
  heardMs = performance.now();
  /** Bytes of the incomplete packet. */
  partialBytes = 0;
  readonly #stream: Duplex;
  readonly #reader: PacketReader;
  readonly #context: TransportContext;
  readonly #parser = parser();
  readonly #lengths = new PacketLengths();
  /** Packets that have arrived and are not read yet, from `#next` on. */
  #packets: Packet[] = [];
  #next = 0;
  #isCorked = false;
  #isScheduled = false;
  #isHeld = false;
  #isGone = false;
  #isClosed = false;

  constructor(stream: Duplex, reader: PacketReader, context: TransportContext) {
    this.#stream = stream;
    this.#reader = reader;
    this.#context = context;
    this.#parser.on('packet', (packet: Packet) => this.#packets.push(packet));
    this.#parser.on('error', (error: Error) => reader.onMalformed(error));
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('error', () => {});
    stream.on('close', () => {
      this.#isGone = true;
      this.wake();
    });
  }

  get isWritable(): boolean {
    return this.#stream.writableLength < WRITABLE_BYTES;
  }

  get socketBytes(): number {
    return this.#stream.writableLength;
  }

  get backlogBytes(): number {
    return this.socketBytes + this.#reader.queuedBytes;
  }

  write(packet: Buffer): void {
    const stream = this.#stream;
    if (this.#isClosed || stream.destroyed) return;
    if (stream.writableLength === 0) this.progressMs = performance.now();
    if (!this.#isCorked) {
      this.#isCorked = true;
      stream.cork();
      this.#context.backlog.wrote(this);
    }
    stream.write(packet, this.#onTaken);
  }

  flush(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#stream.uncork();
  }

  drop(reason: string): void {
    this.#reader.onDropped(reason);
  }

  /** Lets others publish, and pauses this client until the subscribers are ready for more. */
  hold(): void {
    this.#isHeld = true;
    this.#context.backlog.whenReady(() => {
      this.#isHeld = false;
      if (this.#packets.length === 0) this.#stream.resume();
      this.wake();
    });
  }

  /** Schedules this connection's turn to read packets and do background work. */
  wake(): void {
    if (this.#isScheduled || this.#isHeld || this.#isClosed) return;
    this.#isScheduled = true;
    this.#context.scheduler.add(this.#step);
  }

  /** Closes the stream after what was written; further input is ignored. */
  end(): void {
    if (this.#isClosed) return;
    const stream = this.#stream;
    this.#leave();
    if (stream.destroyed) return;
    this.flush();
    stream.end();
    stream.resume();
    const timer = setTimeout(() => stream.destroy(), LINGER_MS);
    stream.once('close', () => clearTimeout(timer));
  }

  /** Closes the stream immediately. */
  destroy(): void {
    this.#stream.destroy();
    this.#leave();
  }

  #read(chunk: Buffer): void {
    if (this.#isClosed) return;
    if (this.#lengths.longest(chunk) > this.#context.limits.packetBytes) {
      this.#reader.onTooLarge();
      return;
    }
    const partialBytes = this.#parse(chunk);
    if (this.#isClosed) return;
    this.#countPartial(partialBytes);
    if (this.#packets.length === 0 || this.#isClosed) return;
    this.heardMs = performance.now();
    this.#stream.pause();
    this.wake();
  }

  /** @returns How many bytes belong to an incomplete packet. */
  #parse(chunk: Buffer): number {
    try {
      return this.#parser.parse(chunk);
    } catch (error) {
      // The parser reads beyond the end of some truncated packets.
      this.#reader.onMalformed(error as Error);
      return 0;
    }
  }

  readonly #step = (): boolean => {
    const packet = this.#packets[this.#next];
    if (packet) {
      this.#next++;
      this.#reader.onPacket(packet);
      if (this.#next >= this.#packets.length) {
        this.#packets = [];
        this.#next = 0;
        if (!this.#isHeld) this.#stream.resume();
      }
      this.#isScheduled = !this.#isHeld && !this.#isClosed;
    } else if (this.#isGone) {
      this.#isScheduled = false;
      if (!this.#isClosed) this.#reader.onGone();
    } else this.#isScheduled = this.#reader.work();
    return this.#isScheduled;
  };

  readonly #onTaken = (): void => {
    this.progressMs = performance.now();
    this.#context.backlog.progressed(this);
    this.#reader.onTaken();
  };

  #leave(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#packets = [];
    this.#next = 0;
    this.#countPartial(0);
    this.#context.backlog.left(this);
  }

  #countPartial(bytes: number): void {
    const more = bytes - this.partialBytes;
    this.partialBytes = bytes;
    this.#context.countPartial(more);
  }
}

/**
 * Tracks the lengths of a connection's packets from their headers: the type, then the length in
 * groups of 7 bits.
 */
class PacketLengths {
  /** Bytes to come of the packet whose header is complete. */
  #rest = 0;
  /** Value and weight of the length that is being read; weight 0: the type is next. */
  #length = 0;
  #weight = 0;

  /** The length of the longest packet that begins in a chunk [bytes]. */
  longest(chunk: Buffer): number {
    let longest = 0;
    for (let at = 0; at < chunk.length; ) {
      if (this.#rest > 0) {
        const taken = Math.min(this.#rest, chunk.length - at);
        this.#rest -= taken;
        at += taken;
        continue;
      }
      const byte = chunk[at++] as number;
      if (this.#weight === 0) {
        this.#weight = 1;
        this.#length = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * this.#weight;
      this.#weight *= 128;
      longest = Math.max(longest, this.#length);
      if (byte < 128) {
        this.#rest = this.#length;
        this.#weight = 0;
      }
    }
    return longest;
  }
}
