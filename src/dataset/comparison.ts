import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathError } from './dataset-error.ts';
import { FORMATS } from './formats/index.ts';
import {
  type FileEntry,
  identityDifference,
  MANIFEST,
  type Manifest,
  readManifest,
} from './manifest.ts';
import { digestOf } from './whole-file.ts';

/** A dataset with its files, or only its manifest. */
export interface ComparedDataset {
  /** As the user named it. */
  readonly name: string;
  readonly manifest: Manifest;
  /** The folder of its files; undefined for a manifest alone, which is trusted. */
  readonly folder: string | undefined;
}

/**
 * Opens a dataset's folder, or a manifest without its files.
 *
 * @throws DatasetError if there is none.
 */
export function openDataset(name: string): ComparedDataset {
  let isFolder: boolean;
  try {
    isFolder = statSync(name).isDirectory();
  } catch (error) {
    throw pathError('read', name, error);
  }
  const manifest = readManifest(isFolder ? join(name, MANIFEST) : name);
  return { name, manifest, folder: isFolder ? name : undefined };
}

/**
 * Describes the first difference between two datasets; undefined if they are equal. Each dataset
 * is first checked against its own manifest, then the manifests are compared. The version and the
 * command that made them are ignored: equal data are equal.
 *
 * @param onProgress - Called after each verified file with their number so far, and of all.
 */
export function firstDifference(
  a: ComparedDataset,
  b: ComparedDataset,
  onProgress: (done: number, all: number) => void = () => {},
): string | undefined {
  const verified = (b.name === a.name ? [a] : [a, b]).filter(({ folder }) => folder !== undefined);
  const all = verified.reduce((sum, { manifest }) => sum + manifest.files.length, 0);
  let done = 0;
  const onFile = () => onProgress(++done, all);
  return (
    damage(a, onFile) ??
    (b.name === a.name ? undefined : damage(b, onFile)) ??
    identityDifference(a.manifest, b.manifest, NOT_COMPARED) ??
    fileDifference(a, b)
  );
}

/** Keys that are ignored, and the files, which are compared one by one. */
const NOT_COMPARED = ['version', 'command', 'rows', 'files'] as const;

/** The first deviation of a dataset from its manifest. */
function damage(
  { folder, name, manifest }: ComparedDataset,
  onFile: () => void,
): string | undefined {
  if (folder === undefined) return undefined;
  for (const file of manifest.files) {
    const difference = fileDamage(folder, file);
    onFile();
    if (difference !== undefined) return `${name}: ${difference}`;
  }
  return undefined;
}

/** The deviation of a file from its manifest; undefined if there is none. */
export function fileDamage(folder: string, file: FileEntry): string | undefined {
  const { path, sha256, bytes } = file;
  const found = digestOf(join(folder, path));
  if (!found) return `${path} is missing`;
  if (found.bytes !== bytes)
    return `${path} has ${found.bytes} bytes, but ${bytes} in its manifest`;
  return found.sha256 === sha256 ? undefined : `${path} does not match its manifest (SHA-256)`;
}

function fileDifference(a: ComparedDataset, b: ComparedDataset): string | undefined {
  const others = new Map(b.manifest.files.map((file) => [file.path, file]));
  for (const file of a.manifest.files) {
    const other = others.get(file.path);
    if (!other) return `${file.path} is in ${a.name} only`;
    if (file.sha256 !== other.sha256) return contentDifference(a, b, file, other);
    others.delete(file.path);
  }
  for (const path of others.keys()) return `${path} is in ${b.name} only`;
  return undefined;
}

function contentDifference(
  a: ComparedDataset,
  b: ComparedDataset,
  file: FileEntry,
  other: FileEntry,
): string {
  if (file.rows !== other.rows) return `${file.path}: ${file.rows} and ${other.rows} rows`;
  if (!isText(file.path) || a.folder === undefined || b.folder === undefined)
    return `${file.path}: the contents differ (SHA-256)`;
  const line = differingLine(join(a.folder, file.path), join(b.folder, file.path));
  return `${file.path}, line ${line.number}:\n  ${line.texts.join('\n  ')}`;
}

/** Whether a file is text, whose lines can be shown. */
function isText(path: string): boolean {
  const ends = FORMATS.filter(({ lines }) => lines).map((format) => format.extension('none'));
  return ['.md', ...ends].some((end) => path.endsWith(end));
}

const CHUNK_BYTES = 1 << 16;

/** The first line in which two texts differ. */
function differingLine(a: string, b: string): { number: number; texts: readonly string[] } {
  const lines = [linesOf(a), linesOf(b)];
  for (let number = 1; ; number++) {
    const texts = lines.map((each) => each.next().value ?? '(end of the file)');
    if (texts[0] === texts[1]) continue;
    for (const each of lines) each.return(undefined);
    return { number, texts };
  }
}

/** The lines of a file, with one chunk of it in memory. */
function* linesOf(path: string): Generator<string, undefined, undefined> {
  const descriptor = openSync(path, 'r');
  try {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const decoder = new TextDecoder();
    let rest = '';
    for (let read = readSync(descriptor, chunk); read > 0; read = readSync(descriptor, chunk)) {
      const lines = (rest + decoder.decode(chunk.subarray(0, read), { stream: true })).split('\n');
      rest = lines.pop() as string;
      yield* lines;
    }
    if (rest !== '') yield rest;
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}
