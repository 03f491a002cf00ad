import { appendFileSync, closeSync, constants, existsSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../core/journal.ts';
import type { Story } from '../core/story.ts';
import { timeText } from '../encoding/time.ts';
import { readRegularFile } from '../runtime/regular-file.ts';
import { DatasetError, pathError } from './dataset-error.ts';
import { type DatasetRequest, givenStories, recordsDigest } from './request.ts';
import { splitSpans } from './split.ts';
import { writeWhole } from './whole-file.ts';

/** Name of the manifest in a dataset's folder. */
export const MANIFEST = 'manifest.json';
/** The record of an incomplete dataset: its identity, then one line per file. */
const PARTIAL = 'manifest.partial.jsonl';
/** Limit of a string's length; one file takes about 250 bytes. */
const MANIFEST_MAX_BYTES = 500 * 1024 * 1024;
/** Version of the manifest format. */
const FORMAT_VERSION = 1;

/** One file of a dataset. */
export interface FileEntry {
  /** Relative to the dataset's folder, with `/`. */
  readonly path: string;
  readonly table: string;
  /** The factory's name in topics, if the path contains only a part of it. */
  readonly factory?: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** Everything that determines a dataset: equal identities give equal files. */
export interface Identity {
  readonly format_version: number;
  readonly generator: string;
  readonly version: string;
  readonly seed: number;
  readonly factory_digest: string;
  readonly settings: Settings;
  /** Digest of the external events. */
  readonly journal_digest: string;
  readonly from: string;
  readonly to: string;
  readonly machines: readonly string[];
  /** Resampling interval [s]; null: the interval of each machine. */
  readonly resample_seconds: number | null;
  readonly format: string;
  readonly compression: string;
  readonly partition: string;
  readonly labels: boolean;
  readonly clean: boolean;
  /** Set if machines have energy registers: when all of them stood at 0. */
  readonly registers_from?: string;
  /** Set if all machines have energy registers, not only those that are described so. */
  readonly registers?: 'all';
  /** Set if scenarios are told: their names, and the digests of their files, in order. */
  readonly scenarios?: readonly { readonly name: string; readonly digest: string }[];
  /** Set if a scenario is told whose times are relative to a given start. */
  readonly scenario_start?: string;
  /** Set if a scenario has periods: their spans. */
  readonly periods?: Readonly<Record<string, { readonly from: string; readonly to: string }>>;
  /** Set if readings are told with when they were delivered, even without labels. */
  readonly received?: true;
  /** Set if there is a twin without instrument defects. */
  readonly true?: true;
  /** Set if there are twins without an event: the ids of the events. */
  readonly without?: readonly string[];
  /** Set for wide tables: the spans of train, validation and test. */
  readonly split?: ReturnType<typeof splitSpans>;
}

/** An identity, without what gives the answer away if that is sealed. */
type ShownIdentity = Omit<Identity, Secret> & Partial<Pick<Identity, Secret>>;
type Secret = 'seed' | 'journal_digest';

/** The manifest of a dataset. */
export interface Manifest extends ShownIdentity {
  /** The command that reproduces it; absent if the truth is sealed. */
  readonly command?: string;
  /** SHA-256 of the manifest of the sealed truth, if there is one. */
  readonly truth_digest?: string;
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** In the order of their paths. */
  readonly files: readonly FileEntry[];
}

/** The identity of a requested dataset. */
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
    // Absent otherwise, so that datasets of older versions stay equal.
    ...(request.registersFromMs !== undefined && {
      registers_from: timeText(request.registersFromMs),
      ...(request.haveAllRegisters && { registers: 'all' as const }),
    }),
    ...storyIdentity(request),
    ...(request.wide && { split: splitSpans(request.wide.split, request) }),
  };
}

/** What the folder of a dataset shows of its identity if the truth is sealed. */
export function sealedIdentityOf(request: DatasetRequest): ShownIdentity {
  const { hasTrue: _true, without: _without, ...bare } = request;
  const {
    seed: _seed,
    journal_digest: _journal,
    scenarios: _scenarios,
    scenario_start: _start,
    ...shown
  } = identityOf({ ...bare, hasLabels: false, hasClean: false });
  return shown;
}

/** What the scenarios of a dataset add to its identity. */
function storyIdentity(request: DatasetRequest): Partial<Identity> {
  const { stories: texts = [], isReceived, hasTrue, without = [] } = request;
  const stories = givenStories(request);
  const startS = texts.find((text) => text.startS !== undefined)?.startS;
  const periods = stories.find((story) => story.periods)?.periods;
  return {
    ...(stories.length > 0 && {
      scenarios: stories.map(({ name, digest = '' }) => ({ name, digest })),
      ...(startS !== undefined && { scenario_start: timeText(1000 * startS) }),
      ...(periods && { periods: periodTexts(periods) }),
    }),
    ...(isReceived && { received: true as const }),
    ...(hasTrue && { true: true as const }),
    ...(without.length > 0 && { without }),
  };
}

/** Periods as texts, as the manifest and the table of scenarios show them. */
export function periodTexts(
  periods: NonNullable<Story['periods']>,
): NonNullable<Identity['periods']> {
  return Object.fromEntries(
    Object.entries(periods).map(([name, { fromS, toS }]) => [
      name,
      { from: timeText(1000 * fromS), to: timeText(1000 * toS) },
    ]),
  );
}

/** Writes the manifest, which marks the dataset as complete. */
export function writeManifest(
  folder: string,
  head: Omit<Manifest, 'rows' | 'files'>,
  files: readonly FileEntry[],
): Manifest {
  const rows: Record<string, number> = {};
  const ordered = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (const { table, rows: count } of ordered) rows[table] = (rows[table] ?? 0) + count;
  const manifest: Manifest = { ...head, rows, files: ordered };
  writeWhole(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  rmSync(join(folder, PARTIAL), { force: true });
  return manifest;
}

/**
 * Reads a manifest.
 *
 * @throws DatasetError if there is none, or it is not valid.
 */
export function readManifest(path: string): Manifest {
  const text = readText(path);
  if (text === undefined) throw new DatasetError(`${path} does not exist, so there is no dataset`);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new DatasetError(`${path} is not JSON, so it is not a manifest`, { cause: error });
  }
  const { format_version: version, files } = (content ?? {}) as Partial<Manifest>;
  if (version !== FORMAT_VERSION || !Array.isArray(files) || !files.every(isEntry))
    throw new DatasetError(`${path} is not a manifest of format_version ${FORMAT_VERSION}`);
  return content as Manifest;
}

function isEntry(entry: unknown): entry is FileEntry {
  const { path, sha256, bytes, rows, table } = (entry ?? {}) as Partial<FileEntry>;
  const isWhole = typeof bytes === 'number' && typeof rows === 'number';
  return [path, sha256, table].every((text) => typeof text === 'string') && isWhole;
}

/** The record of the finished files of a dataset, which lets a second run resume. */
export class Progress {
  readonly #folder: string;

  /** Opens the record of a folder. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Starts the record of a dataset.
   *
   * @returns The files that an earlier run finished, by path.
   * @throws DatasetError if the folder contains another dataset.
   */
  begin(identity: ShownIdentity): ReadonlyMap<string, FileEntry> {
    const folder = this.#folder;
    const path = join(folder, PARTIAL);
    const found = previous(folder, path);
    const difference = found && identityDifference(found.identity, identity, OUTCOME);
    if (difference)
      throw new DatasetError(
        `${folder} contains another dataset (${difference}); give another --out, or remove it`,
      );
    const known = new Map(found?.files.map((file) => [file.path, file]));
    const lines = [identity, ...known.values()].map((line) => `${JSON.stringify(line)}\n`);
    writeWhole(path, lines.join(''));
    rmSync(join(folder, MANIFEST), { force: true });
    return known;
  }

  /** Records finished files; does nothing once the dataset is complete. */
  add(files: readonly FileEntry[]): void {
    const path = join(this.#folder, PARTIAL);
    const lines = files.map((file) => `${JSON.stringify(file)}\n`).join('');
    try {
      // Never created here: another process may have replaced it by the manifest.
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

/** Whether a folder contains an incomplete dataset. */
export function isBegun(folder: string): boolean {
  return existsSync(join(folder, PARTIAL));
}

/** Keys of a manifest that say what came of the identity. */
const OUTCOME = ['command', 'truth_digest', 'rows', 'files'] as const;

/** The first key in which two identities differ, with both values; undefined if they are equal. */
export function identityDifference(
  a: Partial<Identity>,
  b: ShownIdentity,
  except: readonly (keyof Manifest)[] = [],
): string | undefined {
  for (const key of Object.keys({ ...b, ...a }) as (keyof Identity)[]) {
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
      // An incomplete line from when the process was killed.
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
