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
/** Jobs that are neither done nor gone: all shards of a cluster. */
const PRESENT = ['wait', 'active', 'delayed', 'prioritized'] as const;

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
  readonly #redis: ReturnType<typeof connectRedis>;
  readonly #queue: Queue;
  readonly #worker: Worker;
  readonly #leases = new Map<number, Lease>();

  /**
   * @param onError - Is told what is wrong with Redis, as often as it is.
   */
  constructor(
    { redisUrl, prefix, shards }: { redisUrl: string; prefix: string; shards: number },
    onError: (error: Error) => void,
  ) {
    this.#shards = shards;
    this.#redis = connectRedis(redisUrl);
    this.#redis.on('error', onError);
    const options = { connection: this.#redis, prefix };
    this.#queue = new Queue(QUEUE, options);
    this.#queue.on('error', onError);
    // Shards are taken one by one as there is room, so the worker's own loop does not run.
    this.#worker = new Worker(QUEUE, null, {
      ...options,
      autorun: false,
      lockDuration: LEASE_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    });
    this.#worker.on('error', onError);
    void this.#worker.startStalledCheckTimer();
  }

  /** The shards whose leases are held, the one held longest first. */
  get held(): readonly number[] {
    return [...this.#leases.keys()];
  }

  /**
   * Makes sure that there is a job for every shard, also after Redis was emptied.
   *
   * @throws LeaseError
   */
  async ensure(): Promise<void> {
    const present = await asked(this.#queue.getJobCountByTypes(...PRESENT));
    if (present < this.#shards) await asked(this.#queue.addBulk(shardJobs(this.#shards)));
  }

  /** Renews all leases, and forgets those that are over. @throws LeaseError */
  async renew(): Promise<void> {
    const held = [...this.#leases];
    if (held.length === 0) return;
    const ids = held.map(([, { job }]) => job.id as string);
    const tokens = held.map(([, { token }]) => token);
    const over = new Set(await asked(this.#worker.extendJobLocks(ids, tokens, LEASE_MS)));
    for (const [shard, { job }] of held) if (over.has(job.id as string)) this.#leases.delete(shard);
  }

  /** Takes the lease of a shard that nobody holds; none if there is none. @throws LeaseError */
  async take(): Promise<number | undefined> {
    const token = randomUUID();
    const job = await asked(this.#worker.getNextJob(token, { block: false }));
    if (!job) return undefined;
    const { shard } = job.data as { shard: number };
    // Left over from a cluster with more shards.
    if (!(shard < this.#shards)) {
      await asked(job.moveToCompleted('no such shard', token, false));
      return undefined;
    }
    this.#leases.set(shard, { job, token });
    return shard;
  }

  /** Gives a lease back, so that another process can take it at once. */
  async giveBack(shard: number): Promise<void> {
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

async function asked<T>(answer: Promise<T>): Promise<T> {
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
    opts: { jobId: `shard-${shard}`, removeOnComplete: true, removeOnFail: true },
  }));
}
