import { gunzipSync, gzipSync } from 'node:zlib';
import type { Redis } from 'ioredis';
import type { DatasetRequest, WindowRequest } from '../../dataset/request.ts';
import type { WorkResult } from '../../dataset/workplace.ts';

/** What an order is about. */
export type JobWork =
  | { readonly kind: 'files'; readonly request: DatasetRequest; readonly folder: string }
  /** The URL is without a password: each worker has its own. */
  | { readonly kind: 'database'; readonly request: WindowRequest; readonly url: string };

/** An order as it is told without what may be large. */
export interface JobHeader {
  /** The id of the job that makes it whole. */
  readonly flow: string;
  /** Of the simulator that gave it. */
  readonly version: string;
  readonly fleetDigest: string;
  readonly taskCount: number;
}

/** How far an order is. */
export interface JobState {
  /** Undefined where it is not there. */
  readonly flow: string | undefined;
  /** Why it was given up. */
  readonly error: string | undefined;
  /** What went wrong last, and is tried again. */
  readonly trouble: string | undefined;
}

/** The result of a task, by its place in the plan. */
export type TaskResult = readonly [index: number, result: WorkResult];

/** An order that nobody asks for any more is forgotten after a week. */
const KEPT_S = 7 * 86_400;

/** Changes what belongs to an order, unless that was taken back: then nothing is left of it. */
const CHANGE_IF_PRESENT = `
  if redis.call('exists', KEYS[1]) == 0 then return end
  redis.call(ARGV[2], KEYS[2], unpack(ARGV, 3))
  redis.call('expire', KEYS[2], ARGV[1])
`;

/**
 * The orders of a cluster in Redis: the description once and not in every job, how far each task
 * is, and its result. Whatever of it is lost can be put again.
 */
export class JobStore {
  readonly #redis: Redis;
  readonly #prefix: string;

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#prefix = `${prefix}:history-order`;
  }

  /** Puts an order in the place of one that has the same id. */
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

  /** What an order is about; undefined where it is not there any more. */
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

  /** Says how many rows of a task are made; answers how the order stands. */
  async report(id: string, index: number, rows: number): Promise<JobState> {
    const state = await this.state(id);
    await this.#change(id, this.#key(id, 'rows'), 'hset', String(index), String(rows));
    return state;
  }

  /** Rows of the tasks that were reported of, by their places in the plan. */
  async rows(id: string): Promise<ReadonlyMap<number, number>> {
    const reported = await this.#redis.hgetall(this.#key(id, 'rows'));
    return new Map(Object.entries(reported).map(([index, rows]) => [Number(index), Number(rows)]));
  }

  async addResult(id: string, result: TaskResult): Promise<void> {
    await this.#change(id, this.#key(id, 'results'), 'rpush', JSON.stringify(result));
    await this.keep(id);
  }

  /** The results from one on, in the order in which they came; a task may have more than one. */
  async results(id: string, from: number): Promise<readonly TaskResult[]> {
    const lines = await this.#redis.lrange(this.#key(id, 'results'), from, -1);
    return lines.map((line) => JSON.parse(line) as TaskResult);
  }

  /** Notes what went wrong and is tried again, or, at the end, why it was given up. */
  async note(id: string, kind: 'trouble' | 'error', message: string): Promise<void> {
    await this.#change(id, this.#key(id), 'hset', kind, message);
  }

  /** Keeps it for another week. */
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
