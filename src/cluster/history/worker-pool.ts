import { WorkerProcess } from '../../dataset/worker-process.ts';
import type { Order } from '../../dataset/workplace.ts';

/** A process that nobody has used for so long is ended [ms]. */
const IDLE_MS = 5000;

interface Idle {
  readonly key: string;
  readonly worker: WorkerProcess;
}

/** The processes of a host: one that knows an order is given its next task. */
export class WorkerPool {
  readonly #idle: Idle[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** A process for an order; one that idles makes room for it. */
  async take(key: string, order: () => Promise<Order>): Promise<WorkerProcess> {
    clearTimeout(this.#timer);
    const known = this.#idle.findIndex((each) => each.key === key);
    const [found] = this.#idle.splice(Math.max(known, 0), 1);
    if (found && known >= 0) return found.worker;
    await found?.worker.end();
    return new WorkerProcess(await order());
  }

  /** Takes back one that has done what it was taken for. */
  give(key: string, worker: WorkerProcess): void {
    this.#idle.push({ key, worker });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.end(), IDLE_MS).unref();
  }

  /** Ends those that idle. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#idle.splice(0).map(({ worker }) => worker.end()));
  }
}
