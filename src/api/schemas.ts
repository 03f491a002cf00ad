import Type, { type TSchema } from 'typebox';
import { IS_ID } from '../core/machine-finder.ts';
import { INSTANT_PATTERN } from '../schema/times.ts';

/**
 * A machine's or factory's id. Registries hold ids that are no RFC 4122 UUIDs, so any digits do.
 */
export const Id = Type.String({
  pattern: IS_ID.source,
  title: 'an id of 8-4-4-4-12 hexadecimal digits',
  examples: ['c0000000-0000-0000-0000-000000000001'],
});

/** Characters of a machine's name. */
export const NAME_MAX = 255;

/** A machine by its id or, where no other machine has it, its name. */
export const MachineName = Type.String({
  minLength: 1,
  maxLength: NAME_MAX,
  title: 'an id of 8-4-4-4-12 hexadecimal digits, or the name of a machine',
  examples: ['c0000000-0000-0000-0000-000000000001'],
});

/** Path parameters of one machine. */
export const MachinePath = Type.Object({ machine_id: MachineName });

/** An instant of simulated time. */
export const Instant = Type.String({
  pattern: INSTANT_PATTERN,
  title:
    'an instant like 2026-10-09T12:00:00Z or 2026-10-09T14:00:00%2B02:00 (a + is %2B in a URL), ' +
    'or a date (midnight UTC)',
  examples: ['2026-10-09T12:00:00Z'],
});

/** A time in an answer. */
export const Time = Type.String({ examples: ['2026-10-09T12:00:00Z'] });

/** Text, or null where there is none. */
export function textOrNull(options: { examples?: string[]; description?: string } = {}) {
  return Type.Unsafe<string | null>({ type: ['string', 'null'], ...options });
}

/** A number, or null where there is none. */
export function numberOrNull(options: { description?: string } = {}) {
  return Type.Unsafe<number | null>({ type: ['number', 'null'], ...options });
}

/** One of some words. */
export function oneOf<const T extends readonly string[]>(words: T, options: object = {}) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: words, ...options });
}

/** The body of a command; keys that it does not know are refused by name. */
export function command<P extends Record<string, TSchema>>(properties: P, options: object = {}) {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

/** What a command answers. */
export function answer<T extends TSchema>(data: T) {
  return Type.Object({ message: Type.String(), success: Type.Literal(true), data });
}

/** What is answered in place of anything else when something is wrong. */
const Failure = Type.Object({
  success: Type.Literal(false),
  message: Type.String(),
  errors: Type.Optional(
    Type.Array(
      Type.Object({
        path: Type.String({ examples: ['severity'] }),
        message: Type.String({ examples: ['9 is not accepted; a number from 1 to 5'] }),
      }),
    ),
  ),
});

const FAILURES = {
  400: 'Malformed',
  401: 'The key is missing or wrong',
  403: 'Not from there',
  404: 'Unknown id',
  406: 'No such format',
  409: 'Conflict with how things stand',
  413: 'The body is too large',
  415: 'The body is no JSON',
  422: 'Well-formed but invalid; every invalid field is named with what is accepted',
  429: 'Too many requests',
  503: 'A part that is needed is down',
} as const;

/** Response schemas of a route: the good answer, and the failures that it may have. */
export function responses<T extends TSchema>(good: T, ...statuses: (keyof typeof FAILURES)[]) {
  return { 200: good, ...failures(...statuses) };
}

/** Response schemas of failures; every route may be asked too often. */
export function failures(...statuses: (keyof typeof FAILURES)[]) {
  const schemas: Record<number, TSchema> = {};
  for (const status of [...statuses, 429] as const)
    schemas[status] = { ...Failure, description: FAILURES[status] } as TSchema;
  return schemas;
}

/** Failures that every command may have. */
export const COMMAND_FAILURES = [400, 401, 403, 413, 415, 422, 503] as const;
