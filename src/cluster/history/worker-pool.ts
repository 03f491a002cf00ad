import { WorkerProcess } from '../../dataset/worker-process.ts';
import type { Order } from '../../dataset/workplace.ts';

/** How long an unused process is kept [ms]. */
const IDLE_MS = 5000;

interface Idle {
  readonly key: string;
  readonly worker: WorkerProcess;
}

/**
 * The worker processes of a host. A process that already knows a job is reused for its next task.
 */
export class WorkerPool {
  readonly #idle: Idle[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** A process for a job. It replaces an idle process of another job. */
  async take(key: string, order: () => Promise<Order>): Promise<WorkerProcess> {
    clearTimeout(this.#timer);
    const known = this.#idle.findIndex((each) => each.key === key);
    const [found] = this.#idle.splice(Math.max(known, 0), 1);
    if (found && known >= 0) return found.worker;
    await found?.worker.end();
    return new WorkerProcess(await order());
  }

  /** Returns a process after its task. */
  release(key: string, worker: WorkerProcess): void {
    this.#idle.push({ key, worker });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.end(), IDLE_MS).unref();
  }

  /** Ends the idle processes. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#idle.splice(0).map(({ worker }) => worker.end()));
  }
}
