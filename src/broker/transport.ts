import type { Duplex } from 'node:stream';
import { type Packet, parser } from 'mqtt-packet';
import type { Backlog, Paced } from './backlog.ts';
import type { BrokerLimits } from './limits.ts';
import type { StepScheduler } from './step-scheduler.ts';

/** More is written at leisure while no more than this waits in the socket [bytes]. */
const WRITABLE_BYTES = 256 * 1024;
/** A client that was told to go is waited for so long [ms]. */
const LINGER_MS = 1000;

/** Who reads the packets of a transport. */
export interface PacketReader {
  /** Bytes that wait for the client beside those in its socket. */
  readonly queuedBytes: number;
  onPacket(packet: Packet): void;
  /** What came cannot be read: nothing that follows can. */
  onMalformed(error: Error): void;
  /** A packet is larger than is taken. */
  onTooLarge(): void;
  /** The client has taken something. */
  onTaken(): void;
  /** The stream has ended, and all that came by it was read. */
  onGone(): void;
  /** The client was disconnected because too much waited for it. */
  onDropped(reason: string): void;
  /** Does a piece of what is done at leisure. @returns Whether there was any. */
  work(): boolean;
}

/** What transports share. */
export interface TransportContext {
  readonly limits: BrokerLimits;
  readonly backlog: Backlog;
  readonly scheduler: StepScheduler;
  /** A connection keeps so many bytes of incomplete packets more than before. */
  countPartial(bytes: number): void;
}

/**
 * Packets over a stream: those that come are read one by one, when it is this connection's turn;
 * those that go are written together, turn by turn of the event loop.
 */
export class Transport implements Paced {
  /** When the client has last taken something [ms, of the monotonic clock]. */
  progressMs = performance.now();
  /** When the last whole packet came. */
  heardMs = performance.now();
  /** Bytes of a packet that has begun to arrive. */
  partialBytes = 0;
  readonly #stream: Duplex;
  readonly #reader: PacketReader;
  readonly #context: TransportContext;
  readonly #parser = parser();
  readonly #lengths = new PacketLengths();
  /** Packets that have come and are not yet read, from `#next` on. */
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

  /** Lets others publish, and this one when the subscribers are ready for more. */
  hold(): void {
    this.#isHeld = true;
    this.#context.backlog.whenReady(() => {
      this.#isHeld = false;
      if (this.#packets.length === 0) this.#stream.resume();
      this.wake();
    });
  }

  /** Has packets read, and work done, when it is this connection's turn. */
  wake(): void {
    if (this.#isScheduled || this.#isHeld || this.#isClosed) return;
    this.#isScheduled = true;
    this.#context.scheduler.add(this.#step);
  }

  /** Ends the stream after what was written; what still comes is not read. */
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

  /** Ends the stream at once. */
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

  /** @returns How much of it belongs to a packet that is not whole yet [bytes]. */
  #parse(chunk: Buffer): number {
    try {
      return this.#parser.parse(chunk);
    } catch (error) {
      // The parser reads beyond the end of some packets that are cut off.
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

/** Follows the packets of a connection by their headers: type, then the length in 7-bit groups. */
class PacketLengths {
  /** Bytes still to come of the packet whose header has been seen. */
  #rest = 0;
  /** Value and weight of the length that is being read; weight 0: the type comes next. */
  #length = 0;
  #weight = 0;

  /** The longest packet that begins in a chunk [bytes]. */
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
