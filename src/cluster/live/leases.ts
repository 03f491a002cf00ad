import { randomUUID } from 'node:crypto';
import { type Job, Queue, Worker } from 'bullmq';
import { connectRedis } from '../connection.ts';

/** Redis does not do what it was asked for: it is loading, full, or was closed. */
export class LeaseError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'LeaseError';
  }
}

/** The queue whose jobs are the shards. */
const QUEUE = 'shards';
/** A lease that was not renewed for so long is over [ms]. */
export const LEASE_MS = 5000;
/** So often leases that are over are looked for; it takes two looks to tell one [ms]. */
const STALLED_CHECK_MS = 1500;
/** Jobs of a queue that are looked through for what cannot be read: more than any cluster has. */
const JOBS_MAX = 100_000;
/** Jobs that are neither done nor gone: all shards of a cluster. */
const PRESENT = ['wait', 'active', 'delayed', 'prioritized'] as const;

/** Fields of a job that hold JSON, and those that hold a whole number. */
const JSON_FIELDS = ['data', 'opts', 'stacktrace'];
const NUMBER_FIELDS = ['stc', 'ats', 'atm', 'priority', 'delay', 'timestamp'];

/** Where the leases of a cluster are, and how many. */
export interface LeaseOptions {
  readonly redisUrl: string;
  readonly prefix: string;
  readonly shards: number;
  /** A lease that was not renewed for so long is over; {@link LEASE_MS}, if not given. */
  readonly leaseMs?: number;
  /** So often leases that are over are looked for [ms]. */
  readonly checkMs?: number;
}

/** What is told of leases beside their errors. */
export interface LeaseListener {
  /** Is told what is wrong with Redis, as often as it is. */
  onError(error: Error): void;
  /** Is told that a job could not be read and was removed, to be made again. */
  onRemoved(job: string, reason: string): void;
}

interface Lease {
  readonly job: Job;
  readonly token: string;
}

/**
 * Which shards this process may deliver. A shard is a job of BullMQ that never ends, and its lock
 * the lease; whoever stops renewing it loses it to somebody else. While Redis is away every call
 * waits.
 */
export class Leases {
  readonly #shards: number;
  readonly #leaseMs: number;
  readonly #redis: ReturnType<typeof connectRedis>;
  readonly #queue: Queue;
  readonly #worker: Worker;
  readonly #leases = new Map<number, Lease>();
  readonly #listener: LeaseListener;
  /** Whether something went wrong that a job which cannot be read may be the cause of. */
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
    // Shards are taken one by one as there is room, so the worker's own loop does not run.
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

  /** The shards whose leases are held, the one held longest first. */
  get held(): readonly number[] {
    return [...this.#leases.keys()];
  }

  /**
   * Makes sure that there is a job for every shard, also after Redis was emptied, and that it can
   * be read.
   *
   * @throws LeaseError
   */
  async ensure(): Promise<void> {
    if (this.#isDoubtful) await this.#removeUnreadable();
    const present = await orLeaseError(this.#queue.getJobCountByTypes(...PRESENT));
    if (present < this.#shards) await orLeaseError(this.#queue.addBulk(shardJobs(this.#shards)));
  }

  /** Renews all leases, and forgets those that are over. @throws LeaseError */
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

  /** Takes the lease of a shard that nobody holds; none if there is none. @throws LeaseError */
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

  /** The next job that can be read; what cannot is taken out of the way. */
  async #nextJob(token: string): Promise<Job | undefined> {
    try {
      const job = await this.#worker.getNextJob(token, { block: false });
      if (!job || job.id === jobId((job.data as { shard?: number } | null)?.shard)) return job;
      throw new Error(`the job ${job.id} is not that of a shard`);
    } catch (error) {
      this.#isDoubtful = true;
      if ((await this.#removeUnreadable(token)) === 0) throw new LeaseError(error);
      await this.ensure();
      return undefined;
    }
  }

  /**
   * Removes the jobs that cannot be read, but for those that another worker holds: it delivers, and
   * should it end they are found then.
   *
   * @param token - Of a lease that is our own.
   * @returns How many there were.
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

  /** Why a job cannot be read; none where it can. */
  async #faultOf(id: string, key: string): Promise<string | undefined> {
    const type = await this.#redis.type(key);
    if (type !== 'hash') return type === 'none' ? 'it has no content' : `it is a ${type}`;
    const fields = await this.#redis.hgetall(key);
    try {
      for (const name of JSON_FIELDS) JSON.parse(fields[name] ?? '{}');
      const { shard } = JSON.parse(fields['data'] ?? '{}') as { shard?: number };
      if (id !== jobId(shard)) return 'it names no shard, or another one';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    const wrong = NUMBER_FIELDS.find((name) => !/^-?\d*$/.test(fields[name] ?? ''));
    return wrong && `its field ${wrong} is no whole number`;
  }

  /** Gives a lease back, so that another process can take it at once. */
  async release(shard: number): Promise<void> {
    const lease = this.#leases.get(shard);
    this.#leases.delete(shard);
    // Where it is over by now there is nothing to give back.
    await lease?.job.moveToWait(lease.token).catch(() => undefined);
  }

  /** Ends it; leases that are still held end by themselves. */
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

/** A job for every shard; one that is there already is left as it is. */
function shardJobs(shards: number) {
  return Array.from({ length: shards }, (_, shard) => ({
    name: 'deliver',
    data: { shard },
    opts: { jobId: jobId(shard), removeOnComplete: true, removeOnFail: true },
  }));
}
