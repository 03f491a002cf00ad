import type { BrokerLimits } from './limits.ts';

/**
 * What publishers are held beyond `holdMs`, in times of what they were free: a subscriber with a
 * fifth of their own pace sets it, and one that does not read slows them to a fifth.
 */
const HELD_OF_FREE = 4;

/** A connection, as far as its pace is concerned. */
export interface Paced {
  /** Bytes that wait in its socket. */
  readonly socketBytes: number;
  /** Bytes that wait for its client in all. */
  readonly backlogBytes: number;
  flush(): void;
  drop(reason: string): void;
}

/**
 * Keeps publishers at the pace of subscribers, within reason.
 *
 * What is written in one turn of the event loop goes out together at its end. Publishers go on
 * then; if a client is behind, when it has caught up, but for a second and four fifths of the time
 * at most, whoever is behind, once or again and again. A client with too much waiting is
 * disconnected at once.
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
  /** How long publishers may still be held, and since when they are held, or free [ms]. */
  #budgetMs: number;
  #sinceMs = performance.now();

  constructor(limits: BrokerLimits) {
    this.#limits = limits;
    this.#budgetMs = limits.holdMs;
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
      fullest.drop(`more than ${this.#limits.socketBytes} bytes waited for all clients`);
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
