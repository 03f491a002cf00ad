import { type JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { version } from '../../runtime/version.ts';
import { ClusterError } from '../connection.ts';

/** The name of the history queue, below the cluster's prefix. */
export const HISTORY = 'history';

/**
 * A worker that does not renew its lock within this time loses the task [ms]. It renews twice as
 * often.
 */
export const LOCK_MS = 5000;
/** How often to look for tasks whose worker is gone [ms]. */
export const STALLED_MS = 1000;
/** A task that has lost its worker this often is probably what kills the workers. */
export const STALLED_MAX = 20;

/**
 * An entry of the queue: a task of a job or, without an index, the step that completes the job.
 */
export interface QueuedTask {
  readonly order: string;
  /** Identifies one queueing of the job: a job that is queued again gets another flow. */
  readonly flow: string;
  readonly index?: number;
}

/**
 * How tasks are retried. Redis keeps none of them afterwards: the results are in the job store.
 */
export const TASK_OPTIONS: JobsOptions = {
  // 1, 2, 4 s: time for a full disk, or for a folder that does not exist yet.
  attempts: 4,
  backoff: { type: 'exponential', delay: 1000 },
  removeOnComplete: true,
  removeOnFail: true,
};

/** Opens the history queue of a cluster. */
export function historyQueue(redis: Redis, prefix: string): Queue<QueuedTask> {
  return new Queue(HISTORY, { connection: redis, prefix });
}

/** The versions of the connected workers, without repeats, from the client names in Redis. */
export async function workerVersions(queue: Queue<QueuedTask>): Promise<readonly string[]> {
  const names = (await queue.getWorkers()).map(({ rawname = '' }) => rawname);
  return [...new Set(names.flatMap((name) => name.split(':w:')[1] ?? []))];
}

/** @throws ClusterError if there are workers, but none of this version. */
export function checkVersions(versions: readonly string[], where: string): void {
  const others = versions.filter((each) => each !== version);
  if (others.length > 0 && !versions.includes(version))
    throw new ClusterError(
      `the workers at ${where} run version ${others.join(', ')}, this is ${version}: ` +
        'stop them first, or set another CLUSTER_PREFIX',
    );
}
