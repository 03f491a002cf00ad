import type { AnswerKey } from './answer-key.ts';
import { DatasetError } from './dataset-error.ts';
import { beginDataset, finishDataset, removeParts } from './dataset-folder.ts';
import type { FileEntry, Manifest } from './manifest.ts';
import { planOf } from './plan.ts';
import { type DatasetRequest, fleetOf } from './request.ts';
import { WorkerProcess } from './worker-process.ts';
import type { Order, WorkResult } from './workplace.ts';

/** Options for generating a dataset; none of them changes its content. */
export interface GenerationOptions {
  /** The folder of the dataset; existing files of the same dataset are kept. */
  readonly folder: string;
  /** Number of worker processes. */
  readonly workers: number;
  /** Called with the rows of readings done so far, and the total. */
  readonly onProgress?: (rows: number, allRows: number) => void;
  /** Stops it early: complete files stay, others are removed. */
  readonly signal?: AbortSignal;
}

/**
 * Generates a dataset, or the missing part of it, on this computer.
 *
 * @throws DatasetError if the folder cannot be used, or the work was interrupted.
 */
export async function generateDataset(
  request: DatasetRequest,
  { folder, workers, onProgress, signal }: GenerationOptions,
): Promise<Manifest> {
  const plan = planOf(request, fleetOf(request, 'actual'));
  const { allRows, kept, tasks, progress } = beginDataset(request, folder, plan);
  const files: FileEntry[] = [...kept.values()].flat();
  const truths: AnswerKey[] = [];
  let rows = rowsOf(files);
  onProgress?.(rows, allRows);
  const events = {
    onRows: (more: number) => {
      rows += more;
      onProgress?.(rows, allRows);
    },
    onResult: (result: WorkResult) => {
      if (result.kind === 'truths') truths.push(...result.truths);
      if (result.kind !== 'files') return;
      progress.add(result.files);
      files.push(...result.files);
    },
  };
  try {
    await runWorkers({ kind: 'files', request, folder }, tasks, workers, events, signal);
  } finally {
    removeParts(request, folder);
  }
  return finishDataset(request, folder, plan, files, truths);
}

/** Total rows of some files. */
export function rowsOf(files: readonly FileEntry[]): number {
  return files.reduce((sum, file) => sum + file.rows, 0);
}

/** Handlers for messages of workers. */
interface WorkerEvents {
  onRows(rows: number): void;
  onResult(result: WorkResult): void;
}

/**
 * Runs tasks in worker processes, one task per process at a time, in the order of the list.
 *
 * @param tasks - Their indexes in the plan.
 * @param count - Number of processes.
 * @throws DatasetError for the first task that fails, or when `signal` is aborted; all processes
 *   have ended then.
 *   left then.
 */
async function runWorkers(
  order: Order,
  tasks: readonly number[],
  count: number,
  events: WorkerEvents,
  signal?: AbortSignal,
): Promise<void> {
  const queue = [...tasks];
  const length = Math.min(count, tasks.length);
  const workers = Array.from({ length }, () => new WorkerProcess(order));
  const work = async (worker: WorkerProcess) => {
    for (let index = queue.shift(); index !== undefined; index = queue.shift())
      events.onResult(await worker.do({ kind: 'task', index }, (rows) => events.onRows(rows)));
  };
  try {
    await untilStopped(Promise.all(workers.map(work)), signal);
  } finally {
    await Promise.all(workers.map((worker) => worker.end()));
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

/** The message when the generation of a dataset is interrupted. */
export const STOPPED = 'interrupted; run the same command again to resume';
