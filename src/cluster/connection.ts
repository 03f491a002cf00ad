import { Redis } from 'ioredis';
import type { Configuration } from '../config/configuration.ts';
import { ConfigError } from '../core/errors.ts';
import type { Log } from '../runtime/log.ts';

/** A problem that stops a cluster from working. Its message is one sentence for the user. */
export class ClusterError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClusterError';
  }
}

/** How long to wait for a server that starts together with the cluster [ms]. */
const SERVER_MAX_MS = 60_000;
/** Longest wait before reconnecting after a lost connection [ms]. */
const RECONNECT_MAX_MS = 1000;
/** How Redis rejects a login. Retrying does not help. */
const REFUSALS =
  /^(NOAUTH|WRONGPASS|NOPERM|ERR (AUTH|invalid password|DB index|.*without any pass))/;

/** Options for the first connection to Redis. */
export interface ConnectionOptions {
  /** How long to wait for an unreachable server [ms]. */
  readonly waitMs?: number;
  /** Stops the wait. */
  readonly signal?: AbortSignal;
}

/** The URL of the cluster's Redis server. @throws ConfigError if none is configured. */
export function clusterUrl({ cluster }: Configuration): string {
  if (cluster.redisUrl) return cluster.redisUrl;
  const message = 'is not set; a cluster needs a URL that begins with redis:// or rediss://';
  throw new ConfigError([{ path: 'REDIS_URL', message }]);
}

/** A readable name of a Redis server: host, port and database, never the password. */
export function redisLocation(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `Redis at ${hostname}:${port || 6379}${pathname === '/' ? '' : pathname}`;
}

/**
 * Creates a client for the cluster's Redis server. It reconnects by itself after any outage.
 * BullMQ's workers require that commands wait for the connection rather than fail
 * (`maxRetriesPerRequest`).
 */
export function connectRedis(url: string): Redis {
  return new Redis(url, {
    maxRetriesPerRequest: null,
    lazyConnect: true,
    retryStrategy: (attempt) => Math.min(100 * attempt, RECONNECT_MAX_MS),
  });
}

/**
 * Connects to Redis, and waits for a server that is not reachable yet. Later outages of any length
 * are waited out and logged once each.
 *
 * @throws ClusterError if the server rejects the login, or is unreachable for too long.
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
    if (isAway) log.info({}, `connected to ${where}`);
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
      const message = `${where}: ${reasonOf(last)}; gave up after ${seconds} s`;
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
    // Failures are reported as events, too.
    redis.connect().catch(() => undefined);
  });
}

function reasonOf(error: unknown): string {
  const { message, code } = (error ?? {}) as NodeJS.ErrnoException;
  return message || code || 'no answer';
}
