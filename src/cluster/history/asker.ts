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
import { type AskedWork, rowsOfResult } from './asked-work.ts';
import { Orders } from './orders.ts';
import {
  checkVersions,
  HISTORY,
  type HistoryJob,
  historyQueue,
  JOB_OPTIONS,
  workerVersions,
} from './queue.ts';

/** So often is asked how far the work is [ms]. */
const LOOK_MS = 300;
/** So long is waited until workers have let go of what is not wanted any more [ms]. */
const LETTING_GO_MS = 5000;

/** The last job of an order is kept for so long, to be read by who asked. */
const READ = { age: 3600 };

/** What is told of work, and what ends it. */
export interface AskOptions {
  readonly onProgress?: (rows: number, allRows: number) => void;
  /** Takes the work back. */
  readonly signal?: AbortSignal;
}

/** Where a cluster is, and what is said of it. */
export interface ClusterPlace {
  readonly redis: Redis;
  readonly prefix: string;
  /** What Redis is called in sentences. */
  readonly where: string;
  readonly log: Log;
}

/** The one who asks a cluster for history, and waits until it is there. */
export class HistoryAsker {
  readonly #place: ClusterPlace;
  readonly #queue: Queue<HistoryJob>;
  readonly #flows: FlowProducer;
  readonly #orders: Orders;

  constructor(place: ClusterPlace) {
    const { redis, prefix } = place;
    this.#place = place;
    this.#queue = historyQueue(redis, prefix);
    this.#flows = new FlowProducer({ connection: redis, prefix });
    this.#orders = new Orders(redis, prefix);
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
  async ask(asked: AskedWork, options: AskOptions = {}): Promise<WorkResult> {
    const { redis, where, log } = this.#place;
    checkVersions(await workerVersions(this.#queue), where);
    const ended = new AbortController();
    const work = this.#done(asked, options, ended.signal);
    try {
      return await Promise.race([work, stopped(options.signal, ended.signal)]);
    } catch (error) {
      ended.abort();
      const takenBack = work
        .catch(() => undefined)
        .then(() => this.#takeBack(asked))
        .catch(({ message }) => log.warn({ reason: message }, 'not all of it was taken back'));
      await settledWithin(takenBack, redis.status === 'ready' ? 2 * LETTING_GO_MS : 0);
      throw error;
    } finally {
      ended.abort();
    }
  }

  async close(): Promise<void> {
    await this.#flows.close();
    await this.#queue.close();
  }

  async #done(asked: AskedWork, options: AskOptions, ended: AbortSignal): Promise<WorkResult> {
    const { log, where } = this.#place;
    for (;;) {
      const versions = await workerVersions(this.#queue);
      if (ended.aborted) throw new DatasetError(STOPPED);
      if (versions.length === 0)
        log.warn({}, 'no worker is there yet; enms-simulator worker starts one');
      const flow = (await this.#underWay(asked)) ?? (await this.#put(asked));
      const result = await this.#follow(asked, flow, options, ended);
      if (result) return result;
      if (!ended.aborted) log.warn({}, `${where} has lost the jobs; what is left is put again`);
    }
  }

  /** The flow that another one waits for. */
  async #underWay({ id }: AskedWork): Promise<string | undefined> {
    const { flow } = await this.#orders.state(id);
    const state = flow === undefined ? 'unknown' : await this.#queue.getJobState(flow);
    return /^(unknown|failed|completed)$/.test(state) ? undefined : flow;
  }

  async #put(asked: AskedWork): Promise<string> {
    const { id, work, fleetDigest, taskCount } = asked;
    const { tasks, results } = asked.begin();
    const flow = `${id}-${randomBytes(4).toString('hex')}`;
    await this.#orders.put(id, { flow, version, fleetDigest, taskCount }, work, results);
    await this.#flows.add({
      name: 'finish',
      queueName: HISTORY,
      data: { order: id, flow } satisfies HistoryJob,
      opts: { ...JOB_OPTIONS, jobId: flow, removeOnComplete: READ, removeOnFail: READ },
      children: tasks.map((index) => ({
        name: 'task',
        queueName: HISTORY,
        data: { order: id, flow, index } satisfies HistoryJob,
        opts: { ...JOB_OPTIONS, jobId: `${flow}-${index}`, failParentOnFailure: true },
      })),
    });
    return flow;
  }

  /** Waits for the end; undefined where Redis has lost it. */
  async #follow(
    asked: AskedWork,
    flow: string,
    { onProgress }: AskOptions,
    ended: AbortSignal,
  ): Promise<WorkResult | undefined> {
    const { id, allRows } = asked;
    const { log } = this.#place;
    const made = new Map<number, number>();
    let said: string | undefined;
    for (let seen = 0; ; ) {
      const state = await this.#orders.state(id);
      if (ended.aborted || state.flow !== flow) return undefined;
      const results = await this.#orders.results(id, seen);
      seen += results.length;
      asked.record(results.filter(([index]) => !made.has(index)).map(([, result]) => result));
      for (const [index, result] of results) made.set(index, rowsOfResult(result));
      const rows = new Map([...(await this.#orders.rows(id)), ...made]);
      onProgress?.(
        [...rows.values()].reduce((sum, each) => sum + each, 0),
        allRows,
      );
      if (state.error !== undefined) throw new DatasetError(state.error);
      if (state.trouble !== said) log.warn({}, `${state.trouble}; it is tried again`);
      said = state.trouble;
      const job = await this.#queue.getJob(flow);
      if (!job) return undefined;
      const phase = await job.getState();
      if (phase === 'completed') return this.#taken(id, flow, job.returnvalue as WorkResult);
      if (phase === 'failed') throw new DatasetError(said ?? job.failedReason);
      await this.#orders.keep(id);
      await sleep(LOOK_MS, ended);
    }
  }
  async #taken(id: string, flow: string, result: WorkResult): Promise<WorkResult> {
    await this.#orders.remove(id);
    await this.#queue.remove(flow);
    return result;
  }

  /** Takes the jobs that wait, and waits until workers have seen that the others are not wanted. */
  async #takeBack(asked: AskedWork): Promise<void> {
    const { flow } = await this.#orders.state(asked.id);
    if (flow === undefined) return;
    const job = await this.#queue.getJob(flow);
    await job?.removeUnprocessedChildren();
    await this.#orders.remove(asked.id);
    const untilMs = performance.now() + LETTING_GO_MS;
    while (performance.now() < untilMs) {
      const active = await this.#queue.getActive();
      if (!active.some(({ data }) => data.flow === flow)) break;
      await sleep(LOOK_MS);
    }
    // Its last job may just be held by a worker, which then drops it.
    await this.#queue.remove(flow).catch(() => undefined);
    asked.stop();
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
