import { randomUUID } from 'node:crypto';
import { type Job, Queue, Worker } from 'bullmq';
import { connectRedis } from '../connection.ts';

/** Redis does not carry out a command: it is loading, full, or was closed. */
export class LeaseError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'LeaseError';
  }
}

/** The queue with one job per shard. */
const QUEUE = 'shards';
/** A lease that is not renewed for this long expires [ms]. */
export const LEASE_MS = 5000;
/** How often to look for expired leases [ms]. It takes two checks to detect one. */
const STALLED_CHECK_MS = 1500;
/** The number of jobs that are checked for damage, more than any cluster has. */
const JOBS_MAX = 100_000;
/** The states of a job that is neither finished nor gone: one job per shard of the cluster. */
const PRESENT = ['wait', 'active', 'delayed', 'prioritized'] as const;

/** Fields of a job that hold JSON, and fields that hold an integer. */
const JSON_FIELDS = ['data', 'opts', 'stacktrace'];
const NUMBER_FIELDS = ['stc', 'ats', 'atm', 'priority', 'delay', 'timestamp'];

/** Where a cluster keeps its leases, and how many there are. */
export interface LeaseOptions {
  readonly redisUrl: string;
  readonly prefix: string;
  readonly shards: number;
  /** When a lease that is not renewed expires [ms]; {@link LEASE_MS} by default. */
  readonly leaseMs?: number;
  /** How often to look for expired leases [ms]. */
  readonly checkMs?: number;
}

/** Receives the problems of the leases. */
export interface LeaseListener {
  /** Called with every error of Redis, repeated ones included. */
  onError(error: Error): void;
  /** Called when an unreadable job was removed. It will be created again. */
  onRemoved(job: string, reason: string): void;
}

interface Lease {
  readonly job: Job;
  readonly token: string;
}

/**
 * The shards that this process may deliver. Each shard is a BullMQ job that never finishes, and
 * the job's lock is the lease: a process that stops renewing it loses the shard to another one.
 * While Redis is unreachable, every call waits.
 */
export class Leases {
  readonly #shards: number;
  readonly #leaseMs: number;
  readonly #redis: ReturnType<typeof connectRedis>;
  readonly #queue: Queue;
  readonly #worker: Worker;
  readonly #leases = new Map<number, Lease>();
  readonly #listener: LeaseListener;
  /** Whether an error occurred that an unreadable job may have caused. */
  #isDoubtful = false;

  constructor(
    { redisUrl, prefix, shards, leaseMs = LEASE_MS, checkMs = STALLED_CHECK_MS }: LeaseOptions,
    listener: LeaseListener,
  ) {
    this.#shards = shards;
    this.#leaseMs = leaseMs;
    this.#listener = listener;
    const onError = (error: Error) => listener.onError(error);
    this.#redis = connectRedis(redisUrl);
    this.#redis.on('error', onError);
    const options = { connection: this.#redis, prefix };
    this.#queue = new Queue(QUEUE, options);
    this.#queue.on('error', onError);
    // Shards are taken one by one as capacity allows, so the worker's own loop does not run.
    this.#worker = new Worker(QUEUE, null, {
      ...options,
      autorun: false,
      lockDuration: leaseMs,
      stalledInterval: checkMs,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    });
    this.#worker.on('error', (error) => {
      this.#isDoubtful = true;
      onError(error);
    });
    void this.#worker.startStalledCheckTimer();
  }

  /** The shards whose leases this process holds, the longest-held first. */
  get held(): readonly number[] {
    return [...this.#leases.keys()];
  }

  /**
   * Ensures that every shard has a readable job, even after Redis was emptied.
   *
   * @throws LeaseError
   */
  async ensure(): Promise<void> {
    if (this.#isDoubtful) await this.#removeUnreadable();
    const present = await orLeaseError(this.#queue.getJobCountByTypes(...PRESENT));
    if (present < this.#shards) await orLeaseError(this.#queue.addBulk(shardJobs(this.#shards)));
  }

  /** Renews all leases and drops the expired ones. @throws LeaseError */
  async renew(): Promise<void> {
    const held = [...this.#leases];
    if (held.length === 0) return;
    const ids = held.map(([, { job }]) => job.id as string);
    const tokens = held.map(([, { token }]) => token);
    const over = new Set(
      await orLeaseError(this.#worker.extendJobLocks(ids, tokens, this.#leaseMs)),
    );
    for (const [shard, { job }] of held) if (over.has(job.id as string)) this.#leases.delete(shard);
  }

  /** Takes the lease of a free shard. Undefined if no shard is free. @throws LeaseError */
  async take(): Promise<number | undefined> {
    const token = randomUUID();
    const job = await this.#nextJob(token);
    if (!job) return undefined;
    const { shard } = job.data as { shard: number };
    // Left over from a cluster with more shards.
    if (!(shard < this.#shards)) {
      await orLeaseError(job.moveToCompleted('no such shard', token, false));
      return undefined;
    }
    this.#leases.set(shard, { job, token });
    return shard;
  }

  /** The next readable job. Unreadable ones are removed. */
  async #nextJob(token: string): Promise<Job | undefined> {
    try {
      const job = await this.#worker.getNextJob(token, { block: false });
      if (!job || job.id === jobId((job.data as { shard?: number } | null)?.shard)) return job;
      throw new Error(`job ${job.id} is not a shard's`);
    } catch (error) {
      this.#isDoubtful = true;
      if ((await this.#removeUnreadable(token)) === 0) throw new LeaseError(error);
      await this.ensure();
      return undefined;
    }
  }

  /**
   * Removes the unreadable jobs, except those that another worker holds: that worker is
   * delivering, and they are found once it stops.
   *
   * @param token - The token of our own lease.
   * @returns How many were removed.
   */
  async #removeUnreadable(token?: string): Promise<number> {
    const lists = ['wait', 'active', 'paused'].map((name) => this.#queue.toKey(name));
    const listed = lists.map((key) => this.#redis.lrange(key, 0, JOBS_MAX - 1));
    const expected = Array.from({ length: this.#shards }, (_, shard) => jobId(shard));
    const ids = new Set([...expected, ...(await orLeaseError(Promise.all(listed))).flat()]);
    let count = 0;
    for (const id of ids) {
      const key = this.#queue.toKey(id);
      const reason = await orLeaseError(this.#faultOf(id, key));
      const holder = reason && (await orLeaseError(this.#redis.get(`${key}:lock`)));
      if (!reason || (holder && holder !== token)) continue;
      const removal = this.#redis.multi();
      for (const list of lists) removal.lrem(list, 0, id);
      removal.srem(this.#queue.toKey('stalled'), id).del(key, `${key}:lock`);
      const done = (await orLeaseError(removal.exec())) ?? [];
      if (done.every(([, touched]) => touched === 0)) continue;
      count++;
      this.#listener.onRemoved(id, reason);
    }
    this.#isDoubtful = false;
    return count;
  }

  /** Why a job cannot be read. Undefined if it can. */
  async #faultOf(id: string, key: string): Promise<string | undefined> {
    const type = await this.#redis.type(key);
    if (type !== 'hash') return type === 'none' ? 'it has no content' : `it is a ${type}`;
    const fields = await this.#redis.hgetall(key);
    try {
      for (const name of JSON_FIELDS) JSON.parse(fields[name] ?? '{}');
      const { shard } = JSON.parse(fields['data'] ?? '{}') as { shard?: number };
      if (id !== jobId(shard)) return 'it names no shard, or the wrong one';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    const wrong = NUMBER_FIELDS.find((name) => !/^-?\d*$/.test(fields[name] ?? ''));
    return wrong && `its field ${wrong} is not an integer`;
  }

  /** Releases a lease, so that another process can take it immediately. */
  async release(shard: number): Promise<void> {
    const lease = this.#leases.get(shard);
    this.#leases.delete(shard);
    // If it has expired, there is nothing to release.
    await lease?.job.moveToWait(lease.token).catch(() => undefined);
  }

  /** Closes the connections. Leases that are still held expire by themselves. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#worker.close(true), this.#queue.close()]);
    this.#redis.disconnect();
  }
}

function jobId(shard: number | undefined): string {
  return `shard-${shard}`;
}

async function orLeaseError<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new LeaseError(error);
  }
}

/** A job for every shard. Adding a job that exists changes nothing. */
function shardJobs(shards: number) {
  return Array.from({ length: shards }, (_, shard) => ({
    name: 'deliver',
    data: { shard },
    opts: { jobId: jobId(shard), removeOnComplete: true, removeOnFail: true },
  }));
}
