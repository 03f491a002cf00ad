import { type JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { version } from '../../runtime/version.ts';
import { ClusterError } from '../connection.ts';

/** The name of the queue of history below a cluster's prefix. */
export const HISTORY = 'history';

/** A worker that says nothing for so long has lost its job [ms]; it says so twice as often. */
export const LOCK_MS = 5000;
/** So often is looked for jobs whose worker has lost them [ms]. */
export const STALLED_MS = 1000;
/** A job that its worker is lost with so often is likely what ends them. */
export const STALLED_MAX = 20;

/** What a job is: a task of an order, or, without an index, what makes the order whole. */
export interface QueuedTask {
  readonly order: string;
  /** The flow of jobs that the order was put as; an order that was put again has another one. */
  readonly flow: string;
  readonly index?: number;
}

/** How each job is tried, and what is kept of it: results lie with the order. */
export const TASK_OPTIONS: JobsOptions = {
  // A full disk or a folder that is not there yet: 1, 2, 4 s.
  attempts: 4,
  backoff: { type: 'exponential', delay: 1000 },
  removeOnComplete: true,
  removeOnFail: true,
};

/** Opens the queue of a cluster. */
export function historyQueue(redis: Redis, prefix: string): Queue<QueuedTask> {
  return new Queue(HISTORY, { connection: redis, prefix });
}

/** The versions of the workers that are there, each once, as Redis knows its clients. */
export async function workerVersions(queue: Queue<QueuedTask>): Promise<readonly string[]> {
  const names = (await queue.getWorkers()).map(({ rawname = '' }) => rawname);
  return [...new Set(names.flatMap((name) => name.split(':w:')[1] ?? []))];
}

/** @throws ClusterError where workers are there, and all of them are of other versions. */
export function checkVersions(versions: readonly string[], where: string): void {
  const others = versions.filter((each) => each !== version);
  if (others.length > 0 && !versions.includes(version))
    throw new ClusterError(
      `the workers at ${where} are of version ${others.join(', ')}, this is ${version}: ` +
        'end them first, or set another CLUSTER_PREFIX',
    );
}
