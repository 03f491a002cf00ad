import { appendFileSync, closeSync, constants, existsSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../core/journal.ts';
import { timeText } from '../encoding/time.ts';
import { readRegularFile } from '../runtime/regular-file.ts';
import { DatasetError, pathError } from './dataset-error.ts';
import { type DatasetRequest, recordsDigest } from './request.ts';
import { writeWhole } from './whole-file.ts';

/** Name of the manifest in a dataset's folder. */
export const MANIFEST = 'manifest.json';
/** What is known of a dataset that is not whole: its identity, then a line a file. */
const PARTIAL = 'manifest.partial.jsonl';
/** A text is no longer than this; a file is named in some 250 bytes. */
const MANIFEST_MAX_BYTES = 500 * 1024 * 1024;
/** Version of the manifest's own form. */
const FORMAT_VERSION = 1;

/** One file of a dataset. */
export interface FileEntry {
  /** Below the dataset's folder, with `/`. */
  readonly path: string;
  readonly table: string;
  /** The factory by its name in topics, where the path does not have all of it. */
  readonly factory?: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a dataset follows from: the same identity, the same files. */
export interface Identity {
  readonly format_version: number;
  readonly generator: string;
  readonly version: string;
  readonly seed: number;
  readonly factory_digest: string;
  readonly settings: Settings;
  /** Of what reached the factories from outside. */
  readonly journal_digest: string;
  readonly from: string;
  readonly to: string;
  readonly machines: readonly string[];
  /** Interval that readings were condensed to [s]; null: each machine's own. */
  readonly resample_seconds: number | null;
  readonly format: string;
  readonly compression: string;
  readonly partition: string;
  readonly labels: boolean;
  readonly clean: boolean;
}

/** What a dataset says of itself. */
export interface Manifest extends Identity {
  /** The command that makes it again. */
  readonly command: string;
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** In the order of their paths. */
  readonly files: readonly FileEntry[];
}

/** The identity of the dataset that a request asks for. */
export function identityOf(request: DatasetRequest): Identity {
  return {
    format_version: FORMAT_VERSION,
    generator: 'enms-simulator',
    version: request.version,
    seed: request.seed,
    factory_digest: recordsDigest(request.factories),
    settings: request.settings,
    journal_digest: recordsDigest(request.events),
    from: timeText(request.fromMs),
    to: timeText(request.toMs),
    machines: request.machineIds,
    resample_seconds: request.resampleMs === undefined ? null : request.resampleMs / 1000,
    format: request.format,
    compression: request.compression,
    partition: request.partition,
    labels: request.hasLabels,
    clean: request.hasClean,
  };
}

/** Writes the manifest: from now on the dataset is whole. */
export function writeManifest(
  folder: string,
  identity: Identity,
  command: string,
  files: readonly FileEntry[],
): Manifest {
  const rows: Record<string, number> = {};
  const ordered = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (const { table, rows: count } of ordered) rows[table] = (rows[table] ?? 0) + count;
  const manifest: Manifest = { ...identity, command, rows, files: ordered };
  writeWhole(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  rmSync(join(folder, PARTIAL), { force: true });
  return manifest;
}

/**
 * Reads a manifest.
 *
 * @throws DatasetError where there is none, or what is there is none.
 */
export function readManifest(path: string): Manifest {
  const text = readText(path);
  if (text === undefined) throw new DatasetError(`${path} does not exist: no dataset is here`);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new DatasetError(`${path} is not JSON, so it is no manifest`, { cause: error });
  }
  const { format_version: version, files } = (content ?? {}) as Partial<Manifest>;
  if (version !== FORMAT_VERSION || !Array.isArray(files) || !files.every(isEntry))
    throw new DatasetError(`${path} is no manifest of format_version ${FORMAT_VERSION}`);
  return content as Manifest;
}

function isEntry(entry: unknown): entry is FileEntry {
  const { path, sha256, bytes, rows, table } = (entry ?? {}) as Partial<FileEntry>;
  const isWhole = typeof bytes === 'number' && typeof rows === 'number';
  return [path, sha256, table].every((text) => typeof text === 'string') && isWhole;
}

/** The record of what is done of a dataset, kept so that a second run goes on where one ended. */
export class Progress {
  readonly #folder: string;

  /** Goes on with the record of a folder. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Begins the record of a dataset.
   *
   * @returns The files that a run before this one has finished, by path.
   * @throws DatasetError where the folder holds another dataset.
   */
  begin(identity: Identity): ReadonlyMap<string, FileEntry> {
    const folder = this.#folder;
    const path = join(folder, PARTIAL);
    const found = previous(folder, path);
    const difference = found && identityDifference(found.identity, identity);
    if (difference)
      throw new DatasetError(
        `${folder} holds another dataset (${difference}); give another --out, or remove it`,
      );
    const known = new Map(found?.files.map((file) => [file.path, file]));
    const lines = [identity, ...known.values()].map((line) => `${JSON.stringify(line)}\n`);
    writeWhole(path, lines.join(''));
    rmSync(join(folder, MANIFEST), { force: true });
    return known;
  }

  /** Remembers files that are whole; nothing more, once all of them are. */
  add(files: readonly FileEntry[]): void {
    const path = join(this.#folder, PARTIAL);
    const lines = files.map((file) => `${JSON.stringify(file)}\n`).join('');
    try {
      // Not made anew: another process may have put the manifest in its place.
      const descriptor = openSync(path, constants.O_WRONLY | constants.O_APPEND);
      try {
        appendFileSync(descriptor, lines);
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      const isWhole = existsSync(join(this.#folder, MANIFEST));
      if (!isWhole || (error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw pathError('write', path, error);
    }
  }
}

/** Whether a folder holds a dataset that was begun and is not whole. */
export function isBegun(folder: string): boolean {
  return existsSync(join(folder, PARTIAL));
}

/** The first key in which two identities differ, with both values; undefined if there is none. */
export function identityDifference(
  a: Partial<Identity>,
  b: Identity,
  except: readonly (keyof Manifest)[] = [],
): string | undefined {
  for (const key of Object.keys(b) as (keyof Identity)[]) {
    const [left, right] = [a[key], b[key]].map((value) => JSON.stringify(value) ?? 'nothing');
    if (left !== right && !except.includes(key)) return `${key}: ${left} and ${right}`;
  }
  return undefined;
}

interface Found {
  readonly identity: Partial<Identity>;
  readonly files: readonly FileEntry[];
}

function previous(folder: string, partial: string): Found | undefined {
  const text = readText(partial);
  if (text === undefined) {
    const path = join(folder, MANIFEST);
    if (readText(path) === undefined) return undefined;
    const manifest = readManifest(path);
    return { identity: manifest, files: manifest.files };
  }
  const lines = text.split('\n').flatMap((line): unknown[] => {
    try {
      return [JSON.parse(line)];
    } catch {
      // The end of a line that was being written when the process was killed.
      return [];
    }
  });
  return { identity: lines[0] as Partial<Identity>, files: lines.slice(1).filter(isEntry) };
}

function readText(path: string): string | undefined {
  try {
    return readRegularFile(path, MANIFEST_MAX_BYTES).toString('utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw pathError('read', path, error);
  }
}
