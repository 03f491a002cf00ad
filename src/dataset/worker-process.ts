import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DatasetError } from './dataset-error.ts';
import type { Order, Work, WorkResult } from './workplace.ts';

/** A message of a worker process. */
export type WorkerAnswer =
  /** It has its order, and takes work. */
  | { readonly kind: 'ready' }
  /** It computes another fleet than the submitter of the order. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'rows'; readonly rows: number }
  | { readonly kind: 'done'; readonly result: WorkResult }
  /** `stack`: only for failures that are bugs, where it is of use. */
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string | undefined };

/** The error for an order whose submitter computes another fleet than this program. */
export class OtherFleetError extends Error {
  constructor() {
    super('the machines of the order are others here');
    this.name = 'OtherFleetError';
  }
}

/**
 * Hot code is compiled by the thread that wants it. There are as many workers as cores: a second
 * thread would take from another worker what it gives to its own, and all of them are slow until it
 * is done (a month as CSV by two workers: 5.2 → 4.6 s).
 */
const COMPILING = ['--no-concurrent-recompilation'];

interface Waiting {
  readonly onRows: (rows: number) => void;
  readonly resolve: (result: WorkResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A process that does the work of an order, one task at a time.
 *
 * A process rather than a thread: Node (20.20) may abort when a thread ends while its hot code is
 * still being compiled, and takes the whole service with it. A process can be killed at any time,
 * and while it computes, the parent process stays responsive.
 */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  #waiting: Waiting | undefined;
  #isBusy = false;
  #failure: unknown;

  constructor(order: Order) {
    this.#child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), {
      execArgv: [...process.execArgv, ...COMPILING],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#ready = new Promise((resolve, reject) => {
      this.#child.on('message', (answer: WorkerAnswer) => {
        if (answer.kind === 'ready') resolve();
        else if (answer.kind === 'refused') this.#fail(new OtherFleetError());
        else this.#take(answer);
        if (this.#failure !== undefined) reject(this.#failure);
      });
      this.#child.on('error', (error) => reject(this.#fail(error)));
      this.#child.on('exit', (code, ending) =>
        reject(
          this.#fail(new DatasetError(`a worker process ended by itself (${ending ?? code})`)),
        ),
      );
    });
    // The next call of `do` reports it.
    this.#ready.catch(() => undefined);
    this.#child.send(order, (error) => error && this.#fail(error));
  }

  /** Whether it takes work now. */
  get isFree(): boolean {
    return !this.#isBusy && this.#failure === undefined;
  }

  /**
   * Has work done.
   *
   * @param onRows - Called now and then with the number of rows made since the last call.
   * @throws DatasetError where it cannot be done, or the process was ended; OtherFleetError.
   */
  async do(work: Work, onRows: (rows: number) => void): Promise<WorkResult> {
    this.#isBusy = true;
    await this.#ready;
    if (this.#failure !== undefined) throw this.#failure;
    return new Promise((resolve, reject) => {
      this.#waiting = { onRows, resolve, reject };
      this.#child.send(work, (error) => error && this.#fail(error));
    });
  }

  /** Kills it; settles when it is gone, so that it cannot write any more. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) resolve();
      this.#child.once('exit', () => resolve());
      this.#child.kill('SIGKILL');
    });
  }

  #take(answer: WorkerAnswer): void {
    const waiting = this.#waiting;
    if (answer.kind === 'rows') waiting?.onRows(answer.rows);
    if (answer.kind !== 'done' && answer.kind !== 'failed') return;
    this.#waiting = undefined;
    this.#isBusy = false;
    if (answer.kind === 'done') waiting?.resolve(answer.result);
    else waiting?.reject(errorOf(answer));
  }

  #fail(error: unknown): unknown {
    this.#failure ??= error;
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
    return this.#failure;
  }
}

function errorOf({ message, stack }: WorkerAnswer & { readonly kind: 'failed' }): Error {
  return stack === undefined
    ? new DatasetError(message)
    : Object.assign(new Error(message), { stack });
}
