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
  readonly options: DiagnosticsOptions;
  /** The top of what was given. */
  readonly top = new Place(this);

  constructor(options: DiagnosticsOptions = {}) {
    this.options = options;
  }

  /** @throws ConfigError where there are errors. */
  check(): void {
    if (this.errors.length > 0) throw new ConfigError(this.errors);
  }
}

/** A place in what was given, and what is said of the value there. */
export class Place {
  readonly diagnostics: Diagnostics;
  readonly #parent: Place | undefined;
  readonly #step: string | number;

  constructor(diagnostics: Diagnostics, parent?: Place, step: string | number = '') {
    this.diagnostics = diagnostics;
    this.#parent = parent;
    this.#step = step;
  }

  /** The place of a key's value, or of an item. */
  at(step: string | number): Place {
    return new Place(this.diagnostics, this, step);
  }

  get path(): Path {
    return this.#parent ? [...this.#parent.path, this.#step] : [];
  }

  get words(): Vocabulary {
    return this.diagnostics.options.words ?? FILE_WORDS;
  }

  toString(): string {
    const { pathText } = this.diagnostics.options;
    if (pathText) return pathText(this.path);
    return this.path.map((step) => clipped(String(step))).join('.') || this.words.whole;
  }

  /**
   * The value is wrong or, where there is none, missing.
   *
   * @throws ConfigError where there are so many errors that no more are looked for.
   */
  error(message: string): undefined {
    this.#add(message, this.diagnostics.options.place?.(this.path));
  }

  /** The key is wrong. @throws ConfigError as `error` does. */
  errorAtKey(message: string): undefined {
    this.#add(message, this.diagnostics.options.keyPlace?.(this.path));
  }

  /**
   * The value is not what its type expects, which may be a name that is close.
   *
   * @param what - The value as the sentence calls it: secrets are never shown.
   * @throws ConfigError as `error` does.
   */
  notAccepted(
    value: unknown,
    { expected, names }: Pick<ValueType<unknown>, 'expected' | 'names'>,
    what = shown(value, this.words),
  ): undefined {
    const near = typeof value === 'string' && names ? nearestName(value, names()) : undefined;
    this.error(`${what} is not accepted; ${expected}${near ? ` (did you mean ${near}?)` : ''}`);
  }

  /** The value is accepted, but worth a line in the log. */
  warning(message: string): void {
    const where = this.diagnostics.options.place?.(this.path);
    this.diagnostics.warnings.push(`${this}: ${located(message, where)}`);
  }

  #add(message: string, where: string | undefined): void {
    const { errors, options } = this.diagnostics;
    errors.push({ path: String(this), message: located(message, where) });
    if (errors.length >= (options.errorsMax ?? Number.POSITIVE_INFINITY)) this.diagnostics.check();
  }
}

function located(message: string, where: string | undefined): string {
  return where === undefined ? message : `${message} (${where})`;
}

/** A value as a message shows it: text in quotes, and no more of it than fits on a line. */
export function shown(value: unknown, words = FILE_WORDS): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return words.null;
  if (value === undefined) return words.undefined;
  if (typeof value === 'object') return words.mapping;
  return typeof value === 'string' ? JSON.stringify(clipped(value)) : String(value);
}
