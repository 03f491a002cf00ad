/** A test's own cluster for history: a Redis, workers and submitters. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freshDirectory, Program, type Run, run } from '../cli/program.ts';
import { type RedisOptions, startRedis, type TestRedis } from '../redis.ts';

/** How often the files of workers are checked [ms]. */
const POLL_MS = 10;

/** Four days of a machine with one reading per second: a few seconds of work in five tasks. */
export const LONG = '--from 2026-01-01 --to 2026-01-05 --machines Compressor-1 --format csv'.split(
  ' ',
);
export const SHORT = ['--from', '2026-01-14T10:00Z', '--to', '2026-01-15T10:00Z'];

/** Start it in `before` and stop it in `after`. */
export class HistoryCluster {
  readonly cwd = freshDirectory();
  readonly prefix = 'test';
  readonly #options: RedisOptions;
  #redis: TestRedis | undefined;
  #client: Redis | undefined;

  constructor(options: RedisOptions = {}) {
    this.#options = options;
  }

  async begin(): Promise<void> {
    this.#redis = await startRedis(this.#options);
    this.#client = new Redis(this.#redis.url, { maxRetriesPerRequest: null });
    // Tests end the server while it is connected.
    this.#client.on('error', () => undefined);
  }

  async end(): Promise<void> {
    this.#client?.disconnect();
    await this.#redis?.close();
  }

  get redis(): TestRedis {
    return this.#redis as TestRedis;
  }

  /** A connection of the test's own. */
  get client(): Redis {
    return this.#client as Redis;
  }

  get env(): Record<string, string> {
    return { REDIS_URL: this.redis.url, CLUSTER_PREFIX: this.prefix };
  }

  /** Starts a worker and waits until it is ready. */
  async worker(env: Readonly<Record<string, string>> = {}): Promise<Program> {
    const worker = new Program(['worker', '--concurrency', '1'], this.cwd, { ...this.env, ...env });
    await worker.said(/"working on history jobs"/);
    return worker;
  }

  /** A submitter in a process that can be stopped. */
  generate(words: readonly string[], out: string): Program {
    return new Program(['generate', ...words, '--cluster', '--out', out], this.cwd, this.env);
  }

  /** Submits a dataset from this process; fails unless it is made as expected. */
  async made(words: readonly string[], out: string, expected: string): Promise<Run> {
    const asked = await run(['generate', ...words, '--cluster', '--out', out], this.cwd, this.env);
    assert.equal(asked.status, 0, asked.stderr);
    await this.#assertWhole(out, expected);
    return asked;
  }

  /** The manifest of a single process, with the digests of all files. */
  async alone(words: readonly string[]): Promise<string> {
    const out = `alone-${words.join('').replace(/\W/g, '')}`;
    const { status, stderr } = await run(
      ['generate', ...words, '--workers', '1', '--out', out],
      this.cwd,
    );
    assert.equal(status, 0, stderr);
    return this.manifest(out);
  }

  manifest(folder: string): string {
    return readFileSync(join(this.cwd, folder, 'manifest.json'), 'utf8');
  }

  files(folder: string): string[] {
    return readdirSync(resolve(this.cwd, folder), { recursive: true }).map(String);
  }

  /** Waits until workers are writing a dataset, with `count` files complete. */
  async writing(folder: string, least = 0): Promise<void> {
    for (;;) {
      const found = this.#found(folder);
      const whole = found.filter((path) => /\.(csv|parquet)$/.test(path));
      if (whole.length >= least && found.some((path) => path.endsWith('.part'))) return;
      await pause(POLL_MS);
    }
  }

  /** Settles when a dataset is complete; fails unless it is exactly the expected one. */
  async assertMade(program: Program, folder: string, expected: string): Promise<void> {
    assert.equal(await program.ended, 0, program.stderr);
    await this.#assertWhole(folder, expected);
  }

  async #assertWhole(folder: string, expected: string): Promise<void> {
    assert.equal(this.manifest(folder), expected);
    const left = this.files(folder).filter((path) => /part/.test(path));
    assert.deepEqual(left, []);
    assert.deepEqual(await this.client.keys('*order*'), []);
  }

  #found(folder: string): string[] {
    try {
      return this.files(folder);
    } catch {
      return [];
    }
  }
}
