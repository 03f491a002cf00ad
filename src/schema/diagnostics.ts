import { ConfigError, clipped, type Diagnostic, nearestName } from '../core/errors.ts';
import type { ValueType } from './value-type.ts';

/** Steps from the top of what was given to a value in it. */
export type Path = readonly (string | number)[];

/** What a format calls the things that sentences are about. */
export interface Vocabulary {
  readonly whole: string;
  readonly mapping: string;
  readonly null: string;
  readonly undefined: string;
  readonly missing: string;
  readonly unknown: string;
}

/** The words for files, variables and options. */
const FILE_WORDS: Vocabulary = {
  whole: 'the file',
  mapping: 'a mapping',
  null: 'an empty value',
  undefined: 'an empty value',
  missing: 'is missing;',
  unknown: 'is not known;',
};

/** The words for parts of a request, whose values are those of JSON. */
export const REQUEST_WORDS: Vocabulary = {
  whole: 'body',
  mapping: 'an object',
  null: 'null',
  undefined: 'nothing',
  missing: 'is required:',
  unknown: 'is not a known key;',
};

/** Where values come from: how messages call them, and how many are described. */
export interface DiagnosticsOptions {
  readonly words?: Vocabulary;
  /** Errors after which no more are looked for; without it all are. */
  readonly errorsMax?: number;
  /** A path as the user knows it; its steps with dots between them, if not given. */
  pathText?(path: Path): string;
  /** `plant.yaml:12:7`, of the value at a path or, where there is none, of what should hold it. */
  place?(path: Path): string;
  /** The place of the key that a path ends in. */
  keyPlace?(path: Path): string;
}

/** Collects what is wrong with values, each error with its path and its place. */
export class Diagnostics {
  readonly errors: Diagnostic[] = [];
  readonly warnings: string[] = [];
  readonly words: Vocabulary;
  readonly #options: DiagnosticsOptions;

  constructor(options: DiagnosticsOptions = {}) {
    this.#options = options;
    this.words = options.words ?? FILE_WORDS;
  }

  /**
   * The value at a path is wrong or, where there is none, missing.
   *
   * @throws ConfigError where there are so many errors that no more are looked for.
   */
  error(path: Path, message: string): void {
    this.#add(path, message, this.#options.place?.(path));
  }

  /** The key that a path ends in is wrong. @throws ConfigError as `error` does. */
  errorAtKey(path: Path, message: string): void {
    this.#add(path, message, this.#options.keyPlace?.(path));
  }

  /** The value at a path is accepted, but worth a line in the log. */
  warning(path: Path, message: string): void {
    this.warnings.push(`${this.#textOf(path)}: ${placed(message, this.#options.place?.(path))}`);
  }

  /** @throws ConfigError where there are errors. */
  check(): void {
    if (this.errors.length > 0) throw new ConfigError(this.errors);
  }

  #add(path: Path, message: string, place: string | undefined): void {
    this.errors.push({ path: this.#textOf(path), message: placed(message, place) });
    const { errorsMax = Number.POSITIVE_INFINITY } = this.#options;
    if (this.errors.length >= errorsMax) this.check();
  }

  #textOf(path: Path): string {
    if (this.#options.pathText) return this.#options.pathText(path);
    return path.map((step) => clipped(String(step))).join('.') || this.words.whole;
  }
}

function placed(message: string, place: string | undefined): string {
  return place === undefined ? message : `${message} (${place})`;
}

/** The sentence about a value: what was found, what is accepted, and the nearest name. */
export function notAccepted(
  value: unknown,
  { expected, names }: Pick<ValueType<unknown>, 'expected' | 'names'>,
  words = FILE_WORDS,
): string {
  const near = typeof value === 'string' && names ? nearestName(value, names()) : undefined;
  const hint = near ? ` (did you mean ${near}?)` : '';
  return `${shown(value, words)} is not accepted; ${expected}${hint}`;
}

/** A value as a message shows it: text in quotes, and no more of it than fits on a line. */
export function shown(value: unknown, words = FILE_WORDS): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return words.null;
  if (value === undefined) return words.undefined;
  if (typeof value === 'object') return words.mapping;
  return typeof value === 'string' ? JSON.stringify(clipped(value)) : String(value);
}
