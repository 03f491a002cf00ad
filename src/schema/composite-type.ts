import { FAULTS_MAX, knownNames } from '../core/errors.ts';
import { wireName } from '../core/field.ts';
import { Memo } from '../runtime/memo.ts';
import type { Place } from './diagnostics.ts';
import type { JsonSchema, ValueType } from './value-type.ts';

/** A list or a mapping, whose parts are read one by one. */
export interface CompositeType<T> {
  /** Completes the sentence "… is not accepted; …". */
  readonly expected: string;
  readonly schema: JsonSchema;
  /** The meaning of the value. Reports every error in it; undefined if nothing usable is left. */
  read(value: unknown, place: Place): T | undefined;
  /** Converts a value back to its form in a file. Without this, it stays the same. */
  write?(value: T): unknown;
}

/** The type of a scalar, a list or a mapping. */
export type AnyType<T> = ValueType<T> | CompositeType<T>;

/** One key of a mapping. */
export interface Key<T> {
  readonly type: AnyType<T>;
  readonly about: string;
  /** The key as users write it, unless it is the property in snake case. */
  readonly name?: string;
  /** The default for a missing key, as users would write it. */
  readonly default?: string | number;
  /** What usually applies if the key is missing, for the documentation only. */
  readonly usual?: string | number;
  readonly isRequired?: true;
}

/** A required key. */
export type RequiredKey<T> = Key<T> & { readonly isRequired: true };

/** An optional key with a default. */
export type DefaultKey<T> = Key<T> & { readonly default: string | number };

/** The keys of a mapping, by their property names in the code. */
export type Keys = Readonly<Record<string, Key<unknown>>>;

type Value<K> = K extends Key<infer T> ? T : never;

/** The values of the keys that are present and valid. */
export type GivenValues<K extends Keys> = string extends keyof K
  ? { readonly [N in keyof K]: Value<K[N]> }
  : { readonly [N in keyof K]?: Value<K[N]> };

type CertainNames<K extends Keys> = {
  [N in keyof K]: K[N] extends { isRequired: true } | { default: string | number } ? N : never;
}[keyof K];

/** The values of a mapping whose required keys are all present. */
export type MappingValues<K extends Keys> = GivenValues<Omit<K, CertainNames<K>>> & {
  readonly [N in CertainNames<K>]: Value<K[N]>;
};

/** A mapping whose keys have not been read yet. */
export type Content = Readonly<Record<string, unknown>>;

/** An optional key. */
export function key<T>(
  type: AnyType<T>,
  about: string,
  more: Pick<Key<T>, 'name' | 'usual'> = {},
): Key<T> {
  return { type, about, ...more };
}

/** An optional key with a default. */
export function defaulted<T>(
  type: ValueType<T>,
  byDefault: string | number,
  about: string,
  more: Pick<Key<T>, 'name'> = {},
): DefaultKey<T> {
  return { type, about, default: byDefault, ...more };
}

/** A required key. */
export function required<T>(
  type: AnyType<T>,
  about: string,
  more: Pick<Key<T>, 'name'> = {},
): RequiredKey<T> {
  return { type, about, ...more, isRequired: true };
}

/** A key with its property name and the parsed default. */
interface Field extends Key<unknown> {
  readonly property: string;
  readonly initial: unknown;
}

/** The keys of a mapping, by the names that users write. */
const FIELDS = new Memo((keys: Keys): ReadonlyMap<string, Field> => {
  const fields = Object.entries(keys).map(([property, key]): [string, Field] => {
    const { type, name = wireName(property), default: byDefault } = key;
    const initial = 'parse' in type && byDefault !== undefined ? type.parse(byDefault) : undefined;
    return [name, { ...key, property, initial }];
  });
  return new Map(fields);
});

/** A list with items of one type. Invalid items are left out. */
export function list<T>(min: number, max: number, items: AnyType<T>): CompositeType<readonly T[]> {
  return {
    expected: `a list of ${min} to ${max}`,
    schema: { type: 'array', minItems: min, maxItems: max, items: items.schema },
    read(value, place) {
      if (Array.isArray(value) && value.length >= min && value.length <= max)
        return value
          .map((item, i) => readValue(item, items, place.at(i)))
          .filter((item) => item !== undefined);
      return place.notAccepted(value, this);
    },
    write: (value) => value.map((item) => writeValue(item, items)),
  };
}

/** A mapping with a fixed set of keys. */
export interface MappingType<K extends Keys> extends CompositeType<MappingValues<K>> {
  /** The values of its keys, even if required ones are missing. */
  readGiven(value: unknown, place: Place): GivenValues<K> | undefined;
  /** Converts the values back to the content of a file. */
  write(values: MappingValues<K>): Content;
}

/**
 * A mapping with a fixed set of keys. If a required one is missing, the result is undefined.
 *
 * @param schema - A reference to the definition of its schema.
 */
export function mapping<K extends Keys>(
  keys: K,
  schema: JsonSchema = { type: 'object' },
): MappingType<K> {
  const certain = Object.entries(keys)
    .filter(([, { isRequired, default: byDefault }]) => isRequired || byDefault !== undefined)
    .map(([property]) => property);
  return {
    expected: 'a mapping',
    schema,
    readGiven(value, place) {
      const content = asMapping(value);
      if (content) return readMapping(content, keys, place);
      return place.notAccepted(value, this);
    },
    read(value, place) {
      const values: GivenValues<Keys> | undefined = this.readGiven(value, place);
      const isWhole = values && certain.every((property) => values[property] !== undefined);
      return isWhole ? (values as MappingValues<K>) : undefined;
    },
    write(values) {
      const entries = [...FIELDS.of(keys)].flatMap(([name, { property, type }]) => {
        const each = (values as Content)[property];
        return each === undefined ? [] : [[name, writeValue(each, type)] as const];
      });
      return Object.fromEntries(entries);
    },
  };
}

/** The number of keys that fit on a line. */
const KEYS_SHOWN = 8;

/** A mapping without a key of its own, such as a list item: messages list its keys. */
export function entry<K extends Keys>(keys: K, schema?: JsonSchema): MappingType<K> {
  const names = [...FIELDS.of(keys).keys()];
  const expected = `a mapping with ${names.slice(0, KEYS_SHOWN).join(', ')}`;
  return { ...mapping(keys, schema), expected };
}

/** A mapping with arbitrary keys. */
export function anyMapping(schema: JsonSchema): ValueType<Content> {
  return { expected: 'a mapping', schema, parse: asMapping };
}

/** A value that is accepted here and checked elsewhere, by rules that depend on other values. */
export function unread(schema: JsonSchema): ValueType<unknown> {
  return { expected: 'any value', schema, parse: (value) => value };
}

/** Converts a list or a mapping once its parts are read. */
export function mapped<T, U extends T>(
  type: CompositeType<T>,
  convert: (parts: T, place: Place) => U | undefined,
): CompositeType<U> {
  return {
    ...type,
    read(value, place) {
      const parts = type.read(value, place);
      return parts === undefined ? undefined : convert(parts, place);
    },
  };
}

/** The meaning of a value. Undefined, with an error, if it is not accepted. */
export function readValue<T>(value: unknown, type: AnyType<T>, place: Place): T | undefined {
  if ('read' in type) return type.read(value, place);
  const parsed = type.parse(value);
  if (parsed === undefined) place.notAccepted(value, type);
  return parsed;
}

/** Converts a value to its form in a file. */
function writeValue<T>(value: T, type: AnyType<T>): unknown {
  return type.write ? type.write(value) : value;
}

/**
 * Reads a mapping by its keys, and reports every error in it.
 *
 * @param isOpen - Whether other keys are allowed, too.
 */
export function readMapping<K extends Keys>(
  content: Content,
  keys: K,
  place: Place,
  isOpen = false,
): GivenValues<K> {
  const fields = FIELDS.of(keys);
  if (!isOpen) reportUnknown(content, fields, place);
  const values: Record<string, unknown> = {};
  for (const [name, { property, type, initial, isRequired }] of fields) {
    const isGiven = Object.hasOwn(content, name);
    const value = isGiven ? readValue(content[name], type, place.at(name)) : initial;
    if (value !== undefined) values[property] = value;
    else if (isRequired && !isGiven)
      place.at(name).error(`${place.words.missing} ${type.expected}`);
  }
  return values as GivenValues<K>;
}

function reportUnknown(content: Content, known: ReadonlyMap<string, unknown>, place: Place): void {
  const unknown = Object.keys(content).filter((name) => !known.has(name));
  for (const name of unknown.slice(0, FAULTS_MAX)) {
    const accepted = knownNames(name, [...known.keys()]);
    place.at(name).errorAtKey(`${place.words.unknown} ${accepted}`);
  }
  if (unknown.length > FAULTS_MAX)
    place.error(`${unknown.length - FAULTS_MAX} more keys are unknown`);
}

/** A value as a mapping; undefined if it is something else. */
export function asMapping(value: unknown): Content | undefined {
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMapping ? (value as Content) : undefined;
}

/** The JSON Schema of a mapping. */
export function objectSchema(keys: Keys): JsonSchema {
  const fields = [...FIELDS.of(keys)];
  const properties = fields.map(([name, { type, about, usual, default: byDefault = usual }]) => {
    const { $ref, ...rest } = type.schema;
    return [
      name,
      {
        description: about,
        // Draft 7 ignores everything next to a reference.
        ...($ref === undefined ? rest : { allOf: [{ $ref }] }),
        ...(byDefault === undefined ? {} : { default: byDefault }),
      },
    ];
  });
  const needed = fields.flatMap(([name, { isRequired }]) => (isRequired ? name : []));
  return {
    type: 'object',
    additionalProperties: false,
    ...(needed.length > 0 ? { required: needed } : {}),
    properties: Object.fromEntries(properties),
  };
}
