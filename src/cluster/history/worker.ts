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

/** So often is said how far a task is, and asked whether it is still wanted [ms]. */
const REPORT_MS = 500;
/** A connection that failed is tried again after this [ms]. */
const RETRY_MS = 1000;
/** Jobs are waited for so long at a time [s]. */
const WAIT_S = 2;

/** How a host works for a cluster. */
export interface HistoryWorkerOptions extends ClusterContext {
  /** Tasks at a time, each in a process of its own. */
  readonly concurrency: number;
  /** The database that the host is configured for. */
  readonly server: DatabaseServer | undefined;
  /** Ends it: what it has begun is given back. */
  readonly signal: AbortSignal;
}

type HistoryTask = Job<QueuedTask>;

/**
 * Does tasks of history for a cluster until it is told to end.
 *
 * @throws ClusterError where it is of another version than the cluster, or computes other machines.
 */
export async function workOnHistory(options: HistoryWorkerOptions): Promise<void> {
  const queue = historyQueue(options.redis, options.prefix);
  queue.on('error', () => undefined);
  checkVersions(await workerVersions(queue), options.where);
  await queue.close();
  await new HistoryWorker(options).run();
}

/** Why a task is interrupted: its host ends, its lock is another's, its order is gone. */
type Why = 'drained' | 'lost' | 'unwanted';

class Interrupted extends Error {
  readonly why: Why;

  constructor(why: Why) {
    super(why);
    this.why = why;
  }
}

/** What BullMQ says of a job that is another worker's meanwhile, or that Redis has lost. */
const LOST = /^(Missing (key|lock)|Lock mismatch|could not renew lock|Job \S+ is not in the)/;

const UNWANTED = 'not wanted any more';
const ORDER = 'this worker ends, since an order of the cluster';

class HistoryWorker {
  readonly #options: HistoryWorkerOptions;
  readonly #jobs: JobStore;
  readonly #pool = new WorkerPool();
  readonly #draining = new AbortController();
  readonly #said = new Map<string, string>();
  #worker: Worker<QueuedTask> | undefined;
  #refusal: ClusterError | undefined;

  constructor(options: HistoryWorkerOptions) {
    this.#options = options;
    this.#jobs = new JobStore(options.redis, options.prefix);
    // One a task, of which there may be more than Node takes for usual.
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
    worker.on('stalled', (id) => log.warn({ job: id }, 'took over a job whose worker is gone'));
    worker.on('error', (error) => this.#failure(error));
    const closed = new Promise((resolve) => worker.once('closed', () => resolve(undefined)));
    const drain = () => this.#drain();
    if (signal.aborted) drain();
    signal.addEventListener('abort', drain, { once: true });
    await worker.waitUntilReady();
    log.info({ version, redis: where, prefix, concurrency }, 'working on history');
    await closed;
    await this.#pool.end();
    if (this.#refusal) throw this.#refusal;
  }

  /** Says once what Redis does not take; of connections and jobs that are lost others tell. */
  #failure(error: Error): void {
    if (!isNotConnectionError(error) || LOST.test(error.message)) return;
    this.#sayOnce('Redis', error.message);
  }

  #sayOnce(about: string, message: string): void {
    if (this.#said.get(about) !== message)
      this.#options.log.warn({ reason: message }, 'cannot do a task');
    this.#said.set(about, message);
  }

  /** Takes no more jobs, and gives back those that it has. */
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
        throw new ClusterError(`${ORDER} is of version ${head.version}, this is ${version}`);
      if (index === undefined) return await this.#finish(job, head, lost);
      const result = await this.#done(job, head, { kind: 'task', index }, lost);
      await this.#jobs.addResult(id, [index, result]);
      return null;
    } catch (failure) {
      throw await this.#consequence(job, token, failure);
    }
  }

  async #finish(job: HistoryTask, head: JobHeader, lost: AbortSignal): Promise<WorkResult> {
    const results = new Map(await this.#jobs.results(job.data.order, 0));
    if (results.size < head.taskCount) throw new DatasetError('results are missing in Redis');
    const all = [...results.values()];
    if (all.some(({ kind }) => kind === 'stored'))
      return { kind: 'stored', rows: all.reduce((sum, each) => sum + rowsOfResult(each), 0) };
    const files = all.flatMap((each) => (each.kind === 'files' ? each.files : []));
    const truths = all.flatMap((each) => (each.kind === 'truths' ? each.truths : []));
    return this.#done(job, head, { kind: 'finish', files, truths }, lost);
  }

  /**
   * Has work done in a process.
   *
   * @throws Interrupted where it is not to be done any more, here or at all.
   */
  async #done(
    job: HistoryTask,
    head: JobHeader,
    work: Work,
    lost: AbortSignal,
  ): Promise<WorkResult> {
    const { flow } = job.data;
    const worker = await this.#pool.take(flow, () => this.#order(job.data, head));
    const end = new AbortController();
    let rows = 0;
    try {
      const onRows = (more: number) => {
        rows += more;
      };
      return await Promise.race([
        worker.do(work, onRows),
        interruption(this.#draining.signal, 'drained', end.signal),
        interruption(lost, 'lost', end.signal),
        this.#watched(job.data, () => rows, end.signal),
      ]);
    } finally {
      end.abort();
      // Before anybody else begins, what is not wanted any more has stopped.
      if (worker.isFree) this.#pool.give(flow, worker);
      else await worker.end();
    }
  }

  /** What a process is to know of an order. */
  async #order({ order: id, index }: QueuedTask, { fleetDigest }: JobHeader): Promise<Order> {
    const work = await this.#jobs.work(id);
    if (!work) throw new Interrupted('unwanted');
    if (work.kind === 'database') {
      const { kind, request, url } = work;
      return { kind, request, server: loginOf(url, this.#options.server), fleetDigest };
    }
    if (index !== undefined && !isBegun(work.folder))
      throw new DatasetError(`${work.folder} is not the folder of who asked; is it shared?`);
    return { ...work, fleetDigest };
  }

  /** Says now and then how far a task is; rejects when nobody wants it any more. */
  async #watched(
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

  /** What BullMQ is told of a failure, and whoever else has to know. */
  async #consequence(job: HistoryTask, token: string, failure: unknown): Promise<Error> {
    const why = failure instanceof Interrupted ? failure.why : undefined;
    if (why === 'lost' || why === 'unwanted') return new UnrecoverableError(UNWANTED);
    if (failure instanceof OtherFleetError)
      this.#refusal = new ClusterError(`${ORDER} is about machines that are others here`);
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
    else this.#sayOnce(id, message);
    await this.#jobs.note(id, isLast ? 'error' : 'trouble', `${message} (at ${hostname()})`);
    return isOurs ? new UnrecoverableError(message) : (failure as Error);
  }
}

/** Rejects when a signal is aborted, unless there was an end before. */
function interruption(signal: AbortSignal, why: Why, ended: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const interrupt = () => reject(new Interrupted(why));
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt, { signal: ended });
  });
}

/**
 * How a worker reaches the database of an order, whose URL has no password: as it is configured
 * itself, where that is the same database, else with the password in PGPASSWORD.
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
