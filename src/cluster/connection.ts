import { Redis } from 'ioredis';
import type { Configuration } from '../config/configuration.ts';
import { ConfigError } from '../core/errors.ts';
import type { Log } from '../runtime/log.ts';

/** What keeps a cluster from working, in a sentence for its user. */
export class ClusterError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClusterError';
  }
}

/** A server that starts together with the cluster is there within this [ms]. */
const SERVER_MAX_MS = 60_000;
/** Longest wait before a connection that was lost is tried again [ms]. */
const RECONNECT_MAX_MS = 1000;
/** What Redis says to whom it does not let in; waiting changes nothing about it. */
const REFUSALS =
  /^(NOAUTH|WRONGPASS|NOPERM|ERR (AUTH|invalid password|DB index|.*without any pass))/;

/** How a connection to Redis is begun. */
export interface ConnectionOptions {
  /** How long a server that is away is waited for [ms]. */
  readonly waitMs?: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

/** @throws ConfigError where no Redis server is configured. */
export function clusterUrl({ cluster }: Configuration): string {
  if (cluster.redisUrl) return cluster.redisUrl;
  const message = 'is missing; a cluster needs an address that begins with redis:// or rediss://';
  throw new ConfigError([{ path: 'REDIS_URL', message }]);
}

/** Names a Redis server for people: host, port and database, never a password. */
export function redisLocation(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `Redis at ${hostname}:${port || 6379}${pathname === '/' ? '' : pathname}`;
}

/**
 * Connects to the Redis server of a cluster; it comes back by itself after an outage, however long.
 * BullMQ's workers demand that a command waits for it rather than fail (`maxRetriesPerRequest`).
 */
export function connectRedis(url: string): Redis {
  return new Redis(url, {
    maxRetriesPerRequest: null,
    lazyConnect: true,
    retryStrategy: (attempt) => Math.min(100 * attempt, RECONNECT_MAX_MS),
  });
}

/**
 * Connects to Redis and waits for a server that is away. Later outages are waited out, however
 * long, and said once each.
 *
 * @throws ClusterError where it lets nobody in, or is away for too long.
 */
export async function openRedis(
  url: string,
  log: Log,
  { waitMs = SERVER_MAX_MS, signal }: ConnectionOptions = {},
): Promise<Redis> {
  const where = redisLocation(url);
  const redis = connectRedis(url);
  let isAway = false;
  const away = (reason: string) => {
    if (isAway || redis.status === 'end') return;
    isAway = true;
    log.warn({ reason }, `waiting for ${where}`);
  };
  redis.on('error', (error) => away(reasonOf(error)));
  redis.on('close', () => away('the connection was lost'));
  redis.on('ready', () => {
    if (isAway) log.info({}, `${where} is there`);
    isAway = false;
  });
  try {
    await isReady(redis, where, waitMs, signal);
    return redis;
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

function isReady(
  redis: Redis,
  where: string,
  waitMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  let last: unknown;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const seconds = Math.round(waitMs / 1000);
      const message = `${where}: ${reasonOf(last)}; given up after ${seconds} s`;
      reject(new ClusterError(message, { cause: last }));
    }, waitMs);
    const end = (act: () => void) => () => {
      clearTimeout(timer);
      act();
    };
    redis.once('ready', end(resolve));
    redis.on('error', (error) => {
      last = error;
      if (!REFUSALS.test(reasonOf(error))) return;
      end(() => reject(new ClusterError(`${where}: ${reasonOf(error)}`, { cause: error })))();
    });
    const stop = end(() => reject(new ClusterError(`${where}: stopped`)));
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    // Its failures are events, too.
    redis.connect().catch(() => undefined);
  });
}

function reasonOf(error: unknown): string {
  const { message, code } = (error ?? {}) as NodeJS.ErrnoException;
  return message || code || 'it does not answer';
}
