import { resolve } from 'node:path';
import { beginDataset, progressOf, removeParts } from '../../dataset/dataset-folder.ts';
import { rowsOf } from '../../dataset/generation.ts';
import { identityOf } from '../../dataset/manifest.ts';
import { databaseParts, plannedRows, planOf } from '../../dataset/plan.ts';
import {
  type DatasetRequest,
  fleetDigest,
  fleetOf,
  recordsDigest,
  type WindowRequest,
} from '../../dataset/request.ts';
import { machinesOf, plannedTableRows } from '../../dataset/window-reader.ts';
import type { WorkResult } from '../../dataset/workplace.ts';
import type { JobWork, TaskResult } from './job-store.ts';

/** A job for a cluster, as its submitter sees it. */
export interface HistoryJob {
  /** Depends on the request and its target only, so that submitters of the same job share it. */
  readonly id: string;
  readonly work: JobWork;
  readonly fleetDigest: string;
  readonly taskCount: number;
  /** The number of rows of readings in all. */
  readonly allRows: number;
  /** Determines which tasks remain, and which results already exist. */
  begin(): { readonly tasks: readonly number[]; readonly results: readonly TaskResult[] };
  /** Records completed tasks in case Redis loses them. */
  record(results: readonly WorkResult[]): void;
  /** Removes partial files, once all workers have stopped. */
  stop(): void;
}

/**
 * A job that writes a dataset to a folder, which all computers of the cluster share under the same
 * path.
 */
export function datasetJob(request: DatasetRequest, out: string): HistoryJob {
  const folder = resolve(out);
  const fleet = fleetOf(request, 'actual');
  const plan = planOf(request, fleet);
  const progress = progressOf(request, folder);
  return {
    id: idOf(identityOf(request), { folder }),
    work: { kind: 'files', request, folder },
    fleetDigest: fleetDigest(fleet),
    taskCount: plan.tasks.length,
    allRows: plannedRows(request, plan),
    begin() {
      const { kept, tasks } = beginDataset(request, folder, plan);
      const results = [...kept].map(([i, files]): TaskResult => [i, { kind: 'files', files }]);
      return { tasks, results };
    },
    record(results) {
      const files = results.flatMap((result) => (result.kind === 'files' ? result.files : []));
      if (files.length > 0) progress.add(files);
    },
    stop: () => removeParts(request, folder),
  };
}

/**
 * A job that loads a window into the tables of a database. Storing a row twice changes nothing.
 */
export function windowJob(request: WindowRequest, databaseUrl: string): HistoryJob {
  const fleet = fleetOf(request, 'actual');
  const url = withoutPassword(databaseUrl);
  const taskCount = databaseParts(request).length;
  return {
    id: idOf(request, { url }),
    work: { kind: 'database', request, url },
    fleetDigest: fleetDigest(fleet),
    taskCount,
    allRows: plannedTableRows(request, machinesOf(fleet, request.machineIds)),
    begin: () => ({ tasks: [...Array(taskCount).keys()], results: [] }),
    record: () => undefined,
    stop: () => undefined,
  };
}

/** The number of rows of a result. */
export function rowsOfResult(result: WorkResult): number {
  if (result.kind === 'files') return rowsOf(result.files);
  return result.kind === 'stored' ? result.rows : 0;
}

function idOf(...parts: readonly object[]): string {
  return recordsDigest(parts).slice(0, 32);
}

function withoutPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.password = '';
  for (const name of ['password', 'sslpassword']) url.searchParams.delete(name);
  return url.href;
}
