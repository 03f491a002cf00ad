import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DatasetError } from './dataset-error.ts';
import type { Order, Work, WorkResult } from './workplace.ts';

/** What a worker process says. */
export type WorkerAnswer =
  /** It knows its order, and takes work. */
  | { readonly kind: 'ready' }
  /** It computes another fleet than who gave the order. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'rows'; readonly rows: number }
  | { readonly kind: 'done'; readonly result: WorkResult }
  /** `stack`: only where the failure is ours, and so of use. */
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string | undefined };

/** An order that a process does not take: it computes another fleet than who gave it. */
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
 * A process that does the tasks of an order, one at a time.
 *
 * A process rather than a thread: Node (20.20) may abort when a thread ends while its hot code is
 * still being compiled, and takes the whole service with it. A process can be killed at any time,
 * and while it computes, the one that hired it answers whoever asks.
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
    // Whoever asks for work next is told.
    this.#ready.catch(() => undefined);
    this.#child.send(order, (error) => error && this.#fail(error));
  }

  /** Whether it can be given work now. */
  get isFree(): boolean {
    return !this.#isBusy && this.#failure === undefined;
  }

  /**
   * Has work done.
   *
   * @param onRows - Is told now and then how many rows more are made.
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

  /** Ends it, whatever it does; settles when it is gone, so that it writes nothing any more. */
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
