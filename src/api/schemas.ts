import Type, { type TSchema } from 'typebox';
import type { Incident } from '../core/anomaly.ts';
import { IS_ID } from '../core/machine-finder.ts';
import { INSTANT_PATTERN } from '../schema/times.ts';

/**
 * The id of a machine or factory. Registries contain ids that are not RFC 4122 UUIDs, so any
 * hexadecimal digits are accepted.
 */
export const Id = Type.String({
  pattern: IS_ID.source,
  title: 'an id of 8-4-4-4-12 hexadecimal digits',
  examples: ['c0000000-0000-0000-0000-000000000001'],
});

/** The id of a factory. */
export const FactoryId = Type.String({
  ...Id,
  examples: ['11111111-1111-1111-1111-111111111111'],
});

/** Longest name of a machine, in characters. */
export const NAME_MAX = 255;

/** A machine by its id or, if unique, its name. */
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

/** The query parameters of a window. */
export const WindowQuery = { from: Type.Optional(Instant), to: Type.Optional(Instant) };

/** A time in a response. */
export const Time = Type.String({ examples: ['2026-10-09T12:00:00Z'] });

/** Text or null. */
export function textOrNull(options: { examples?: string[]; description?: string } = {}) {
  return Type.Unsafe<string | null>({ type: ['string', 'null'], ...options });
}

/** A number or null. */
export function numberOrNull(options: { description?: string } = {}) {
  return Type.Unsafe<number | null>({ type: ['number', 'null'], ...options });
}

/** One of some words. */
export function oneOf<const T extends readonly string[]>(words: T, options: object = {}) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: words, ...options });
}

/** What caused an anomaly. */
export const Origin = oneOf(['injected', 'random', 'scenario'] satisfies Incident['origin'][]);

/** The body of a command; unknown keys are rejected by name. */
export function command<P extends Record<string, TSchema>>(properties: P, options: object = {}) {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

/** The response of a command. */
export function answer<T extends TSchema>(data: T) {
  return Type.Object({ message: Type.String(), success: Type.Literal(true), data });
}

/** The body of a response as {@link answer} describes it. */
export function answered<T>(message: string, data: T) {
  return { message, success: true as const, data };
}

/** The body of every error response. */
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
  400: 'Malformed request',
  401: 'The key is missing or wrong',
  403: 'Not allowed from this address or page',
  404: 'Unknown id',
  406: 'Format not available',
  409: 'Conflict with the current state',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'Well-formed but invalid; all invalid fields are listed with what is accepted',
  429: 'Too many requests',
  503: 'A required part is unavailable',
} as const;

/** Response schemas of a route: success, and the possible errors. */
export function responses<T extends TSchema>(good: T, ...statuses: (keyof typeof FAILURES)[]) {
  return { 200: good, ...failures(...statuses) };
}

/** Schemas of error responses; every route may exceed the rate limit. */
export function failures(...statuses: (keyof typeof FAILURES)[]) {
  const schemas: Record<number, TSchema> = {};
  for (const status of [...statuses, 429] as const)
    schemas[status] = { ...Failure, description: FAILURES[status] } as TSchema;
  return schemas;
}

/** Errors that every command may return. */
export const COMMAND_FAILURES = [400, 401, 403, 413, 415, 422, 503] as const;
