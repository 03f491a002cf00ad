import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import type { FastifySchemaValidationError } from 'fastify/types/schema.js';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { clipped, type Diagnostic, FAULTS_MAX, knownNames } from '../core/errors.ts';

Settings.Set({ maxErrors: FAULTS_MAX });

/** A part of a request that is well-formed but not what the route accepts. */
export class InvalidRequest extends Error {
  readonly faults: readonly Diagnostic[];

  constructor(faults: readonly Diagnostic[]) {
    super('the request is not accepted; nothing was changed');
    this.name = 'InvalidRequest';
    this.faults = faults;
  }
}

/** What of a JSON Schema is looked at to say what it accepts. */
interface Accepting {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minProperties?: number;
  readonly properties?: Readonly<Record<string, Accepting>>;
  readonly items?: Accepting;
  readonly additionalProperties?: unknown;
}

/**
 * Compiles a schema into a check that names every fault in a request's part at once.
 *
 * What may be as long as a body, its keys and its lists, is looked through here, up to the last
 * fault that is told; the check itself would describe all of it.
 */
export function compileValidator(route: { schema: TSchema; httpPart?: string }) {
  const schema = route.schema as Accepting;
  const check = TypeBoxValidatorCompiler(route as Parameters<typeof TypeBoxValidatorCompiler>[0]);
  const isItem = new Map<string, (item: unknown) => boolean>();
  for (const [name, { items }] of Object.entries(schema.properties ?? {})) {
    const checkItem = items && Compile(items as TSchema);
    if (checkItem) isItem.set(name, (item) => checkItem.Check(item));
  }
  return (value: unknown) => {
    const faults = new Map<string, Diagnostic>();
    const unknown = unknownKeys(schema, value);
    for (const name of unknown) add(faults, [name], unknownKey(name, schema));
    const known = unknown.length === 0 ? value : knownPart(schema, value as object);
    const lists = longLists(schema, known, isItem, faults);
    if (faults.size === FAULTS_MAX) return { error: new InvalidRequest([...faults.values()]) };
    const short = lists.length === 0 ? known : { ...(known as object), ...emptied(lists) };
    const result = check(short) as { value?: unknown; error?: FastifySchemaValidationError[] };
    if (!result.error && faults.size === 0) return result;
    const isTold = ([key = '']: readonly string[], keyword: string) =>
      lists.includes(key) || (keyword === 'minProperties' && unknown.length > 0);
    describe(faults, result.error ?? [], schema, short, isTold);
    return { error: new InvalidRequest([...faults.values()].slice(0, FAULTS_MAX)) };
  };
}

/** The first keys of an object that its schema does not have, if it has to have them all. */
function unknownKeys({ additionalProperties, properties = {} }: Accepting, value: unknown) {
  const unknown: string[] = [];
  if (additionalProperties !== false || !isObject(value)) return unknown;
  for (const name in value) {
    if (!Object.hasOwn(properties, name)) unknown.push(name);
    if (unknown.length === FAULTS_MAX) break;
  }
  return unknown;
}

function knownPart({ properties = {} }: Accepting, value: object): object {
  const known = Object.keys(properties).filter((name) => Object.hasOwn(value, name));
  return Object.fromEntries(known.map((name) => [name, (value as Record<string, unknown>)[name]]));
}

/** The names of lists that are too long or have wrong items, whose faults are added. */
function longLists(
  { properties = {} }: Accepting,
  value: unknown,
  isItem: ReadonlyMap<string, (item: unknown) => boolean>,
  faults: Map<string, Diagnostic>,
): string[] {
  if (!isObject(value)) return [];
  return [...isItem].flatMap(([name, isGood]) => {
    const list = value[name];
    const schema = properties[name] ?? {};
    const { maxItems = Number.POSITIVE_INFINITY, items = {} } = schema;
    if (!Array.isArray(list)) return [];
    const before = faults.size;
    if (list.length > maxItems) add(faults, [name], notAccepted(list, schema));
    else
      for (const [i, item] of list.entries()) {
        if (faults.size === FAULTS_MAX) break;
        if (!isGood(item)) add(faults, [name, String(i)], notAccepted(item, items));
      }
    return faults.size > before ? [name] : [];
  });
}

function emptied(names: readonly string[]): Record<string, never[]> {
  return Object.fromEntries(names.map((name) => [name, []]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(
  faults: Map<string, Diagnostic>,
  errors: readonly FastifySchemaValidationError[],
  schema: Accepting,
  value: unknown,
  isTold: (keys: readonly string[], keyword: string) => boolean,
): void {
  for (const { keyword, instancePath, params } of errors) {
    const keys = instancePath.split('/').slice(1).map(unescaped);
    if (isTold(keys, keyword)) continue;
    const at = followed(schema, value, keys);
    if (keyword === 'required') {
      for (const name of params['requiredProperties'] as string[])
        add(faults, [...keys, name], `is required: ${accepts(at.schema.properties?.[name] ?? {})}`);
    } else add(faults, keys, notAccepted(at.value, at.schema));
  }
}

function notAccepted(value: unknown, schema: Accepting): string {
  return `${shown(value)} is not accepted; ${accepts(schema)}`;
}

/** The first fault found at a path says it all. */
function add(faults: Map<string, Diagnostic>, keys: readonly string[], message: string): void {
  const path = keys.map(clipped).join('.') || 'body';
  if (!faults.has(path)) faults.set(path, { path, message });
}

function unescaped(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}

function followed(schema: Accepting, value: unknown, keys: readonly string[]) {
  let [s, v] = [schema, value];
  for (const key of keys) {
    s = s.properties?.[key] ?? s.items ?? {};
    v = (v as Record<string, unknown> | undefined)?.[key];
  }
  return { schema: s, value: v };
}

function unknownKey(name: string, { properties = {} }: Accepting): string {
  return `is not a known key; ${knownNames(name, Object.keys(properties))}`;
}

/** What a schema accepts, as the end of a sentence. */
function accepts(schema: Accepting): string {
  if (schema.title) return schema.title;
  if (schema.enum) return `one of ${schema.enum.map(String).join(', ')}`;
  const types = [schema.type ?? 'any value'].flat();
  return types.map((type) => acceptedOf(type, schema)).join(' or ');
}

function acceptedOf(type: string, schema: Accepting): string {
  const { minimum, maximum, minItems, maxItems, minLength, maxLength, properties, minProperties } =
    schema;
  switch (type) {
    case 'number':
      return `a number${range(minimum, maximum)}`;
    case 'integer':
      return `a whole number${range(minimum, maximum)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return `text${range(minLength, maxLength, ' characters')}`;
    case 'array':
      return `a list${range(minItems, maxItems, ' entries')}`;
    case 'object':
      return objectOf(Object.keys(properties ?? {}), minProperties);
    default:
      return type;
  }
}

function objectOf(keys: readonly string[], minProperties = 0): string {
  return `an object with ${minProperties > 0 ? 'at least one of ' : ''}${keys.join(', ')}`;
}

function range(min: number | undefined, max: number | undefined, unit = ''): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}${unit}`;
  if (min !== undefined) return ` of at least ${min}${unit}`;
  return max !== undefined ? ` of at most ${max}${unit}` : '';
}

/** A value as a sentence names it: lists and objects may be as long as a body. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'string') return JSON.stringify(clipped(value));
  return value === undefined ? 'nothing' : String(value);
}
