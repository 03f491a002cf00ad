import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { StoryText } from '../stories/index.ts';
import { type AnswerKey, joined, keyScope } from './answer-key.ts';
import { dataSheet } from './data-sheet.ts';
import { DatasetError, pathError } from './dataset-error.ts';
import type { RecordTable } from './formats/format.ts';
import { formatNamed } from './formats/index.ts';
import {
  defectsTable,
  excessTable,
  expectedTable,
  measuresTable,
  scenariosTable,
} from './key-tables.ts';
import {
  type FileEntry,
  identityOf,
  MANIFEST,
  type Manifest,
  Progress,
  readManifest,
  sealedIdentityOf,
  writeManifest,
} from './manifest.ts';
import {
  extension,
  folderOfFile,
  type Plan,
  type PlannedFile,
  plannedRows,
  type ReadingsTask,
} from './plan.ts';
import { anomaliesTable, factoriesTable, machinesTable } from './record-tables.ts';
import { type DatasetRequest, givenStories } from './request.ts';
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
  prepareFolder(folder, '--out');
  const { truthFolder } = request;
  if (truthFolder !== undefined) prepareFolder(truthFolder, '--truth-out');
  // Only the folder of the truth tells what the readings of a sealed dataset were made from.
  const sealed = truthFolder === undefined ? [] : filesOfPair(folder, truthFolder);
  const progress = progressOf(request, folder);
  const begun = progress.begin(identityOf(request));
  if (truthFolder !== undefined) new Progress(folder).begin(sealedIdentityOf(request));
  const known = new Map([...begun, ...sealed.map((file) => [file.path, file] as const)]);
  const kept = new Map<number, readonly FileEntry[]>();
  for (const [index, task] of plan.tasks.entries()) {
    if (task.kind !== 'readings') continue;
    const pathOf = (file: PlannedFile) => join(folderOfFile(file, request, folder), file.path);
    const files = keptFiles(task, known, pathOf);
    if (files) kept.set(index, files);
    else for (const file of task.files) rmSync(pathOf(file), { force: true });
  }
  const tasks = [...plan.tasks.keys()].filter((index) => !kept.has(index));
  return { allRows: plannedRows(request, plan), kept, tasks, progress };
}

/** The record of the finished files of a dataset. */
export function progressOf({ truthFolder }: DatasetRequest, folder: string): Progress {
  return new Progress(truthFolder ?? folder);
}

/** The files of a complete sealed dataset, if this is its truth. */
function filesOfPair(folder: string, truthFolder: string): readonly FileEntry[] {
  const path = join(folder, MANIFEST);
  if (!existsSync(path)) return [];
  const { truth_digest: digest, files } = readManifest(path);
  return digest === digestOf(join(truthFolder, MANIFEST))?.sha256 ? files : [];
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
  keys: readonly AnswerKey[],
): Promise<Manifest> {
  removeParts(request, folder);
  const { truthFolder } = request;
  const sealedPaths = new Set(
    plan.tasks.flatMap((task) =>
      task.kind === 'readings' ? task.files.flatMap((f) => (f.isSealed ? f.path : [])) : [],
    ),
  );
  const files = readings.filter(({ path }) => !sealedPaths.has(path));
  const secret = readings.filter(({ path }) => sealedPaths.has(path));
  for (const table of [machinesTable(request, plan), factoriesTable(request, plan)])
    files.push(await writeSmall(folder, table, request));
  const answers = truthFolder === undefined ? files : secret;
  for (const table of keyTables(request, plan, keys))
    answers.push(await writeSmall(truthFolder ?? folder, table, request));
  const sheet = writeWhole(join(folder, README), dataSheet(request, plan));
  files.push({ path: README, table: 'README', rows: 0, ...sheet });
  const { command } = request;
  if (truthFolder === undefined)
    return writeManifest(folder, { ...identityOf(request), command }, files);
  secret.push(...writeScenarios(truthFolder, request));
  writeManifest(truthFolder, { ...identityOf(request), command }, secret);
  const digest = digestOf(join(truthFolder, MANIFEST))?.sha256 as string;
  return writeManifest(folder, { ...sealedIdentityOf(request), truth_digest: digest }, files);
}

/** The tables of the answer key. */
function keyTables(
  request: DatasetRequest,
  plan: Plan,
  keys: readonly AnswerKey[],
): readonly RecordTable[] {
  const key = joined(keys);
  const scope = keyScope(request);
  return [
    anomaliesTable(plan, key, scope),
    ...(scope.ofStories
      ? [defectsTable(key), measuresTable(request, plan, key), scenariosTable(request)]
      : []),
    ...(scope.isDetailed ? [expectedTable(request, plan, key), excessTable(key)] : []),
  ];
}

/** Writes the scenarios as they were given. */
function writeScenarios(folder: string, request: DatasetRequest): readonly FileEntry[] {
  const { stories: texts = [] } = request;
  return givenStories(request).map(({ name }, i) => {
    const path = `scenarios/${name}.yaml`;
    const written = writeWhole(join(folder, path), (texts[i] as StoryText).text);
    return { path, table: 'scenario', rows: 0, ...written };
  });
}

/** Removes unfinished files of workers that were killed. */
export function removeParts({ truthFolder }: DatasetRequest, folder: string): void {
  for (const each of truthFolder === undefined ? [folder] : [folder, truthFolder]) {
    if (!existsSync(each)) continue;
    for (const name of readdirSync(each, { recursive: true }).map(String))
      if (name.endsWith(PART)) rmSync(join(each, name), { force: true });
  }
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
function prepareFolder(folder: string, option: string): void {
  try {
    makeFolder(folder);
    const names = readdirSync(folder);
    if (names.length > 0 && !names.some((name) => name.startsWith('manifest.')))
      throw new DatasetError(
        `${folder} is not empty and contains no dataset; give another ${option}`,
      );
  } catch (error) {
    throw pathError('use the folder', folder, error);
  }
}

/** The files of a task, if all exist unchanged; undefined otherwise. */
function keptFiles(
  { files: planned }: ReadingsTask,
  known: ReadonlyMap<string, FileEntry>,
  pathOf: (file: PlannedFile) => string,
): readonly FileEntry[] | undefined {
  const files = planned.flatMap((file) => {
    const entry = known.get(file.path);
    return entry && digestOf(pathOf(file))?.sha256 === entry.sha256 ? entry : [];
  });
  return files.length === planned.length ? files : undefined;
}
