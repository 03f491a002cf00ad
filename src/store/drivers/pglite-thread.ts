import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { keepWebAssembly } from '../../web-assembly.ts';
import { type Parameter, STATEMENT_MAX_MS } from '../database.ts';
import { StoreError, type StoreFailure } from '../store-error.ts';
import { storeError } from './failures.ts';
import type { PgliteAnswer, PgliteFailure, PgliteRequest, PgliteStart } from './pglite-worker.ts';

/**
 * How long opening may take [ms]: seconds for a new database, or to recover one that was killed.
 */
const OPEN_MAX_MS = 120_000;
/** A thread that does not answer within this is assumed to spin [ms]. */
const ANSWER_MAX_MS = STATEMENT_MAX_MS;

/**
 * Compile PostgreSQL's WebAssembly only once, for a quick start, and skip V8's optimizing
 * compiler: that takes longer than a store ever saves, and keeps 30 MB. Functions are checked when
 * they are compiled, and most of them never are.
 */
setFlagsFromString('--liftoff-only');
setFlagsFromString('--wasm-lazy-validation');
keepWebAssembly();

/** Objects that live shortly [MB]: PostgreSQL's own memory is not among them. */
const YOUNG_MAX_MB = 2;

interface Waiting {
  readonly settle: (rows: readonly unknown[]) => void;
  readonly refuse: (error: StoreError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Options for opening a folder. */
export interface OpenOptions {
  /** Whether the folder is empty and gets a new database. */
  readonly isNew?: boolean;
  /** Terminates the thread, whatever it is doing. */
  readonly signal?: AbortSignal;
}

/** A thread without a folder, which is loading PostgreSQL. */
let prepared: Worker | undefined;

/**
 * Starts the thread of the embedded database before anybody knows or has locked its folder, so that
 * PostgreSQL is loaded beside the rest of the program.
 */
export function preparePglite(): void {
  prepared = newWorker();
  // Nothing waits for it until it has a folder.
  prepared.unref();
  prepared.on('error', () => {
    prepared = undefined;
  });
}

function newWorker(): Worker {
  const program = new URL('./pglite-worker.js', import.meta.url);
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MAX_MB };
  return new Worker(program, { stdout: true, stderr: true, resourceLimits });
}

/** The prepared thread, or a new one. */
function takeWorker(): Worker {
  const worker = prepared ?? newWorker();
  prepared = undefined;
  worker.ref();
  return worker;
}

/** One run of the embedded database, from opening its folder to the end. */
export class PgliteThread {
  /** Whether it accepts requests. Once false, it stays false. */
  isAlive = true;
  readonly #worker: Worker;
  readonly #folder: string;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor(start: PgliteStart) {
    this.#folder = start.folder;
    this.#worker = takeWorker();
    this.#worker.on('message', (answer: PgliteAnswer) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('its thread ended')));
    this.#worker.postMessage(start);
  }

  /**
   * Opens the database in a folder, or creates one in an empty folder.
   *
   * @throws StoreError if it is damaged, not writable, or out of space.
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

  /** Runs a statement or, without parameters, a script. */
  execute(
    sql: string,
    parameters: readonly Parameter[] | undefined,
    timeoutMs = ANSWER_MAX_MS,
  ): Promise<readonly unknown[]> {
    return this.#request({ sql, ...(parameters && { parameters }) }, timeoutMs);
  }

  /** Closes the database properly and ends the thread. */
  async close(): Promise<void> {
    try {
      await this.#request({}, ANSWER_MAX_MS);
    } finally {
      await this.#end(new Error('it was closed'));
    }
  }

  /** Ends the thread immediately. It writes nothing more. */
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
      // If this thread was blocked, the answer may be in the queue: messages come after timers.
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
      // After a panic the database never answers again.
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

/** A readable name of an embedded database. */
export function embeddedLocation(folder: string): string {
  return `the embedded database in ${folder}`;
}

/** Converts an error of the embedded database. */
function embeddedError(failure: PgliteFailure, folder: string, hasOpened: boolean): StoreError {
  const location = embeddedLocation(folder);
  if (!failure.isFatal) return storeError(failure, location, true);
  const lines = [...failure.output, failure.message];
  const first = (words: RegExp) => lines.find((line) => words.test(line));
  const [kind, advice, line]: [StoreFailure, string, string | undefined] = first(NO_ROOM)
    ? ['full', 'has no room left on its disk', first(NO_ROOM)]
    : first(NO_RIGHT)
      ? ['unwritable', 'is not writable', first(NO_RIGHT)]
      : hasOpened
        ? ['unreachable', 'failed and is being reopened', first(FATAL)]
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

/** The advice for a database that cannot be read. */
export const DAMAGED = 'is damaged; restore the folder, or move it away to start with a new one';
