import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dataSheet } from './data-sheet.ts';
import { DatasetError, pathError } from './dataset-error.ts';
import type { RecordTable } from './formats/format.ts';
import { formatNamed } from './formats/index.ts';
import { type FileEntry, identityOf, type Manifest, Progress, writeManifest } from './manifest.ts';
import { extension, type Plan, plannedRows, type Task } from './plan.ts';
import { anomaliesTable, factoriesTable, machinesTable } from './record-tables.ts';
import type { DatasetRequest } from './request.ts';
import type { Truth } from './truth.ts';
import { digestOf, makeFolder, PART, writeWhole } from './whole-file.ts';

const README = 'README.md';

/** A dataset that was started: the existing files, and the remaining tasks. */
export interface BegunDataset {
  /** Total number of rows of readings. */
  readonly allRows: number;
  /** The files of tasks that an earlier run completed, by index in the plan. */
  readonly kept: ReadonlyMap<number, readonly FileEntry[]>;
  /** Indexes in the plan of the remaining tasks. */
  readonly tasks: readonly number[];
  readonly progress: Progress;
}

/**
 * Starts or resumes a dataset in a folder: keeps complete, unchanged files, and removes other
 * files of readings.
 *
 * @throws DatasetError if the folder cannot be used, or contains something else.
 */
export function beginDataset(request: DatasetRequest, folder: string, plan: Plan): BegunDataset {
  prepareFolder(folder);
  const progress = new Progress(folder);
  const known = progress.begin(identityOf(request));
  const kept = new Map<number, readonly FileEntry[]>();
  for (const [index, task] of plan.tasks.entries()) {
    const files = keptFiles(folder, task, known);
    if (files) kept.set(index, files);
    else for (const path of pathsOf(task)) rmSync(join(folder, path), { force: true });
  }
  const tasks = [...plan.tasks.keys()].filter((index) => !kept.has(index));
  return { allRows: plannedRows(request, plan), kept, tasks, progress };
}

/**
 * Completes a dataset whose files of readings exist: writes the small tables, the data sheet and,
 * last of all, the manifest.
 *
 * @throws DatasetError if one of them cannot be written.
 */
export async function finishDataset(
  request: DatasetRequest,
  folder: string,
  plan: Plan,
  readings: readonly FileEntry[],
  truths: readonly Truth[],
): Promise<Manifest> {
  removeParts(folder);
  const files = [...readings];
  const tables = [
    machinesTable(request, plan),
    factoriesTable(request, plan),
    anomaliesTable(plan, truths),
  ];
  for (const table of tables) files.push(await writeSmall(folder, table, request));
  const sheet = writeWhole(join(folder, README), dataSheet(request, plan));
  files.push({ path: README, table: 'README', rows: 0, ...sheet });
  return writeManifest(folder, identityOf(request), request.command, files);
}

/** Removes unfinished files of workers that were killed. */
export function removeParts(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder, { recursive: true }).map(String))
    if (name.endsWith(PART)) rmSync(join(folder, name), { force: true });
}

async function writeSmall(
  folder: string,
  table: RecordTable,
  request: DatasetRequest,
): Promise<FileEntry> {
  const { format, compression } = request;
  const path = `${table.name}${extension(request)}`;
  const file = join(folder, path);
  const written = await formatNamed(format).writeRecords(file, table, compression);
  return { path, table: table.name, ...written };
}

/** @throws DatasetError if the path is a file, or a folder with other content. */
function prepareFolder(folder: string): void {
  try {
    makeFolder(folder);
    const names = readdirSync(folder);
    if (names.length > 0 && !names.some((name) => name.startsWith('manifest.')))
      throw new DatasetError(`${folder} is not empty and contains no dataset; give another --out`);
  } catch (error) {
    throw pathError('use the folder', folder, error);
  }
}

/** The files of a task, if all exist unchanged; undefined otherwise. */
function keptFiles(
  folder: string,
  task: Task,
  known: ReadonlyMap<string, FileEntry>,
): readonly FileEntry[] | undefined {
  if (task.kind !== 'readings') return undefined;
  const files = pathsOf(task).flatMap((path) => known.get(path) ?? []);
  const isWhole = ({ path, sha256 }: FileEntry) => digestOf(join(folder, path))?.sha256 === sha256;
  return files.length === task.files.length && files.every(isWhole) ? files : undefined;
}

function pathsOf(task: Task): readonly string[] {
  return task.kind === 'readings' ? task.files.map(({ path }) => path) : [];
}
