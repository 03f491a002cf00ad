import { FAULTS_MAX, knownNames } from '../core/errors.ts';
import { wireName } from '../core/field.ts';
import { Memo } from '../runtime/memo.ts';
import type { Place } from './diagnostics.ts';
import type { JsonSchema, ValueType } from './value-type.ts';

/** What is accepted as a list or a mapping, whose parts are read one by one. */
export interface CompositeType<T> {
  /** Ends the sentence "… is not accepted; …". */
  readonly expected: string;
  readonly schema: JsonSchema;
  /** What the value means, after every error in it; undefined where that leaves nothing. */
  read(value: unknown, place: Place): T | undefined;
  /** The value as a file has it; without this, it is the same. */
  write?(value: T): unknown;
}

/** What is accepted as a value of any form. */
export type AnyType<T> = ValueType<T> | CompositeType<T>;

/** One key of a mapping. */
export interface Key<T> {
  readonly type: AnyType<T>;
  readonly about: string;
  /** The key as users write it, if it is not the property in snake case. */
  readonly name?: string;
  /** What stands in for a key that is missing, as users would write it. */
  readonly default?: string | number;
  /** What a key that is missing mostly means: for the documentation alone. */
  readonly usual?: string | number;
  readonly isRequired?: true;
}

/** A key that must be given. */
export type RequiredKey<T> = Key<T> & { readonly isRequired: true };

/** A key that may be left out, and always means something. */
export type DefaultKey<T> = Key<T> & { readonly default: string | number };

/** The keys that a mapping may have, by the properties that code reads them as. */
export type Keys = Readonly<Record<string, Key<unknown>>>;

type Value<K> = K extends Key<infer T> ? T : never;

/** What those of a mapping's keys mean that are there and accepted. */
export type GivenValues<K extends Keys> = string extends keyof K
  ? { readonly [N in keyof K]: Value<K[N]> }
  : { readonly [N in keyof K]?: Value<K[N]> };

type CertainNames<K extends Keys> = {
  [N in keyof K]: K[N] extends { isRequired: true } | { default: string | number } ? N : never;
}[keyof K];

/** What a mapping's keys mean, where those that must be given are. */
export type MappingValues<K extends Keys> = GivenValues<Omit<K, CertainNames<K>>> & {
  readonly [N in CertainNames<K>]: Value<K[N]>;
};

/** A mapping whose keys are yet to be read. */
export type Content = Readonly<Record<string, unknown>>;

/** A key that may be left out. */
export function key<T>(
  type: AnyType<T>,
  about: string,
  more: Pick<Key<T>, 'name' | 'usual'> = {},
): Key<T> {
  return { type, about, ...more };
}

/** A key that may be left out, where something else stands in for it. */
export function defaulted<T>(
  type: ValueType<T>,
  byDefault: string | number,
  about: string,
  more: Pick<Key<T>, 'name'> = {},
): DefaultKey<T> {
  return { type, about, default: byDefault, ...more };
}

/** A key that must be given. */
export function required<T>(
  type: AnyType<T>,
  about: string,
  more: Pick<Key<T>, 'name'> = {},
): RequiredKey<T> {
  return { type, about, ...more, isRequired: true };
}

/** A key with the property that it is read as, and the meaning of its default. */
interface Field extends Key<unknown> {
  readonly property: string;
  readonly initial: unknown;
}

/** The keys of a mapping as users write them. */
const FIELDS = new Memo((keys: Keys): ReadonlyMap<string, Field> => {
  const fields = Object.entries(keys).map(([property, key]): [string, Field] => {
    const { type, name = wireName(property), default: byDefault } = key;
    const initial = 'parse' in type && byDefault !== undefined ? type.parse(byDefault) : undefined;
    return [name, { ...key, property, initial }];
  });
  return new Map(fields);
});

/** A list whose items are of one type; those that are not accepted are left out. */
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

/** What is accepted as a mapping with certain keys. */
export interface MappingType<K extends Keys> extends CompositeType<MappingValues<K>> {
  /** What its keys mean, even where some that must be given are not. */
  readGiven(value: unknown, place: Place): GivenValues<K> | undefined;
  /** The content of a file whose values these are. */
  write(values: MappingValues<K>): Content;
}

/**
 * A mapping with certain keys. Where one that must be given is not, nothing is left of it.
 *
 * @param schema - Refers to where its schema is defined.
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

/** As many keys as fit on a line. */
const KEYS_SHOWN = 8;

/** A mapping that no key announces, such as an item of a list: messages name its keys. */
export function entry<K extends Keys>(keys: K, schema?: JsonSchema): MappingType<K> {
  const names = [...FIELDS.of(keys).keys()];
  const expected = `a mapping with ${names.slice(0, KEYS_SHOWN).join(', ')}`;
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

/** What a value means; undefined, with an error, where it is not accepted. */
export function readValue<T>(value: unknown, type: AnyType<T>, place: Place): T | undefined {
  if ('read' in type) return type.read(value, place);
  const parsed = type.parse(value);
  if (parsed === undefined) place.notAccepted(value, type);
  return parsed;
}

/** A value as a file has it. */
function writeValue<T>(value: T, type: AnyType<T>): unknown {
  return type.write ? type.write(value) : value;
}

/**
 * Reads a mapping by its keys, and reports every error in it.
 *
 * @param isOpen - Whether it may have other keys, too.
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
    place.error(`${unknown.length - FAULTS_MAX} more keys are not known`);
}

/** A value as a mapping; undefined where it is something else. */
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
        // Draft 7 ignores everything beside a reference.
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
