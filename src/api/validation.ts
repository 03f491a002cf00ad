import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import type { FastifySchemaValidationError } from 'fastify/types/schema.js';
import type { TSchema } from 'typebox';
import { Settings } from 'typebox/system';
import { type Fault, knownNames } from '../core/errors.ts';

/** Faults that are told at once; more say nothing more, and a body may hold 100,000. */
const FAULTS_MAX = 50;
/** Characters of an offending value that are repeated to whoever sent it. */
const SHOWN_MAX = 60;

Settings.Set({ maxErrors: FAULTS_MAX });

/** A part of a request that is well-formed but not what the route accepts. */
export class InvalidRequest extends Error {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
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
}

/** Compiles a schema into a check that names every fault in a request's part at once. */
export function compileValidator(route: { schema: TSchema; httpPart?: string }) {
  const check = TypeBoxValidatorCompiler(route as Parameters<typeof TypeBoxValidatorCompiler>[0]);
  return (value: unknown) => {
    const result = check(value) as { value?: unknown; error?: FastifySchemaValidationError[] };
    if (!result.error) return result;
    return { error: new InvalidRequest(describedFaults(result.error, route.schema, value)) };
  };
}

function describedFaults(
  errors: readonly FastifySchemaValidationError[],
  schema: TSchema,
  value: unknown,
): Fault[] {
  const faults = new Map<string, Fault>();
  for (const { keyword, instancePath, params } of errors) {
    const keys = instancePath.split('/').slice(1).map(unescaped);
    const at = followed(schema as Accepting, value, keys);
    if (keyword === 'additionalProperties') {
      for (const name of params['additionalProperties'] as string[])
        add(faults, [...keys, name], unknownKey(name, at.schema));
    } else if (keyword === 'required') {
      for (const name of params['requiredProperties'] as string[])
        add(faults, [...keys, name], `is required: ${accepts(at.schema.properties?.[name] ?? {})}`);
    } else if (keyword !== 'boolean')
      add(faults, keys, `${shown(at.value)} is not accepted; ${accepts(at.schema)}`);
  }
  return [...faults.values()];
}

/** The first fault found at a path says it all. */
function add(faults: Map<string, Fault>, keys: readonly string[], message: string): void {
  const path = keys.join('.') || 'body';
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

function shown(value: unknown): string {
  // JSON knows no infinity, but a client may write 1e999.
  const isEndless = typeof value === 'number' && !Number.isFinite(value);
  const text = isEndless ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
