import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import '../../web-assembly.ts';
import { type Parameter, STATEMENT_MAX_MS } from '../database.ts';
import { StoreError, type StoreFailure } from '../store-error.ts';
import { storeError } from './failures.ts';
import type { PgliteAnswer, PgliteFailure, PgliteRequest, PgliteStart } from './pglite-worker.ts';

/** A new database takes seconds to make, and one that was killed to recover [ms]. */
const OPEN_MAX_MS = 120_000;
/** Past this the thread is taken to spin [ms]. */
const ANSWER_MAX_MS = STATEMENT_MAX_MS;

/**
 * V8 compiles PostgreSQL's WebAssembly once, for a quick start, and not a second time for speed:
 * the second compilation takes longer than all that a store ever asks of it, and keeps 30 MB.
 */
setFlagsFromString('--liftoff-only');

interface Waiting {
  readonly settle: (rows: readonly unknown[]) => void;
  readonly refuse: (error: StoreError) => void;
  readonly timer: NodeJS.Timeout;
}

/** How a folder is opened. */
export interface OpenOptions {
  /** Whether it is empty, and is to become a database. */
  readonly isNew?: boolean;
  /** Ends it wherever it is. */
  readonly signal?: AbortSignal;
}

/** One run of the embedded database, from opening its folder to its end. */
export class PgliteThread {
  /** Whether it can be asked; once it cannot, it never can again. */
  isAlive = true;
  readonly #worker: Worker;
  readonly #folder: string;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor(start: PgliteStart) {
    this.#folder = start.folder;
    this.#worker = new Worker(new URL('./pglite-worker.js', import.meta.url), {
      workerData: start,
      stdout: true,
      stderr: true,
    });
    this.#worker.on('message', (answer: PgliteAnswer) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('it ended')));
  }

  /**
   * Opens the database in a folder, or makes a new one in an empty folder.
   *
   * @throws StoreError where it is damaged, not to be written, or without room.
   */
  static async open(
    folder: string,
    { isNew = false, signal }: OpenOptions = {},
  ): Promise<PgliteThread> {
    const thread = new PgliteThread({ folder, isNew });
    const terminate = () => thread.terminate(signal?.reason);
    signal?.addEventListener('abort', terminate);
    await thread.#answer(0, OPEN_MAX_MS);
    signal?.removeEventListener('abort', terminate);
    return thread;
  }

  /** Carries out a statement or, without parameters, a script. */
  execute(
    sql: string,
    parameters: readonly Parameter[] | undefined,
    timeoutMs = ANSWER_MAX_MS,
  ): Promise<readonly unknown[]> {
    return this.#request({ sql, ...(parameters && { parameters }) }, timeoutMs);
  }

  /** Closes the database properly, and ends the thread. */
  async close(): Promise<void> {
    try {
      await this.#request({}, ANSWER_MAX_MS);
    } finally {
      await this.#end(new Error('it was closed'));
    }
  }

  /** Ends it wherever it is; it writes nothing more. */
  terminate(reason: Error): void {
    void this.#end(reason);
  }

  #request(request: Omit<PgliteRequest, 'id'>, timeoutMs: number): Promise<readonly unknown[]> {
    const id = ++this.#lastId;
    const answered = this.#answer(id, timeoutMs);
    this.#worker.postMessage({ id, ...request } satisfies PgliteRequest);
    return answered;
  }

  #answer(id: number, timeoutMs: number): Promise<readonly unknown[]> {
    return new Promise((settle, refuse) => {
      const end = () => {
        if (this.#waiting.has(id)) this.#end(new Error(`no answer within ${timeoutMs / 1000} s`));
      };
      // Where this thread was blocked the answer may be waiting, and messages come after timers.
      const late = () => setImmediate(end);
      this.#waiting.set(id, { settle, refuse, timer: setTimeout(late, timeoutMs) });
    });
  }

  #settle({ id, rows = [], failure }: PgliteAnswer): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (!failure) waiting.settle(rows);
    else {
      const hasOpened = id !== 0;
      waiting.refuse(embeddedError(failure, this.#folder, hasOpened));
      // To ask on after a panic is to wait forever.
      if (failure.isFatal) this.#end(new Error(failure.message));
    }
  }

  async #end(reason: Error): Promise<void> {
    this.isAlive = false;
    for (const { refuse, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      const message = `${embeddedLocation(this.#folder)}: ${reason.message}`;
      refuse(new StoreError('unreachable', message, { cause: reason, isUncertain: true }));
    }
    this.#waiting.clear();
    await this.#worker.terminate();
  }
}

/** Names an embedded database for people. */
export function embeddedLocation(folder: string): string {
  return `the embedded database in ${folder}`;
}

/** What an error of the embedded database means. */
function embeddedError(failure: PgliteFailure, folder: string, hasOpened: boolean): StoreError {
  const location = embeddedLocation(folder);
  if (!failure.isFatal) return storeError(failure, location, true);
  const lines = [...failure.output, failure.message];
  const first = (words: RegExp) => lines.find((line) => words.test(line));
  const [kind, advice, line]: [StoreFailure, string, string | undefined] = first(NO_ROOM)
    ? ['full', 'has no room left on its disk', first(NO_ROOM)]
    : first(NO_RIGHT)
      ? ['unwritable', 'may not be written', first(NO_RIGHT)]
      : hasOpened
        ? ['unreachable', 'failed and is opened again', first(FATAL)]
        : ['corrupt', DAMAGED, first(FATAL)];
  const reason = line?.replace(/^.*?(PANIC|FATAL|ERROR): +/, '');
  const message = `${location} ${advice} (${reason ?? failure.message})`;
  return new StoreError(kind, message.replaceAll(/\s*\n\s*/g, ' '), {
    cause: failure,
    isUncertain: hasOpened,
  });
}

const FATAL = /PANIC|FATAL/;
const NO_ROOM = /No space left on device|ENOSPC/;
const NO_RIGHT = /Read-only file system|Permission denied|Operation not permitted|EROFS|EACCES/;

/** What to do about a database that cannot be read. */
export const DAMAGED = 'is damaged; restore the folder, or move it away to begin anew';
