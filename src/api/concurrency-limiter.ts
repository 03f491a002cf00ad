import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpError } from './failures.ts';

/**
 * A limited number of places for requests that cost something for as long as they are open. One
 * address has half of them at most, so that nobody keeps all others out.
 */
export class ConcurrencyLimiter {
  readonly #max: number;
  readonly #refused: (count: number) => string;
  readonly #ends = new Map<AbortController, string>();

  /** @param refused - What is said to those who find no place, of so many that are taken. */
  constructor(max: number, refused: (count: number) => string) {
    this.#max = max;
    this.#refused = refused;
  }

  /**
   * Takes a place until the answer is given or the client has left.
   *
   * @returns What ends the work early: the client has left, or the server stops.
   * @throws HttpError where no place is free.
   */
  acquire(request: FastifyRequest, { raw }: FastifyReply): AbortSignal {
    const address = addressOf(request);
    const own = [...this.#ends.values()].filter((each) => each === address).length;
    if (this.#ends.size >= this.#max) throw new HttpError(429, this.#refused(this.#max));
    if (own >= this.#max / 2) throw new HttpError(429, this.#refused(own));
    const end = new AbortController();
    if (raw.destroyed) end.abort(new HttpError(503, 'the client has left'));
    else this.#ends.set(end, address);
    raw.once('finish', () => this.#ends.delete(end));
    raw.once('close', () => {
      this.#ends.delete(end);
      end.abort(new HttpError(503, 'the client has left'));
    });
    return end.signal;
  }

  /** Ends the work for everybody. */
  close(): void {
    for (const end of this.#ends.keys()) end.abort(new HttpError(503, 'the simulator stops'));
  }
}

/** Who is counted as one: an address, or a network of IPv6 addresses, as one computer has them. */
export function addressOf({ socket }: Pick<FastifyRequest, 'socket'>): string {
  return normalizeIP(socket.remoteAddress ?? GONE);
}

/** In place of an address: the connection had ended before its address could be asked for. */
const GONE = 'gone';
