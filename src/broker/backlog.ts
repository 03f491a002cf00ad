import type { BrokerLimits } from './limits.ts';

/** A connection, as far as its pace is concerned. */
export interface Paced {
  /** Bytes that wait in its socket. */
  readonly socketBytes: number;
  /** Bytes that wait for its client in all. */
  readonly backlogBytes: number;
  /** When its client has last taken something [ms, of the monotonic clock]. */
  readonly progressMs: number;
  flush(): void;
  giveUp(reason: string): void;
}

/**
 * Keeps publishers at the pace of subscribers, within reason.
 *
 * What is written in one turn of the event loop goes out together at its end. Publishers go on
 * then; if a client that takes what it gets is behind, a few milliseconds later. A client with too
 * much waiting is disconnected at once, so that none can hold up the others.
 */
export class Backlog {
  readonly #limits: BrokerLimits;
  readonly #written = new Set<Paced>();
  readonly #behind = new Set<Paced>();
  /** Connections whose sockets held something at the end of the last turn. */
  readonly #filled = new Set<Paced>();
  #held: (() => void)[] = [];
  #isDue = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: BrokerLimits) {
    this.#limits = limits;
  }

  /** A connection has been written to. */
  wrote(connection: Paced): void {
    this.#written.add(connection);
    this.#flushSoon();
  }

  /** Something has been taken from a connection, or acknowledged. */
  progressed(connection: Paced): void {
    if (this.#behind.has(connection) && !this.#isBehind(connection)) this.#caughtUp(connection);
  }

  /** A connection has ended. */
  left(connection: Paced): void {
    this.#filled.delete(connection);
    this.#caughtUp(connection);
  }

  /** Calls back when publishing may go on: at the end of the turn, or somewhat later. */
  whenReady(callback: () => void): void {
    this.#held.push(callback);
    this.#flushSoon();
  }

  /** Gives up waiting for anybody. */
  close(): void {
    this.#behind.clear();
    this.#goOn();
  }

  #caughtUp(connection: Paced): void {
    this.#behind.delete(connection);
    if (this.#behind.size === 0 && this.#timer) this.#goOn();
  }

  #flushSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isDue = false;
    for (const connection of this.#written) {
      connection.flush();
      if (connection.socketBytes > 0) this.#filled.add(connection);
      if (this.#isBehind(connection)) this.#behind.add(connection);
    }
    this.#written.clear();
    this.#boundSockets();
    if (this.#held.length === 0 || this.#timer) return;
    const nowMs = performance.now();
    const { patienceMs, holdMs } = this.#limits;
    for (const { progressMs } of this.#behind)
      if (nowMs - progressMs < patienceMs) {
        this.#timer = setTimeout(this.#goOn, holdMs);
        return;
      }
    this.#goOn();
  };

  /** The sum is taken anew each time: those whose sockets hold something are few. */
  #boundSockets(): void {
    let total = 0;
    for (const connection of this.#filled) {
      if (connection.socketBytes === 0) this.#filled.delete(connection);
      total += connection.socketBytes;
    }
    while (total > this.#limits.socketBytes) {
      const fullest = [...this.#filled].reduce((a, b) => (b.socketBytes > a.socketBytes ? b : a));
      total -= fullest.socketBytes;
      fullest.giveUp(`more than ${this.#limits.socketBytes} bytes waited for all clients`);
      this.left(fullest);
    }
  }

  readonly #goOn = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const held = this.#held;
    this.#held = [];
    for (const callback of held) callback();
  };

  #isBehind({ backlogBytes }: Paced): boolean {
    return backlogBytes > this.#limits.behindBytes;
  }
}
