import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import { isNotConnectionError, type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import pg from 'pg';
import { DatasetError } from '../../dataset/dataset-error.ts';
import { isBegun } from '../../dataset/manifest.ts';
import { OtherFleetError } from '../../dataset/worker-process.ts';
import type { Order, Work, WorkResult } from '../../dataset/workplace.ts';
import type { DatabaseServer } from '../../outputs/postgres/server.ts';
import { settingsOf } from '../../outputs/postgres/url.ts';
import { rejectedOn } from '../../runtime/deadline.ts';
import { sleep } from '../../runtime/sleep.ts';
import { version } from '../../runtime/version.ts';
import { ClusterError } from '../connection.ts';
import type { ClusterContext } from './client.ts';
import { rowsOfResult } from './job.ts';
import { type JobHeader, JobStore } from './job-store.ts';
import {
  checkVersions,
  HISTORY,
  historyQueue,
  LOCK_MS,
  type QueuedTask,
  STALLED_MAX,
  STALLED_MS,
  workerVersions,
} from './queue.ts';
import { WorkerPool } from './worker-pool.ts';

/** How often to report the progress of a task, and to check that it is still wanted [ms]. */
const REPORT_MS = 500;
/** How long to wait before retrying a failed connection [ms]. */
const RETRY_MS = 1000;
/** How long one blocking wait for a task lasts [s]. */
const WAIT_S = 2;

/** Options of a host that works for a cluster. */
export interface HistoryWorkerOptions extends ClusterContext {
  /** Tasks to run at the same time, each in its own process. */
  readonly concurrency: number;
  /** The database that this host is configured for. */
  readonly server: DatabaseServer | undefined;
  /** Stops the worker. Unfinished tasks go back to the queue. */
  readonly signal: AbortSignal;
}

type HistoryTask = Job<QueuedTask>;

/**
 * Runs history tasks for a cluster until stopped.
 *
 * @throws ClusterError if its version differs from the cluster's, or it computes different
 *   machines.
 */
export async function workOnHistory(options: HistoryWorkerOptions): Promise<void> {
  const queue = historyQueue(options.redis, options.prefix);
  queue.on('error', () => undefined);
  checkVersions(await workerVersions(queue), options.where);
  await queue.close();
  await new HistoryWorker(options).run();
}

/**
 * Why a task is interrupted: the host is stopping, another worker has the lock, or the job was
 * cancelled.
 */
type Why = 'drained' | 'lost' | 'unwanted';

class Interrupted extends Error {
  readonly why: Why;

  constructor(why: Why) {
    super(why);
    this.why = why;
  }
}

/** What BullMQ reports about a task that another worker has taken over, or that Redis has lost. */
const LOST = /^(Missing (key|lock)|Lock mismatch|could not renew lock|Job \S+ is not in the)/;

const UNWANTED = 'cancelled';
const MISMATCH = 'this worker stops: a job of the cluster';

class HistoryWorker {
  readonly #options: HistoryWorkerOptions;
  readonly #jobs: JobStore;
  readonly #pool = new WorkerPool();
  readonly #draining = new AbortController();
  readonly #logged = new Map<string, string>();
  #worker: Worker<QueuedTask> | undefined;
  #refusal: ClusterError | undefined;

  constructor(options: HistoryWorkerOptions) {
    this.#options = options;
    this.#jobs = new JobStore(options.redis, options.prefix);
    // One listener per task, which may exceed Node's default limit.
    setMaxListeners(options.concurrency, this.#draining.signal);
  }

  async run(): Promise<void> {
    const { redis, prefix, where, concurrency, signal, log } = this.#options;
    const worker = new Worker<QueuedTask>(
      HISTORY,
      (job, token, lost) => this.#process(job, token as string, lost as AbortSignal),
      {
        connection: redis,
        prefix,
        concurrency,
        name: version,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_MS,
        maxStalledCount: STALLED_MAX,
        runRetryDelay: RETRY_MS,
        drainDelay: WAIT_S,
      },
    );
    this.#worker = worker;
    worker.on('lockRenewalFailed', (ids: string[]) => {
      for (const id of ids) worker.cancelJob(id);
    });
    worker.on('stalled', (id) => log.warn({ job: id }, 'took over a task whose worker is gone'));
    worker.on('error', (error) => this.#onError(error));
    const closed = new Promise((resolve) => worker.once('closed', () => resolve(undefined)));
    const drain = () => this.#drain();
    if (signal.aborted) drain();
    signal.addEventListener('abort', drain, { once: true });
    await worker.waitUntilReady();
    log.info({ version, redis: where, prefix, concurrency }, 'working on history jobs');
    await closed;
    await this.#pool.end();
    if (this.#refusal) throw this.#refusal;
  }

  /**
   * Logs a command that Redis rejects, once. Lost connections and tasks are reported elsewhere.
   */
  #onError(error: Error): void {
    if (!isNotConnectionError(error) || LOST.test(error.message)) return;
    this.#logOnce('Redis', error.message);
  }

  #logOnce(about: string, message: string): void {
    if (this.#logged.get(about) !== message)
      this.#options.log.warn({ reason: message }, 'cannot run a task');
    this.#logged.set(about, message);
  }

  /** Takes no more tasks and returns the current ones to the queue. */
  #drain(): void {
    void this.#worker?.close();
    this.#draining.abort();
  }

  async #process(job: HistoryTask, token: string, lost: AbortSignal): Promise<WorkResult | null> {
    const { order: id, flow, index } = job.data;
    const head = await this.#jobs.head(id);
    const { error } = await this.#jobs.state(id);
    if (head?.flow !== flow || error !== undefined) throw new UnrecoverableError(UNWANTED);
    try {
      if (head.version !== version)
        throw new ClusterError(`${MISMATCH} needs version ${head.version}, this is ${version}`);
      if (index === undefined) return await this.#finish(job, head, lost);
      const result = await this.#runWork(job, head, { kind: 'task', index }, lost);
      await this.#jobs.addResult(id, [index, result]);
      return null;
    } catch (failure) {
      throw await this.#errorFor(job, token, failure);
    }
  }

  async #finish(job: HistoryTask, head: JobHeader, lost: AbortSignal): Promise<WorkResult> {
    const results = new Map(await this.#jobs.results(job.data.order, 0));
    if (results.size < head.taskCount) throw new DatasetError('Redis lacks some results');
    const all = [...results.values()];
    if (all.some(({ kind }) => kind === 'stored'))
      return { kind: 'stored', rows: all.reduce((sum, each) => sum + rowsOfResult(each), 0) };
    const files = all.flatMap((each) => (each.kind === 'files' ? each.files : []));
    const truths = all.flatMap((each) => (each.kind === 'truths' ? each.truths : []));
    return this.#runWork(job, head, { kind: 'finish', files, truths }, lost);
  }

  /**
   * Runs a task in a process.
   *
   * @throws Interrupted if the task must not continue, on this host or at all.
   */
  async #runWork(
    job: HistoryTask,
    head: JobHeader,
    work: Work,
    lost: AbortSignal,
  ): Promise<WorkResult> {
    const { flow } = job.data;
    const worker = await this.#pool.take(flow, () => this.#processOrder(job.data, head));
    const end = new AbortController();
    let rows = 0;
    try {
      const onRows = (more: number) => {
        rows += more;
      };
      return await Promise.race([
        worker.do(work, onRows),
        rejectedOn(this.#draining.signal, new Interrupted('drained'), end.signal),
        rejectedOn(lost, new Interrupted('lost'), end.signal),
        this.#monitor(job.data, () => rows, end.signal),
      ]);
    } finally {
      end.abort();
      // Stop a cancelled task before another one starts.
      if (worker.isFree) this.#pool.release(flow, worker);
      else await worker.end();
    }
  }

  /** What a process needs to know about a job. */
  async #processOrder(
    { order: id, index }: QueuedTask,
    { fleetDigest }: JobHeader,
  ): Promise<Order> {
    const work = await this.#jobs.work(id);
    if (!work) throw new Interrupted('unwanted');
    if (work.kind === 'database') {
      const { kind, request, url } = work;
      return { kind, request, server: loginOf(url, this.#options.server), fleetDigest };
    }
    if (index !== undefined && !isBegun(work.folder))
      throw new DatasetError(
        `${work.folder} is not the submitter's folder; do the computers share it?`,
      );
    return { ...work, fleetDigest };
  }

  /** Reports progress regularly. Rejects once the job is cancelled. */
  async #monitor(
    { order: id, flow, index }: QueuedTask,
    rows: () => number,
    ended: AbortSignal,
  ): Promise<never> {
    for (;;) {
      await sleep(REPORT_MS, ended);
      if (ended.aborted) return new Promise(() => {});
      const state =
        index === undefined
          ? await this.#jobs.state(id)
          : await this.#jobs.report(id, index, rows());
      if (state.flow !== flow || state.error !== undefined) throw new Interrupted('unwanted');
    }
  }

  /** The error to give to BullMQ for a failed task. Also records it in the job store. */
  async #errorFor(job: HistoryTask, token: string, failure: unknown): Promise<Error> {
    const why = failure instanceof Interrupted ? failure.why : undefined;
    if (why === 'lost' || why === 'unwanted') return new UnrecoverableError(UNWANTED);
    if (failure instanceof OtherFleetError)
      this.#refusal = new ClusterError(`${MISMATCH} has machines that differ here`);
    if (failure instanceof ClusterError) this.#refusal = failure;
    if (this.#refusal) this.#drain();
    if (this.#refusal || why === 'drained') {
      await job.moveToWait(token);
      return new WaitingError();
    }
    const { order: id } = job.data;
    const isOurs = !(failure instanceof DatasetError);
    const { message } = failure as Error;
    const isLast = isOurs || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    if (isOurs) this.#options.log.warn({ err: failure }, 'a task failed');
    else this.#logOnce(id, message);
    await this.#jobs.note(id, isLast ? 'error' : 'trouble', `${message} (at ${hostname()})`);
    return isOurs ? new UnrecoverableError(message) : (failure as Error);
  }
}

/**
 * How a worker reaches the database of a job, whose URL has no password. If it is the worker's own
 * database, its own settings apply; otherwise the password comes from PGPASSWORD.
 */
export function loginOf(url: string, own: DatabaseServer | undefined): pg.ClientConfig {
  if (!own) return { connectionString: url };
  const [asked, configured] = [{ connectionString: url }, own].map(
    (each) => new pg.Client(settingsOf(each)),
  );
  const isSame = (['host', 'port', 'database'] as const).every(
    (key) => asked?.[key] === configured?.[key],
  );
  return isSame ? own : { connectionString: url };
}
