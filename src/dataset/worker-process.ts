import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DatasetError } from './dataset-error.ts';
import type { Order, Work, WorkResult } from './workplace.ts';

/** A message from a worker process. */
export type WorkerAnswer =
  /** It has received its order, and accepts work. */
  | { readonly kind: 'ready' }
  /** It computes a different fleet than the submitter of the order. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'rows'; readonly rows: number }
  | { readonly kind: 'done'; readonly result: WorkResult }
  /** `stack` is set only for bugs. */
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string | undefined };

/** The submitter of an order computes a different fleet than this program. */
export class OtherFleetError extends Error {
  constructor() {
    super('the machines of the order differ from those computed here');
    this.name = 'OtherFleetError';
  }
}

/**
 * Compiles hot code on the main thread. There are as many workers as cores, so a compiler thread
 * would only take time from another worker, and all of them are slow until it is done (a month as
 * CSV by two workers: 5.2 → 4.6 s).
 */
const COMPILING = ['--no-concurrent-recompilation'];

interface Waiting {
  readonly onRows: (rows: number) => void;
  readonly resolve: (result: WorkResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A process that carries out an order, one task at a time.
 *
 * It is a process rather than a thread because Node (20.20) may abort when a thread ends while its
 * hot code is still being compiled, which would end the whole service. A process can be killed at
 * any time, and the parent stays responsive while it computes.
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
          this.#fail(new DatasetError(`a worker process ended unexpectedly (${ending ?? code})`)),
        ),
      );
    });
    // The next call of `do` reports it.
    this.#ready.catch(() => undefined);
    this.#child.send(order, (error) => error && this.#fail(error));
  }

  /** Whether it accepts work now. */
  get isFree(): boolean {
    return !this.#isBusy && this.#failure === undefined;
  }

  /**
   * Runs one piece of work.
   *
   * @param onRows - Called from time to time with the number of rows since the last call.
   * @throws DatasetError if the work fails, or the process has ended; OtherFleetError.
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

  /** Kills the process; settles when it has ended and cannot write any more. */
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
