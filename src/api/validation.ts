import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import { ConfigError, FAULTS_MAX } from '../core/errors.ts';
import { Memo } from '../runtime/memo.ts';
import {
  type AnyType,
  asMapping,
  type CompositeType,
  type Content,
  type Keys,
  key,
  list,
  readMapping,
  readValue,
  required,
} from '../schema/composite-type.ts';
import { Diagnostics, REQUEST_WORDS } from '../schema/diagnostics.ts';
import { type JsonSchema, wordsFor } from '../schema/value-type.ts';

/** Compiles a schema into a check that reports all errors in a part of a request at once. */
export function compileValidator({ schema, httpPart }: { schema: TSchema; httpPart?: string }) {
  const type = typeOf(schema as JsonSchema);
  return (given: unknown): { value: unknown } | { error: ConfigError } => {
    // Everything in a URL is text.
    const value = httpPart === 'body' ? given : Value.Convert(schema, given);
    try {
      const diagnostics = new Diagnostics({ words: REQUEST_WORDS, errorsMax: FAULTS_MAX });
      readValue(value, type, diagnostics.top);
      diagnostics.check();
      return { value };
    } catch (error) {
      if (error instanceof ConfigError) return { error };
      throw error;
    }
  };
}

/** Checks of single values, compiled on first use. */
const CHECKS = new Memo((schema: JsonSchema) => Compile(schema));

/** The type that a TypeBox schema describes: objects and lists by their parts. */
function typeOf(schema: JsonSchema): AnyType<unknown> {
  if (schema.properties) return objectType(schema, schema.properties);
  const expected = wordsFor(schema);
  if (schema.items) {
    const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, items } = schema;
    return { ...list(minItems, maxItems, typeOf(items)), expected };
  }
  const isAccepted = (value: unknown) => CHECKS.of(schema).Check(value);
  return { expected, schema, parse: (value) => (isAccepted(value) ? value : undefined) };
}

function objectType(
  schema: JsonSchema,
  properties: Readonly<Record<string, JsonSchema>>,
): CompositeType<Content> {
  const keys: Keys = Object.fromEntries(
    Object.entries(properties).map(([name, property]) => {
      const isRequired = schema.required?.includes(name);
      return [name, (isRequired ? required : key)(typeOf(property), '', { name })];
    }),
  );
  return {
    expected: wordsFor(schema),
    schema,
    read(value, place) {
      const content = asMapping(value);
      if (!content || Object.keys(content).length < (schema.minProperties ?? 0))
        place.notAccepted(value, this);
      else readMapping(content, keys, place, schema.additionalProperties !== false);
      return content;
    },
  };
}
