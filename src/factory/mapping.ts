import { ConfigError, type Diagnostic, FAULTS_MAX, knownNames } from '../core/errors.ts';
import { type JsonSchema, type Kind, notAccepted, shown } from '../schema/kinds.ts';
import type { FileDocument, Path } from './document.ts';

/** One key of a mapping in a factory file. */
export interface Key<T> {
  readonly kind: Kind<T>;
  readonly about: string;
  /** What holds when the key is missing, where that is always the same. */
  readonly default?: string | number;
  readonly isRequired?: true;
}

/** The keys that a mapping may have. */
export type Keys = Readonly<Record<string, Key<unknown>>>;

/** What a mapping's keys mean; undefined where one is missing or at fault. */
export type MappingValues<K extends Keys> = {
  readonly [N in keyof K]: K[N] extends Key<infer T> ? T | undefined : never;
};

/** A list of mappings, which are checked one by one. */
export function list(min: number, max: number, items: JsonSchema): Kind<readonly unknown[]> {
  return {
    accepts: `a list of ${min} to ${max}`,
    schema: { type: 'array', minItems: min, maxItems: max, items },
    read: (value) =>
      Array.isArray(value) && value.length >= min && value.length <= max ? value : undefined,
  };
}

/** A mapping, whose keys are checked one by one. */
export function mapping(schema: JsonSchema): Kind<Readonly<Record<string, unknown>>> {
  return {
    accepts: 'a mapping',
    schema,
    read: (value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? (value as Record<string, unknown>)
        : undefined,
  };
}

/** Faults of a file that are described at most. */
const FILE_FAULTS_MAX = 250;

/** Gathers what is wrong with a file, each fault with its path and its place in the file. */
export class Findings {
  readonly faults: Diagnostic[] = [];
  readonly remarks: string[] = [];
  readonly #document: FileDocument;

  constructor(document: FileDocument) {
    this.#document = document;
  }

  /**
   * The value at a path is wrong or, where there is none, missing.
   *
   * @throws ConfigError where there are so many faults that no more are looked for.
   */
  fault(path: Path, message: string): void {
    this.#add(path, message, this.#document.place(path));
  }

  /** The key that a path ends in is wrong. */
  keyFault(path: Path, message: string): void {
    this.#add(path, message, this.#document.keyPlace(path));
  }

  remark(path: Path, message: string): void {
    this.remarks.push(`${path.join('.')}: ${message} (${this.#document.place(path)})`);
  }

  #add(path: Path, message: string, place: string): void {
    this.faults.push({ path: path.join('.') || 'the file', message: `${message} (${place})` });
    if (this.faults.length >= FILE_FAULTS_MAX) throw new ConfigError(this.faults);
  }
}

/** Reads a mapping by its table of keys, and finds every fault in it. */
export function readMapping<K extends Keys>(
  value: unknown,
  keys: K,
  path: Path,
  findings: Findings,
): MappingValues<K> {
  const values: Record<string, unknown> = {};
  const content = mapping({}).read(value);
  if (!content) {
    const accepts = `a mapping with ${Object.keys(keys).slice(0, KEYS_SHOWN).join(', ')}`;
    findings.fault(path, `${shown(value)} is not accepted; ${accepts}`);
    return values as MappingValues<K>;
  }
  const unknown = Object.keys(content).filter((name) => !Object.hasOwn(keys, name));
  for (const name of unknown.slice(0, FAULTS_MAX))
    findings.keyFault([...path, name], `is not known; ${knownNames(name, Object.keys(keys))}`);
  if (unknown.length > FAULTS_MAX)
    findings.fault(path, `${unknown.length - FAULTS_MAX} more keys are not known`);
  for (const [name, { kind, isRequired }] of Object.entries(keys)) {
    if (Object.hasOwn(content, name)) {
      values[name] = kind.read(content[name]);
      if (values[name] === undefined)
        findings.fault([...path, name], notAccepted(content[name], kind));
    } else if (isRequired) {
      findings.fault([...path, name], `is missing; ${kind.accepts}`);
    }
  }
  return values as MappingValues<K>;
}

/** As many keys as a line takes. */
const KEYS_SHOWN = 8;
