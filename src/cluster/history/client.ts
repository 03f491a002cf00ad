import { randomBytes } from 'node:crypto';
import { FlowProducer, type Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { DatasetError } from '../../dataset/dataset-error.ts';
import { STOPPED } from '../../dataset/generation.ts';
import type { WorkResult } from '../../dataset/workplace.ts';
import { settledWithin } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import { sleep } from '../../runtime/sleep.ts';
import { version } from '../../runtime/version.ts';
import { type HistoryJob, rowsOfResult } from './job.ts';
import { JobStore } from './job-store.ts';
import {
  checkVersions,
  HISTORY,
  historyQueue,
  type QueuedTask,
  TASK_OPTIONS,
  workerVersions,
} from './queue.ts';

/** So often is job how far the work is [ms]. */
const POLL_MS = 300;
/** So long is waited until workers have let go of what is not wanted any more [ms]. */
const RELEASE_MAX_MS = 5000;

/** The last job of an order is kept for so long, to be read by who job. */
const READ = { age: 3600 };

/** What is told of work, and what ends it. */
export interface SubmitOptions {
  readonly onProgress?: (rows: number, allRows: number) => void;
  /** Takes the work back. */
  readonly signal?: AbortSignal;
}

/** Where a cluster is, and what is said of it. */
export interface ClusterContext {
  readonly redis: Redis;
  readonly prefix: string;
  /** What Redis is called in sentences. */
  readonly where: string;
  readonly log: Log;
}

/** The one who asks a cluster for history, and waits until it is there. */
export class HistoryClient {
  readonly #place: ClusterContext;
  readonly #queue: Queue<QueuedTask>;
  readonly #flows: FlowProducer;
  readonly #jobs: JobStore;

  constructor(place: ClusterContext) {
    const { redis, prefix } = place;
    this.#place = place;
    this.#queue = historyQueue(redis, prefix);
    this.#flows = new FlowProducer({ connection: redis, prefix });
    this.#jobs = new JobStore(redis, prefix);
    // The connection is the place's, which says what becomes of it.
    this.#queue.on('error', () => undefined);
    this.#flows.on('error', () => undefined);
  }

  /** Whether workers of this version are there. */
  async hasWorkers(): Promise<boolean> {
    return (await workerVersions(this.#queue)).includes(version);
  }

  /**
   * Has work done, or joins whoever has the same done already. Where Redis loses the jobs, those
   * that are left are put again.
   *
   * @returns What the last job gave.
   * @throws DatasetError where it cannot be done, or was taken back; ClusterError where the workers
   *   are of another version.
   */
  async submit(job: HistoryJob, options: SubmitOptions = {}): Promise<WorkResult> {
    const { redis, where, log } = this.#place;
    checkVersions(await workerVersions(this.#queue), where);
    const ended = new AbortController();
    const work = this.#done(job, options, ended.signal);
    try {
      return await Promise.race([work, stopped(options.signal, ended.signal)]);
    } catch (error) {
      ended.abort();
      const cancelled = work
        .catch(() => undefined)
        .then(() => this.#cancel(job))
        .catch(({ message }) => log.warn({ reason: message }, 'not all of it was taken back'));
      await settledWithin(cancelled, redis.status === 'ready' ? 2 * RELEASE_MAX_MS : 0);
      throw error;
    } finally {
      ended.abort();
    }
  }

  async close(): Promise<void> {
    await this.#flows.close();
    await this.#queue.close();
  }

  async #done(job: HistoryJob, options: SubmitOptions, ended: AbortSignal): Promise<WorkResult> {
    const { log, where } = this.#place;
    for (;;) {
      const versions = await workerVersions(this.#queue);
      if (ended.aborted) throw new DatasetError(STOPPED);
      if (versions.length === 0)
        log.warn({}, 'no worker is there yet; enms-simulator worker starts one');
      const flow = (await this.#runningFlow(job)) ?? (await this.#put(job));
      const result = await this.#follow(job, flow, options, ended);
      if (result) return result;
      if (!ended.aborted) log.warn({}, `${where} has lost the jobs; what is left is put again`);
    }
  }

  /** The flow that another one waits for. */
  async #runningFlow({ id }: HistoryJob): Promise<string | undefined> {
    const { flow } = await this.#jobs.state(id);
    const state = flow === undefined ? 'unknown' : await this.#queue.getJobState(flow);
    return /^(unknown|failed|completed)$/.test(state) ? undefined : flow;
  }

  async #put(job: HistoryJob): Promise<string> {
    const { id, work, fleetDigest, taskCount } = job;
    const { tasks, results } = job.begin();
    const flow = `${id}-${randomBytes(4).toString('hex')}`;
    await this.#jobs.put(id, { flow, version, fleetDigest, taskCount }, work, results);
    await this.#flows.add({
      name: 'finish',
      queueName: HISTORY,
      data: { order: id, flow } satisfies QueuedTask,
      opts: { ...TASK_OPTIONS, jobId: flow, removeOnComplete: READ, removeOnFail: READ },
      children: tasks.map((index) => ({
        name: 'task',
        queueName: HISTORY,
        data: { order: id, flow, index } satisfies QueuedTask,
        opts: { ...TASK_OPTIONS, jobId: `${flow}-${index}`, failParentOnFailure: true },
      })),
    });
    return flow;
  }

  /** Waits for the end; undefined where Redis has lost it. */
  async #follow(
    job: HistoryJob,
    flow: string,
    { onProgress }: SubmitOptions,
    ended: AbortSignal,
  ): Promise<WorkResult | undefined> {
    const { id, allRows } = job;
    const { log } = this.#place;
    const made = new Map<number, number>();
    let said: string | undefined;
    for (let seen = 0; ; ) {
      const state = await this.#jobs.state(id);
      if (ended.aborted || state.flow !== flow) return undefined;
      const results = await this.#jobs.results(id, seen);
      seen += results.length;
      job.record(results.filter(([index]) => !made.has(index)).map(([, result]) => result));
      for (const [index, result] of results) made.set(index, rowsOfResult(result));
      const rows = new Map([...(await this.#jobs.rows(id)), ...made]);
      onProgress?.(
        [...rows.values()].reduce((sum, each) => sum + each, 0),
        allRows,
      );
      if (state.error !== undefined) throw new DatasetError(state.error);
      if (state.trouble !== said) log.warn({}, `${state.trouble}; it is tried again`);
      said = state.trouble;
      const finish = await this.#queue.getJob(flow);
      if (!finish) return undefined;
      const phase = await finish.getState();
      if (phase === 'completed') return this.#taken(id, flow, finish.returnvalue as WorkResult);
      if (phase === 'failed') throw new DatasetError(said ?? finish.failedReason);
      await this.#jobs.keep(id);
      await sleep(POLL_MS, ended);
    }
  }
  async #taken(id: string, flow: string, result: WorkResult): Promise<WorkResult> {
    await this.#jobs.remove(id);
    await this.#queue.remove(flow);
    return result;
  }

  /** Takes the jobs that wait, and waits until workers have seen that the others are not wanted. */
  async #cancel(job: HistoryJob): Promise<void> {
    const { flow } = await this.#jobs.state(job.id);
    if (flow === undefined) return;
    const finish = await this.#queue.getJob(flow);
    await finish?.removeUnprocessedChildren();
    await this.#jobs.remove(job.id);
    const untilMs = performance.now() + RELEASE_MAX_MS;
    while (performance.now() < untilMs) {
      const active = await this.#queue.getActive();
      if (!active.some(({ data }) => data.flow === flow)) break;
      await sleep(POLL_MS);
    }
    // Its last job may just be held by a worker, which then drops it.
    await this.#queue.remove(flow).catch(() => undefined);
    job.stop();
  }
}

/** @throws DatasetError when a signal is aborted, unless there was an end before. */
function stopped(signal: AbortSignal | undefined, ended: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new DatasetError(STOPPED));
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { signal: ended });
  });
}
