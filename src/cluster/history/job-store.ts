import { gunzipSync, gzipSync } from 'node:zlib';
import type { Redis } from 'ioredis';
import type { DatasetRequest, WindowRequest } from '../../dataset/request.ts';
import type { WorkResult } from '../../dataset/workplace.ts';

/** What to generate, and where to. */
export type JobWork =
  | { readonly kind: 'files'; readonly request: DatasetRequest; readonly folder: string }
  /** The URL has no password: each worker uses its own. */
  | { readonly kind: 'database'; readonly request: WindowRequest; readonly url: string };

/** The small fields of a job, without the request. */
export interface JobHeader {
  /** The id of the BullMQ job that completes it. */
  readonly flow: string;
  /** The submitter's version of the simulator. */
  readonly version: string;
  readonly fleetDigest: string;
  readonly taskCount: number;
}

/** The state of a job. */
export interface JobState {
  /** Undefined if Redis does not have the job. */
  readonly flow: string | undefined;
  /** Why it failed for good. */
  readonly error: string | undefined;
  /** The latest failure of a task that is being retried. */
  readonly trouble: string | undefined;
}

/** The result of a task, by the task's index in the plan. */
export type TaskResult = readonly [index: number, result: WorkResult];

/** How long Redis keeps a job that nothing polls [s]. */
const KEPT_S = 7 * 86_400;

/** Changes a key of a job, unless the job was cancelled: then nothing of it may remain. */
const CHANGE_IF_PRESENT = `
  if redis.call('exists', KEYS[1]) == 0 then return end
  redis.call(ARGV[2], KEYS[2], unpack(ARGV, 3))
  redis.call('expire', KEYS[2], ARGV[1])
`;

/**
 * The jobs of a cluster in Redis: the request, stored once instead of in every task, and the
 * progress and result of each task. Anything that is lost can be queued again.
 */
export class JobStore {
  readonly #redis: Redis;
  readonly #prefix: string;

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#prefix = `${prefix}:history-order`;
  }

  /** Stores a job, replacing one with the same id. */
  async put(
    id: string,
    head: JobHeader,
    work: JobWork,
    results: readonly TaskResult[],
  ): Promise<void> {
    const [order, done] = [this.#key(id), this.#key(id, 'results')];
    const change = this.#redis.multi().del(...this.#keys(id));
    change.hset(order, { ...head, work: gzipSync(JSON.stringify(work)) });
    for (const result of results) change.rpush(done, JSON.stringify(result));
    for (const key of this.#keys(id)) change.expire(key, KEPT_S);
    await change.exec();
  }

  /** What to generate. Undefined if Redis no longer has the job. */
  async work(id: string): Promise<JobWork | undefined> {
    const bytes = await this.#redis.hgetBuffer(this.#key(id), 'work');
    return bytes ? (JSON.parse(gunzipSync(bytes).toString()) as JobWork) : undefined;
  }

  async head(id: string): Promise<JobHeader | undefined> {
    const names = ['flow', 'version', 'fleetDigest', 'taskCount'];
    const [flow, version, fleetDigest, count] = await this.#redis.hmget(this.#key(id), ...names);
    if (!flow || !version || !fleetDigest) return undefined;
    return { flow, version, fleetDigest, taskCount: Number(count) };
  }

  async state(id: string): Promise<JobState> {
    const names = ['flow', 'error', 'trouble'];
    const [flow, error, trouble] = await this.#redis.hmget(this.#key(id), ...names);
    return { flow: flow ?? undefined, error: error ?? undefined, trouble: trouble ?? undefined };
  }

  /** Records the rows that a task has generated so far. @returns The state of the job. */
  async report(id: string, index: number, rows: number): Promise<JobState> {
    const state = await this.state(id);
    await this.#change(id, this.#key(id, 'rows'), 'hset', String(index), String(rows));
    return state;
  }

  /** Rows generated so far, by the task's index in the plan. */
  async rows(id: string): Promise<ReadonlyMap<number, number>> {
    const reported = await this.#redis.hgetall(this.#key(id, 'rows'));
    return new Map(Object.entries(reported).map(([index, rows]) => [Number(index), Number(rows)]));
  }

  async addResult(id: string, result: TaskResult): Promise<void> {
    await this.#change(id, this.#key(id, 'results'), 'rpush', JSON.stringify(result));
    await this.keep(id);
  }

  /** The results from an index on, in order of arrival. A task may have more than one. */
  async results(id: string, from: number): Promise<readonly TaskResult[]> {
    const lines = await this.#redis.lrange(this.#key(id, 'results'), from, -1);
    return lines.map((line) => JSON.parse(line) as TaskResult);
  }

  /**
   * Records a failure that is being retried (`trouble`), or the one that ended the job (`error`).
   */
  async note(id: string, kind: 'trouble' | 'error', message: string): Promise<void> {
    await this.#change(id, this.#key(id), 'hset', kind, message);
  }

  /** Restarts the week after which Redis forgets the job. */
  async keep(id: string): Promise<void> {
    const change = this.#redis.multi();
    for (const key of this.#keys(id)) change.expire(key, KEPT_S);
    await change.exec();
  }

  async remove(id: string): Promise<void> {
    await this.#redis.del(...this.#keys(id));
  }

  async #change(id: string, key: string, ...command: readonly string[]): Promise<void> {
    await this.#redis.eval(CHANGE_IF_PRESENT, 2, this.#key(id), key, KEPT_S, ...command);
  }

  #key(id: string, ...parts: readonly string[]): string {
    return [this.#prefix, id, ...parts].join(':');
  }

  #keys(id: string): string[] {
    return [this.#key(id), this.#key(id, 'rows'), this.#key(id, 'results')];
  }
}
