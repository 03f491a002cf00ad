import { DatasetError } from './dataset-error.ts';
import type { Order, WorkResult } from './order.ts';
import { WorkerProcess } from './worker-process.ts';

/** What is done with what workers say. */
export interface CrewEvents {
  onRows(rows: number): void;
  onResult(result: WorkResult): void;
}

/**
 * Has tasks done by so many processes, each a task at a time in the order of the list.
 *
 * @param tasks - Their places in the plan.
 * @throws DatasetError for the first that fails, or when `signal` is aborted; no process runs then.
 */
export async function runCrew(
  order: Order,
  tasks: readonly number[],
  size: number,
  events: CrewEvents,
  signal?: AbortSignal,
): Promise<void> {
  const queue = [...tasks];
  const crew = Array.from({ length: Math.min(size, tasks.length) }, () => new WorkerProcess(order));
  const work = async (worker: WorkerProcess) => {
    for (let index = queue.shift(); index !== undefined; index = queue.shift())
      events.onResult(await worker.do({ kind: 'task', index }, (rows) => events.onRows(rows)));
  };
  try {
    await untilStopped(Promise.all(crew.map(work)), signal);
  } finally {
    await Promise.all(crew.map((worker) => worker.end()));
  }
}

/** @throws DatasetError when `signal` is aborted first. */
async function untilStopped(work: Promise<unknown>, signal?: AbortSignal): Promise<void> {
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new DatasetError(STOPPED));
  });
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  try {
    await Promise.race([work, stopped]);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** What is said of a dataset whose making was ended early. */
export const STOPPED = 'stopped; the same command goes on from here';
