import type { Problem } from '../core/problem.ts';
import { BackOff, STEADY_MS } from '../runtime/back-off.ts';
import type { Log } from '../runtime/log.ts';

/** The shortest time between two log lines of one reason, or of lost connections [ms]. */
const SAY_EVERY_MS = 30_000;
/** Number of reasons whose last line is remembered. */
const REASONS_MAX = 50;
/** Losses of the connection without a steady time between them that make a problem. */
const LOSSES_MIN = 3;
/** The key under which all losses share one line. */
const LOSS = 'loss';

/** A write in which nothing was acknowledged for too long. */
export class StallError extends Error {
  /**
   * @param stallMs - How long nothing was acknowledged.
   * @param address - The peer, if there is one.
   */
  constructor(stallMs: number, address?: string) {
    const where = address === undefined ? '' : `${address}: `;
    super(`${where}nothing was acknowledged for ${stallMs / 1000} s`);
    this.name = 'StallError';
  }
}

/**
 * Whether a sink is failing, why, and how long to wait before the next attempt. Logs every change
 * of the reason and every lost connection, at a pace that people can read.
 */
export class Outages {
  failures = 0;
  lastError: string | undefined;
  /** Whether the last write failed. */
  isDown = false;
  isStalled = false;
  /** Whether a connection was lost since the last successful write. */
  isLost = false;
  readonly #sinkName: string;
  readonly #log: Log;
  readonly #backOff: BackOff;
  readonly #saidMs = new Map<string, number>();
  #error: unknown;
  /** When the outage began, by the wall clock and by the monotonic clock. */
  #sinceMs = 0;
  #beganMs = 0;
  /** Losses since delivery was last steady, and since the last log line about them. */
  #losses = 0;
  #lossesUnsaid = 0;
  #lossesSinceMs = 0;
  /** Whether the outage has been logged, and with which reason. */
  #isSaid = false;
  #saidReason: string | undefined;

  /**
   * @param steadyMs - How long delivery must succeed before waits are short again.
   * @param retryMs - The first wait after a failure.
   */
  constructor(sinkName: string, log: Log, steadyMs = STEADY_MS, retryMs?: number) {
    this.#sinkName = sinkName;
    this.#log = log;
    this.#backOff = new BackOff(steadyMs, retryMs);
  }

  /** How long to wait before the next attempt [ms]. */
  waitMs(): number {
    return this.#backOff.nextMs();
  }

  /** Records a failed write. */
  failed(error: unknown): void {
    this.failures++;
    this.#begin();
    this.isDown = true;
    this.isStalled = error instanceof StallError;
    this.#say(error, textOf(error), this.isStalled);
  }

  /** Records a lost connection; a write that fails because of it reports the same error. */
  lost(error: Error): void {
    this.#begin();
    this.isLost = true;
    if (this.#losses++ === 0) this.#lossesSinceMs = Date.now();
    this.#lossesUnsaid++;
    this.#say(error, LOSS, true);
  }

  /** Records a successful write. */
  ended(): void {
    if (this.#backOff.works()) this.#losses = 0;
    if (this.isDown || this.isLost) {
      const downS = Math.round((performance.now() - this.#beganMs) / 100) / 10;
      const sink = this.#sinkName;
      if (this.#isSaid) this.#log.info({ sink, downS }, `${sink} takes readings again`);
    }
    this.isDown = this.isStalled = this.isLost = this.#isSaid = false;
    this.#saidReason = undefined;
  }

  /**
   * The problem that keeps the sink from accepting readings, now or repeatedly.
   *
   * @param isConnected - Whether the sink believes that it is connected.
   */
  problem(isConnected: boolean | undefined): Problem | undefined {
    const part = this.#sinkName;
    const reason = this.lastError ?? 'no connection';
    if (this.isDown || (this.isLost && isConnected === false))
      return { part, reason, sinceMs: this.#sinceMs };
    if (this.#losses < LOSSES_MIN) return undefined;
    const often = `the connection was lost ${this.#losses} times: ${reason}`;
    return { part, reason: often, sinceMs: this.#lossesSinceMs };
  }

  #begin(): void {
    if (this.isDown || this.isLost) return;
    this.#sinceMs = Date.now();
    this.#beganMs = performance.now();
  }

  /**
   * @param key - Events with the same key share one line in half a minute.
   * @param isAgain - Whether to log it even though the reason is unchanged.
   */
  #say(error: unknown, key: string, isAgain: boolean): void {
    if (error === this.#error) return;
    this.#error = error;
    const reason = textOf(error);
    this.lastError = reason;
    if (!isAgain && reason === this.#saidReason) return;
    const nowMs = performance.now();
    if (nowMs - (this.#saidMs.get(key) ?? Number.NEGATIVE_INFINITY) < SAY_EVERY_MS) return;
    this.#saidMs.delete(key);
    this.#saidMs.set(key, nowMs);
    if (this.#saidMs.size > REASONS_MAX)
      this.#saidMs.delete(this.#saidMs.keys().next().value as string);
    const sink = this.#sinkName;
    const losses = this.#lossesUnsaid;
    const fields = { sink, reason, ...(losses > 0 && { losses }) };
    this.#log.warn(fields, this.#line(reason));
    this.#lossesUnsaid = 0;
    this.#isSaid = true;
    this.#saidReason = reason;
  }

  #line(reason: string): string {
    const sink = this.#sinkName;
    if (this.isStalled) return `${sink} has stalled: ${reason}; reconnecting`;
    if (this.#lossesUnsaid > 1) return `${sink} loses its connection again and again`;
    if (this.#isSaid) return `${sink} still does not take readings, for another reason`;
    return `${sink} does not take readings; trying again until it does`;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
