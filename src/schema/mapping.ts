import { FAULTS_MAX, knownNames } from '../core/errors.ts';
import { type Diagnostics, notAccepted, type Path } from './diagnostics.ts';
import type { JsonSchema, ValueType } from './value-type.ts';

/** What is accepted as a list or a mapping, whose parts are read one by one. */
export interface CompositeType<T> {
  /** Ends the sentence "… is not accepted; …". */
  readonly expected: string;
  readonly schema: JsonSchema;
  /** What the value means, after every error in it; undefined where that leaves nothing. */
  read(value: unknown, path: Path, diagnostics: Diagnostics): T | undefined;
}

/** What is accepted as a value of any form. */
export type AnyType<T> = ValueType<T> | CompositeType<T>;

/** One key of a mapping. */
export interface Key<T> {
  readonly type: AnyType<T>;
  readonly about: string;
  /** The value of a key that is missing, where it is always the same. */
  readonly default?: string | number;
  readonly isRequired?: true;
}

/** The keys that a mapping may have. */
export type Keys = Readonly<Record<string, Key<unknown>>>;

/** What a mapping's keys mean; undefined where one is missing or at fault. */
export type MappingValues<K extends Keys> = {
  readonly [N in keyof K]: K[N] extends Key<infer T> ? T | undefined : never;
};

/** A mapping whose keys are yet to be read. */
export type Content = Readonly<Record<string, unknown>>;

/** A key that may be left out. */
export function key<T>(type: AnyType<T>, about: string, byDefault?: string | number): Key<T> {
  return byDefault === undefined ? { type, about } : { type, about, default: byDefault };
}

/** A key that must be given. */
export function required<T>(type: AnyType<T>, about: string): Key<T> {
  return { type, about, isRequired: true };
}

/** A list whose items are of one type; those that are not accepted are left out. */
export function list<T>(min: number, max: number, items: AnyType<T>): CompositeType<readonly T[]> {
  return {
    expected: `a list of ${min} to ${max}`,
    schema: { type: 'array', minItems: min, maxItems: max, items: items.schema },
    read(value, path, diagnostics) {
      if (Array.isArray(value) && value.length >= min && value.length <= max)
        return value
          .map((item, i) => readValue(item, items, [...path, i], diagnostics))
          .filter((item) => item !== undefined);
      diagnostics.error(path, notAccepted(value, this, diagnostics.words));
      return undefined;
    },
  };
}

/**
 * A mapping with certain keys.
 *
 * @param schema - Refers to where its schema is defined.
 */
export function mapping<K extends Keys>(
  keys: K,
  schema: JsonSchema = { type: 'object' },
): CompositeType<MappingValues<K>> {
  return {
    expected: 'a mapping',
    schema,
    read(value, path, diagnostics) {
      const content = asMapping(value);
      if (content) return readMapping(content, keys, path, diagnostics);
      diagnostics.error(path, notAccepted(value, this, diagnostics.words));
      return undefined;
    },
  };
}

/** As many keys as fit on a line. */
const KEYS_SHOWN = 8;

/** A mapping that no key announces, such as an item of a list: messages name its keys. */
export function entry<K extends Keys>(
  keys: K,
  schema?: JsonSchema,
): CompositeType<MappingValues<K>> {
  const expected = `a mapping with ${Object.keys(keys).slice(0, KEYS_SHOWN).join(', ')}`;
  return { ...mapping(keys, schema), expected };
}

/** A mapping with any keys. */
export function anyMapping(schema: JsonSchema): ValueType<Content> {
  return { expected: 'a mapping', schema, parse: asMapping };
}

/** A value that is accepted here and read elsewhere, by rules that depend on other values. */
export function unread(schema: JsonSchema): ValueType<unknown> {
  return { expected: 'any value', schema, parse: (value) => value };
}

/** Another meaning of a list or a mapping, made of its parts once they are read. */
export function mapped<T, U>(
  type: CompositeType<T>,
  convert: (parts: T, path: Path, diagnostics: Diagnostics) => U | undefined,
): CompositeType<U> {
  return {
    ...type,
    read(value, path, diagnostics) {
      const parts = type.read(value, path, diagnostics);
      return parts === undefined ? undefined : convert(parts, path, diagnostics);
    },
  };
}

/** What a value means; undefined, with an error, where it is not accepted. */
export function readValue<T>(
  value: unknown,
  type: AnyType<T>,
  path: Path,
  diagnostics: Diagnostics,
): T | undefined {
  if ('read' in type) return type.read(value, path, diagnostics);
  const parsed = type.parse(value);
  if (parsed === undefined) diagnostics.error(path, notAccepted(value, type, diagnostics.words));
  return parsed;
}

/**
 * Reads a mapping by its keys, and reports every error in it.
 *
 * @param isOpen - Whether it may have other keys, too.
 */
export function readMapping<K extends Keys>(
  content: Content,
  keys: K,
  path: Path,
  diagnostics: Diagnostics,
  isOpen = false,
): MappingValues<K> {
  if (!isOpen) reportUnknown(content, keys, path, diagnostics);
  const values: Record<string, unknown> = {};
  for (const [name, { type, isRequired }] of Object.entries(keys)) {
    if (Object.hasOwn(content, name))
      values[name] = readValue(content[name], type, [...path, name], diagnostics);
    else if (isRequired)
      diagnostics.error([...path, name], `${diagnostics.words.missing} ${type.expected}`);
  }
  return values as MappingValues<K>;
}

function reportUnknown(content: Content, keys: Keys, path: Path, diagnostics: Diagnostics): void {
  const unknown = Object.keys(content).filter((name) => !Object.hasOwn(keys, name));
  for (const name of unknown.slice(0, FAULTS_MAX)) {
    const accepted = knownNames(name, Object.keys(keys));
    diagnostics.errorAtKey([...path, name], `${diagnostics.words.unknown} ${accepted}`);
  }
  if (unknown.length > FAULTS_MAX)
    diagnostics.error(path, `${unknown.length - FAULTS_MAX} more keys are not known`);
}

/** A value as a mapping; undefined where it is something else. */
export function asMapping(value: unknown): Content | undefined {
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMapping ? (value as Content) : undefined;
}

/** The JSON Schema of a mapping. */
export function objectSchema(keys: Keys): JsonSchema {
  const properties = Object.entries(keys).map(([name, { type, about, default: byDefault }]) => {
    const { $ref, ...rest } = type.schema;
    return [
      name,
      {
        description: about,
        // Draft 7 ignores everything beside a reference.
        ...($ref === undefined ? rest : { allOf: [{ $ref }] }),
        ...(byDefault === undefined ? {} : { default: byDefault }),
      },
    ];
  });
  const isRequired = Object.keys(keys).filter((name) => keys[name]?.isRequired);
  return {
    type: 'object',
    additionalProperties: false,
    ...(isRequired.length > 0 ? { required: isRequired } : {}),
    properties: Object.fromEntries(properties),
  };
}
