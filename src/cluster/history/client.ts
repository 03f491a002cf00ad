import { randomBytes } from 'node:crypto';
import { FlowProducer, type Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { DatasetError } from '../../dataset/dataset-error.ts';
import { STOPPED } from '../../dataset/generation.ts';
import type { WorkResult } from '../../dataset/workplace.ts';
import { rejectedOn, settledWithin } from '../../runtime/deadline.ts';
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

/** How often to poll the progress of a job [ms]. */
const POLL_MS = 300;
/** How long to wait until workers have dropped the tasks of a cancelled job [ms]. */
const RELEASE_MAX_MS = 5000;

/** How long Redis keeps the last task of a job, so that the submitter can read its result [s]. */
const KEEP_LAST = { age: 3600 };

/** Progress and cancellation of a submitted job. */
export interface SubmitOptions {
  readonly onProgress?: (rows: number, allRows: number) => void;
  /** Cancels the job. */
  readonly signal?: AbortSignal;
}

/** The Redis server of a cluster, and where to log. */
export interface ClusterContext {
  readonly redis: Redis;
  readonly prefix: string;
  /** The name of the server in messages. */
  readonly where: string;
  readonly log: Log;
}

/** Submits history jobs to a cluster and waits for their results. */
export class HistoryClient {
  readonly #context: ClusterContext;
  readonly #queue: Queue<QueuedTask>;
  readonly #flows: FlowProducer;
  readonly #jobs: JobStore;

  constructor(context: ClusterContext) {
    const { redis, prefix } = context;
    this.#context = context;
    this.#queue = historyQueue(redis, prefix);
    this.#flows = new FlowProducer({ connection: redis, prefix });
    this.#jobs = new JobStore(redis, prefix);
    // The owner of the connection reports its errors.
    this.#queue.on('error', () => undefined);
    this.#flows.on('error', () => undefined);
  }

  /** Whether any worker of this version is connected. */
  async hasWorkers(): Promise<boolean> {
    return (await workerVersions(this.#queue)).includes(version);
  }

  /**
   * Runs a job on the cluster, or joins it if the same job is already running. If Redis loses the
   * tasks, the remaining ones are queued again.
   *
   * @returns The result of the last task.
   * @throws DatasetError if the job fails or is cancelled; ClusterError if all workers run another
   *   version.
   */
  async submit(job: HistoryJob, options: SubmitOptions = {}): Promise<WorkResult> {
    const { redis, where, log } = this.#context;
    checkVersions(await workerVersions(this.#queue), where);
    const ended = new AbortController();
    const work = this.#run(job, options, ended.signal);
    try {
      return await Promise.race([
        work,
        rejectedOn(options.signal, new DatasetError(STOPPED), ended.signal),
      ]);
    } catch (error) {
      ended.abort();
      const cancelled = work
        .catch(() => undefined)
        .then(() => this.#cancel(job))
        .catch(({ message }) => log.warn({ reason: message }, 'the job was not fully cancelled'));
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

  async #run(job: HistoryJob, options: SubmitOptions, ended: AbortSignal): Promise<WorkResult> {
    const { log, where } = this.#context;
    for (;;) {
      const versions = await workerVersions(this.#queue);
      if (ended.aborted) throw new DatasetError(STOPPED);
      if (versions.length === 0)
        log.warn({}, 'no worker is connected yet; start one with enms-simulator worker');
      const flow = (await this.#runningFlow(job)) ?? (await this.#put(job));
      const result = await this.#follow(job, flow, options, ended);
      if (result) return result;
      if (!ended.aborted)
        log.warn({}, `${where} has lost the tasks; queueing the remaining ones again`);
    }
  }

  /** The flow of the same job, if another submitter has already queued it. */
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
      opts: { ...TASK_OPTIONS, jobId: flow, removeOnComplete: KEEP_LAST, removeOnFail: KEEP_LAST },
      children: tasks.map((index) => ({
        name: 'task',
        queueName: HISTORY,
        data: { order: id, flow, index } satisfies QueuedTask,
        opts: { ...TASK_OPTIONS, jobId: `${flow}-${index}`, failParentOnFailure: true },
      })),
    });
    return flow;
  }

  /** Waits for the job to end. Undefined if Redis has lost it. */
  async #follow(
    job: HistoryJob,
    flow: string,
    { onProgress }: SubmitOptions,
    ended: AbortSignal,
  ): Promise<WorkResult | undefined> {
    const { id, allRows } = job;
    const { log } = this.#context;
    const doneRows = new Map<number, number>();
    let reported: string | undefined;
    for (let seen = 0; ; ) {
      const state = await this.#jobs.state(id);
      if (ended.aborted || state.flow !== flow) return undefined;
      const results = await this.#jobs.results(id, seen);
      seen += results.length;
      job.record(results.filter(([index]) => !doneRows.has(index)).map(([, result]) => result));
      for (const [index, result] of results) doneRows.set(index, rowsOfResult(result));
      const rows = new Map([...(await this.#jobs.rows(id)), ...doneRows]);
      onProgress?.(
        [...rows.values()].reduce((sum, each) => sum + each, 0),
        allRows,
      );
      if (state.error !== undefined) throw new DatasetError(state.error);
      if (state.trouble !== reported) log.warn({}, `${state.trouble}; trying again`);
      reported = state.trouble;
      const finish = await this.#queue.getJob(flow);
      if (!finish) return undefined;
      const phase = await finish.getState();
      if (phase === 'completed') return this.#collect(id, flow, finish.returnvalue as WorkResult);
      if (phase === 'failed') throw new DatasetError(reported ?? finish.failedReason);
      await this.#jobs.keep(id);
      await sleep(POLL_MS, ended);
    }
  }

  async #collect(id: string, flow: string, result: WorkResult): Promise<WorkResult> {
    await this.#jobs.remove(id);
    await this.#queue.remove(flow);
    return result;
  }

  /**
   * Removes the waiting tasks, then waits until workers have noticed that the active ones are
   * cancelled.
   */
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
    // A worker may hold the last task at this moment; it drops the task itself.
    await this.#queue.remove(flow).catch(() => undefined);
    job.stop();
  }
}
