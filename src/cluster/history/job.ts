import { resolve } from 'node:path';
import { beginDataset, removeParts } from '../../dataset/dataset-folder.ts';
import { rowsOf } from '../../dataset/generation.ts';
import { identityOf, Progress } from '../../dataset/manifest.ts';
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

/** Work that a cluster is asked for, as the one who asks knows it. */
export interface HistoryJob {
  /** The same for the same work at the same place, whoever asks. */
  readonly id: string;
  readonly work: JobWork;
  readonly fleetDigest: string;
  readonly taskCount: number;
  /** Rows of readings that there will be. */
  readonly allRows: number;
  /** Finds out what is left to be done, and what was done before. */
  begin(): { readonly tasks: readonly number[]; readonly results: readonly TaskResult[] };
  /** Remembers what was done, for when Redis does not. */
  record(results: readonly WorkResult[]): void;
  /** Takes away what is not whole, after all have stopped. */
  stop(): void;
}

/** A dataset in a folder that all computers of the cluster share under the same path. */
export function datasetJob(request: DatasetRequest, out: string): HistoryJob {
  const folder = resolve(out);
  const fleet = fleetOf(request, 'actual');
  const plan = planOf(request, fleet);
  const progress = new Progress(folder);
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
    stop: () => removeParts(folder),
  };
}

/** A window into the tables of a database; what is stored again changes nothing. */
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

/** Rows that a result stands for. */
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
