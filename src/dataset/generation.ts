import type { AnswerKey } from './answer-key.ts';
import { DatasetError } from './dataset-error.ts';
import { beginDataset, finishDataset, removeParts } from './dataset-folder.ts';
import type { FileEntry, Manifest } from './manifest.ts';
import { type Plan, planOf } from './plan.ts';
import { type DatasetRequest, fleetOf } from './request.ts';
import { WorkerProcess } from './worker-process.ts';
import type { Counted, Order, Work, WorkResult } from './workplace.ts';

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
  const counts = workers > 1 ? countsOf(request, plan, tasks) : [];
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
    const order = { kind: 'files', request, folder } as const;
    await runWorkers(order, { counts, tasks }, workers, events, signal);
  } finally {
    removeParts(request, folder);
  }
  return finishDataset(request, folder, plan, files, truths);
}

/** Most registers that are counted for all processes, which send each other 5 kB for each. */
const COUNTS_MAX = 5000;

/**
 * The registers that several tasks begin with. If each process counted for itself, each would read
 * the whole window.
 */
function countsOf(
  { registersFromMs }: DatasetRequest,
  plan: Plan,
  tasks: readonly number[],
): readonly (Work & { readonly kind: 'count' })[] {
  if (registersFromMs === undefined) return [];
  const counts = new Map<string, Work & { readonly kind: 'count' }>();
  const several = new Set<string>();
  for (const index of tasks) {
    const task = plan.tasks[index];
    if (task?.kind !== 'readings') continue;
    const { variant, fromMs } = task;
    for (const machineId of task.machineIds) {
      const key = `${variant} ${machineId}`;
      const known = counts.get(key);
      if (known) several.add(key);
      const toMs = Math.max(fromMs, known?.toMs ?? fromMs);
      counts.set(key, { kind: 'count', variant, machineId, toMs });
    }
  }
  return several.size > COUNTS_MAX ? [] : [...several].flatMap((key) => counts.get(key) ?? []);
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
 * @param work - The tasks by their indexes in the plan, and what is counted before for all of them.
 * @param count - Number of processes.
 * @throws DatasetError for the first task that fails, or when `signal` is aborted; all processes
 *   have ended then.
 *   left then.
 */
async function runWorkers(
  order: Order,
  { counts, tasks }: { readonly counts: readonly Work[]; readonly tasks: readonly number[] },
  count: number,
  events: WorkerEvents,
  signal?: AbortSignal,
): Promise<void> {
  const queue = [...tasks];
  const length = Math.min(count, tasks.length);
  const workers = Array.from({ length }, () => new WorkerProcess(order));
  const counted: Counted[] = [];
  const toCount = [...counts];
  const countFor = async (worker: WorkerProcess) => {
    for (let next = toCount.shift(); next; next = toCount.shift()) {
      const result = await worker.do(next, () => {});
      if (result.kind === 'counted') counted.push(result.counted);
    }
  };
  const work = async (worker: WorkerProcess) => {
    if (counted.length > 0) await worker.do({ kind: 'remember', counts: counted }, () => {});
    for (let index = queue.shift(); index !== undefined; index = queue.shift())
      events.onResult(await worker.do({ kind: 'task', index }, (rows) => events.onRows(rows)));
  };
  try {
    await untilStopped(Promise.all(workers.map(countFor)), signal);
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
