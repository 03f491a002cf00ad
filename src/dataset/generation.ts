import { runCrew } from './crew.ts';
import { beginDataset, finishDataset, removeParts } from './dataset-folder.ts';
import type { FileEntry, Manifest } from './manifest.ts';
import type { WorkResult } from './order.ts';
import { type DatasetRequest, fleetOf } from './request.ts';
import type { Truth } from './truth.ts';

/** How a dataset is made; nothing of it changes what is made. */
export interface GenerationOptions {
  /** The dataset's folder; what it has of the same dataset already is kept. */
  readonly folder: string;
  /** Processes that read and write. */
  readonly workers: number;
  /** Is told how many rows of readings are done, of how many, those kept included. */
  readonly onProgress?: (rows: number, allRows: number) => void;
  /** Ends it early: what is whole stays, what is not is taken away. */
  readonly signal?: AbortSignal;
}

/**
 * Makes a dataset, or what is missing of it, on this computer.
 *
 * @throws DatasetError where the folder cannot be used, or the work was stopped.
 */
export async function generateDataset(
  request: DatasetRequest,
  { folder, workers, onProgress, signal }: GenerationOptions,
): Promise<Manifest> {
  const fleet = fleetOf(request, 'actual');
  const { allRows, kept, tasks, progress } = beginDataset(request, folder, fleet);
  const files: FileEntry[] = [...kept.values()].flat();
  const truths: Truth[] = [];
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
    await runCrew({ kind: 'files', request, folder }, tasks, workers, events, signal);
  } finally {
    removeParts(folder);
  }
  return finishDataset(request, folder, fleet, files, truths);
}

/** Rows of some files. */
export function rowsOf(files: readonly FileEntry[]): number {
  return files.reduce((sum, file) => sum + file.rows, 0);
}
