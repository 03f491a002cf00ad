import type { BrokerLimits } from './limits.ts';

/**
 * The time that publishers are held beyond `holdMs`, as a multiple of the time that they run
 * freely: subscribers at a fifth of the publishers' pace set the pace, and one that does not read
 * slows them to a fifth.
 */
const HELD_OF_FREE = 4;

/** A connection, as far as pacing needs it. */
export interface Paced {
  /** Bytes waiting in its socket. */
  readonly socketBytes: number;
  /** All bytes waiting for its client. */
  readonly backlogBytes: number;
  flush(): void;
  drop(reason: string): void;
}

/**
 * Keeps publishers at the pace of the subscribers, within limits.
 *
 * Everything written in one turn of the event loop is sent together at its end; then publishers
 * continue. If a client is behind, they wait until it has caught up, but at most one second at
 * first and four fifths of the time in the long run, whichever clients are behind. A client with
 * too large a backlog is disconnected immediately.
 */
export class Backlog {
  readonly #limits: BrokerLimits;
  readonly #written = new Set<Paced>();
  readonly #behind = new Set<Paced>();
  /** Connections whose sockets were not empty at the end of the last turn. */
  readonly #filled = new Set<Paced>();
  #held: (() => void)[] = [];
  #isDue = false;
  #timer: NodeJS.Timeout | undefined;
  /** How long publishers may still be held, and when they were last held or released [ms]. */
  #budgetMs: number;
  #sinceMs = performance.now();

  constructor(limits: BrokerLimits) {
    this.#limits = limits;
    this.#budgetMs = limits.holdMs;
  }

  /** Call this after writing to a connection. */
  wrote(connection: Paced): void {
    this.#written.add(connection);
    this.#flushSoon();
  }

  /** Call this when a client has received or acknowledged something. */
  progressed(connection: Paced): void {
    if (this.#behind.has(connection) && !this.#isBehind(connection)) this.#caughtUp(connection);
  }

  /** Call this when a connection has closed. */
  left(connection: Paced): void {
    this.#filled.delete(connection);
    this.#caughtUp(connection);
  }

  /** Calls back when publishing may continue: at the end of the turn, or a little later. */
  whenReady(callback: () => void): void {
    this.#held.push(callback);
    this.#flushSoon();
  }

  /** Stops waiting for clients. */
  close(): void {
    this.#behind.clear();
    this.#resume();
  }

  #caughtUp(connection: Paced): void {
    this.#behind.delete(connection);
    if (this.#behind.size === 0 && this.#timer) this.#resume();
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
    if (this.#behind.size === 0) {
      this.#resume();
      return;
    }
    const nowMs = performance.now();
    const earnedMs = (nowMs - this.#sinceMs) * HELD_OF_FREE;
    this.#budgetMs = Math.min(this.#limits.holdMs, this.#budgetMs + earnedMs);
    this.#sinceMs = nowMs;
    if (this.#budgetMs < 1) this.#resume();
    else this.#timer = setTimeout(this.#resume, this.#budgetMs);
  };

  /** The sum is computed each time, because few sockets are not empty. */
  #boundSockets(): void {
    let total = 0;
    for (const connection of this.#filled) {
      if (connection.socketBytes === 0) this.#filled.delete(connection);
      total += connection.socketBytes;
    }
    while (total > this.#limits.socketBytes) {
      const fullest = [...this.#filled].reduce((a, b) => (b.socketBytes > a.socketBytes ? b : a));
      total -= fullest.socketBytes;
      fullest.drop(`more than ${this.#limits.socketBytes} bytes were waiting for all clients`);
      this.left(fullest);
    }
  }

  readonly #resume = (): void => {
    if (this.#timer) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      const nowMs = performance.now();
      this.#budgetMs -= nowMs - this.#sinceMs;
      this.#sinceMs = nowMs;
    }
    const held = this.#held;
    this.#held = [];
    for (const callback of held) callback();
  };

  #isBehind({ backlogBytes }: Paced): boolean {
    return backlogBytes > this.#limits.behindBytes;
  }
}
