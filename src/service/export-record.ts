import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileEntry, MANIFEST, type Manifest } from '../dataset/manifest.ts';
import type { DatasetRequest } from '../dataset/request.ts';
import { digestOf, makeFolder, writeWhole } from '../dataset/whole-file.ts';

/** What was asked for, as far as it is told again. */
export type ExportAsked = Pick<
  DatasetRequest,
  | 'fromMs'
  | 'toMs'
  | 'machineIds'
  | 'format'
  | 'compression'
  | 'partition'
  | 'hasLabels'
  | 'hasClean'
  | 'resampleMs'
>;

/** An export: what was asked for, and how far it is. */
export interface ExportRecord {
  readonly id: string;
  readonly asked: ExportAsked;
  readonly state: 'running' | 'done' | 'failed';
  /** The process of a cluster that makes it; null where a simulator is alone. */
  readonly owner: string | null;
  /** When it was asked for, and when it ended, in real time [ms]. */
  readonly createdMs: number;
  readonly endedMs: number | null;
  /** Why it failed, in a sentence. */
  readonly error: string | null;
  /** Rows of readings that are written, and that there will be. */
  readonly rows: number;
  readonly allRows: number;
  /** Bytes of its files so far. */
  readonly bytes: number;
  /** Once it is done, its files with the manifest. */
  readonly files: readonly FileEntry[];
}

const RECORD = 'export.json';
/** A file that says that an export is to end. */
const END = 'end';
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The record of an export that begins now. */
export function newRecord(
  request: DatasetRequest,
  owner: string | null,
  createdMs: number,
): ExportRecord {
  const { fromMs, toMs, machineIds, format, compression, partition } = request;
  const { hasLabels, hasClean, resampleMs } = request;
  return {
    id: randomUUID(),
    asked: {
      fromMs,
      toMs,
      machineIds,
      format,
      compression,
      partition,
      hasLabels,
      hasClean,
      ...(resampleMs !== undefined && { resampleMs }),
    },
    state: 'running',
    owner,
    createdMs,
    endedMs: null,
    error: null,
    rows: 0,
    allRows: 0,
    bytes: 0,
    files: [],
  };
}

/** The ids of the exports that a folder has, whole or not. */
export function exportIds(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => ID.test(name)) : [];
}

/** Asks whoever makes an export to end it, which is another process. */
export function askForEnd(folder: string, id: string): void {
  writeWhole(join(folder, id, END), '');
}

/** Whether somebody has asked for the end of an export. */
export function isAskedForEnd(folder: string, id: string): boolean {
  return existsSync(join(folder, id, END));
}

/** The record of an export; undefined where there is none to be read. */
export function readRecord(folder: string, id: string): ExportRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, id, RECORD), 'utf8')) as ExportRecord;
  } catch {
    // A process that was killed leaves a folder without one; whose export it was nobody knows.
    return undefined;
  }
}

/** @throws DatasetError where it cannot be written. */
export function writeRecord(folder: string, record: ExportRecord): void {
  makeFolder(join(folder, record.id));
  writeWhole(join(folder, record.id, RECORD), JSON.stringify(record));
}

/** Where an export's dataset is. */
export function datasetFolder(folder: string, id: string): string {
  return join(folder, id, 'dataset');
}

/** All files of a dataset: what its manifest lists, and the manifest. */
export function filesOf(dataset: string, { files }: Manifest): readonly FileEntry[] {
  const digest = digestOf(join(dataset, MANIFEST));
  if (!digest) return files;
  return [{ path: MANIFEST, table: 'manifest', rows: 0, ...digest }, ...files];
}

/** Bytes of all files below a folder; files that go meanwhile do not count. */
export async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const path of await readdir(folder, { recursive: true }).catch(() => []))
    bytes += await stat(join(folder, path)).then(
      (found) => (found.isFile() ? found.size : 0),
      () => 0,
    );
  return bytes;
}
