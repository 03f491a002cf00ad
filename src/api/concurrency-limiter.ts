import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpError } from './failures.ts';

/**
 * Limits how many expensive requests run at once. One address may use at most half of the slots,
 * so that it cannot lock out all others.
 */
export class ConcurrencyLimiter {
  readonly #max: number;
  readonly #refused: (count: number) => string;
  readonly #ends = new Map<AbortController, string>();

  /** @param refused - Makes the message for a refused request, from the number of slots in use. */
  constructor(max: number, refused: (count: number) => string) {
    this.#max = max;
    this.#refused = refused;
  }

  /**
   * Takes a slot until the response is sent or the client disconnects.
   *
   * @returns A signal to stop the work early: the client has disconnected, or the server stops.
   * @throws HttpError if no slot is free.
   */
  acquire(request: FastifyRequest, { raw }: FastifyReply): AbortSignal {
    const address = addressOf(request);
    const own = [...this.#ends.values()].filter((each) => each === address).length;
    if (this.#ends.size >= this.#max) throw new HttpError(429, this.#refused(this.#max));
    if (own >= this.#max / 2) throw new HttpError(429, this.#refused(own));
    const end = new AbortController();
    if (raw.destroyed) end.abort(new HttpError(503, 'the client has disconnected'));
    else this.#ends.set(end, address);
    raw.once('finish', () => this.#ends.delete(end));
    raw.once('close', () => {
      this.#ends.delete(end);
      end.abort(new HttpError(503, 'the client has disconnected'));
    });
    return end.signal;
  }

  /** Stops all running work. */
  close(): void {
    for (const end of this.#ends.keys()) end.abort(new HttpError(503, 'the simulator is stopping'));
  }
}

/**
 * The key for limits: an IPv4 address, or an IPv6 network, since one computer has many of them.
 */
export function addressOf({ socket }: Pick<FastifyRequest, 'socket'>): string {
  return normalizeIP(socket.remoteAddress ?? GONE);
}

/** Stands for an address that is unknown because the connection has ended. */
const GONE = 'gone';
