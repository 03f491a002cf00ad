import { ConfigError, clipped, type Diagnostic, nearestName } from '../core/errors.ts';
import type { ValueType } from './value-type.ts';

/** The steps from the top of the input to a value in it. */
export type Path = readonly (string | number)[];

/** The terms that a format uses in messages. */
export interface Vocabulary {
  readonly whole: string;
  readonly mapping: string;
  readonly null: string;
  readonly undefined: string;
  readonly missing: string;
  readonly unknown: string;
}

/** The terms for files, variables and options. */
const FILE_WORDS: Vocabulary = {
  whole: 'the file',
  mapping: 'a mapping',
  null: 'an empty value',
  undefined: 'an empty value',
  missing: 'is missing;',
  unknown: 'is not known;',
};

/** The terms for parts of a request, whose values are JSON. */
export const REQUEST_WORDS: Vocabulary = {
  whole: 'body',
  mapping: 'an object',
  null: 'null',
  undefined: 'nothing',
  missing: 'is required:',
  unknown: 'is not a known key;',
};

/** How messages name and locate values, and how many errors to report. */
export interface DiagnosticsOptions {
  readonly words?: Vocabulary;
  /** Stop after this many errors; by default, report all. */
  readonly errorsMax?: number;
  /** A path as the user knows it; by default its steps, joined with dots. */
  pathText?(path: Path): string;
  /**
   * The location of the value at a path, such as `plant.yaml:12:7`. For a missing value, the
   * location of its parent.
   */
  place?(path: Path): string;
  /** The location of the last key of a path. */
  keyPlace?(path: Path): string;
}

/** Collects the errors and warnings about values, with their paths and locations. */
export class Diagnostics {
  readonly errors: Diagnostic[] = [];
  readonly warnings: string[] = [];
  readonly options: DiagnosticsOptions;
  /** The top of the input. */
  readonly top = new Place(this);

  constructor(options: DiagnosticsOptions = {}) {
    this.options = options;
  }

  /** @throws ConfigError if there are errors. */
  check(): void {
    if (this.errors.length > 0) throw new ConfigError(this.errors);
  }
}

/** A place in the input, for reporting problems with the value there. */
export class Place {
  readonly diagnostics: Diagnostics;
  readonly #parent: Place | undefined;
  readonly #step: string | number;

  constructor(diagnostics: Diagnostics, parent?: Place, step: string | number = '') {
    this.diagnostics = diagnostics;
    this.#parent = parent;
    this.#step = step;
  }

  /** The place of a key's value, or of a list item. */
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
   * Reports that the value is wrong or missing.
   *
   * @throws ConfigError if the limit of errors is reached.
   */
  error(message: string): undefined {
    this.#add(message, this.diagnostics.options.place?.(this.path));
  }

  /** Reports that the key is wrong. @throws ConfigError as `error` does. */
  errorAtKey(message: string): undefined {
    this.#add(message, this.diagnostics.options.keyPlace?.(this.path));
  }

  /**
   * Reports that the value does not fit its type, with a suggestion if a known name is similar.
   *
   * @param what - The value as shown in the message: secrets are never shown.
   * @throws ConfigError as `error` does.
   */
  notAccepted(
    value: unknown,
    { expected, names, guess }: Pick<ValueType<unknown>, 'expected' | 'names' | 'guess'>,
    what = shown(value, this.words),
  ): undefined {
    const near =
      typeof value === 'string'
        ? (guess?.(value) ?? (names && nearestName(value, names())))
        : undefined;
    this.error(`${what} is not accepted; ${expected}${near ? ` (did you mean ${near}?)` : ''}`);
  }

  /** Reports that the value is accepted, but worth a line in the log. */
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

/** A value as messages show it: text in quotes, shortened to fit on a line. */
export function shown(value: unknown, words = FILE_WORDS): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return words.null;
  if (value === undefined) return words.undefined;
  if (typeof value === 'object') return words.mapping;
  return typeof value === 'string' ? JSON.stringify(clipped(value)) : String(value);
}
