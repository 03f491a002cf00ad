import Type, { type TSchema } from 'typebox';
import type { Incident } from '../core/anomaly.ts';
import { IS_ID } from '../core/machine-finder.ts';
import { INSTANT_PATTERN } from '../schema/times.ts';
import { NAME_KEY } from './openapi.ts';

/**
 * An id. Registries contain ids that are not RFC 4122 UUIDs, so any hexadecimal digits are
 * accepted.
 */
function idOf(description: string, example: string) {
  return Type.String({
    pattern: IS_ID.source,
    title: 'an id of 8-4-4-4-12 hexadecimal digits',
    description,
    examples: [example],
  });
}

const MACHINE_EXAMPLE = 'c0000000-0000-0000-0000-000000000001';
const FACTORY_EXAMPLE = '11111111-1111-1111-1111-111111111111';

/** The id of a machine. */
export const MachineId = idOf('Id of the machine.', MACHINE_EXAMPLE);

/** The id of a factory. */
export const FactoryId = idOf('Id of the factory.', FACTORY_EXAMPLE);

/** Longest name of a machine or factory, in characters. */
export const NAME_MAX = 255;

/** A machine by its id or, if unique, its name. */
export const MachineName = Type.String({
  minLength: 1,
  maxLength: NAME_MAX,
  title: 'an id of 8-4-4-4-12 hexadecimal digits, or the name of a machine',
  description: 'Id of a machine, or its name if no other machine has the same.',
  examples: [MACHINE_EXAMPLE],
});

/** A factory by its id or, if unique, its name. */
export const FactoryName = Type.String({
  minLength: 1,
  maxLength: NAME_MAX,
  title: 'an id of 8-4-4-4-12 hexadecimal digits, or the name of a factory',
  description: 'Id of a factory, or its name if no other factory has the same.',
  examples: [FACTORY_EXAMPLE],
});

/** Path parameters of one machine. */
export const MachinePath = Type.Object({ machine_id: MachineName });

/** An instant of simulated time in a request. */
export function instant(description: string, example: string) {
  return Type.String({
    pattern: INSTANT_PATTERN,
    title:
      'an instant like 2026-10-09T12:00:00Z or 2026-10-09T14:00:00%2B02:00 (a + is %2B in a ' +
      'URL), or a date (midnight UTC)',
    description,
    examples: [example],
  });
}

/** The query parameters of a window. */
export function windowQuery(defaultFrom: string) {
  return {
    from: Type.Optional(
      instant(`Start of the window, excluded; default: ${defaultFrom}.`, '2026-01-05T06:00:00Z'),
    ),
    to: Type.Optional(
      instant('End of the window, included; default: now.', '2026-01-05T07:00:00Z'),
    ),
  };
}

/** An instant of simulated time in a response. */
export function time(description: string, example = '2026-01-05T06:00:00Z') {
  return Type.String({ description, examples: [example] });
}

/** Text or null. */
export function textOrNull(description: string, example: string | null) {
  return Type.Unsafe<string | null>({ type: ['string', 'null'], description, examples: [example] });
}

/** A number or null. */
export function numberOrNull(description: string, example: number | null) {
  return Type.Unsafe<number | null>({ type: ['number', 'null'], description, examples: [example] });
}

/** Text. */
export function text(description: string, example: string) {
  return Type.String({ description, examples: [example] });
}

/** A number. */
export function number(description: string, example: number) {
  return Type.Number({ description, examples: [example] });
}

/** An integer. */
export function integer(description: string, example: number) {
  return Type.Integer({ description, examples: [example] });
}

/** True or false. */
export function flag(description: string) {
  return Type.Boolean({ description });
}

/** A list. */
export function list<T extends TSchema>(description: string, items: T, options: object = {}) {
  return Type.Array(items, { description, ...options });
}

/** One of some words. */
export function oneOf<const T extends readonly string[]>(description: string, words: T) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: words, description });
}

/** An object that is listed under its name in the documentation. */
export function named<P extends Record<string, TSchema>>(
  name: string,
  description: string,
  properties: P,
) {
  return Type.Object(properties, { [NAME_KEY]: name, description });
}

/** What caused an anomaly. */
export const Origin = oneOf(
  'What caused the anomaly: a command, chance, or the scenario of the factory.',
  ['injected', 'random', 'scenario'] satisfies Incident['origin'][],
);

/** The body of a command; unknown keys are rejected by name. */
export function command<P extends Record<string, TSchema>>(properties: P, options: object = {}) {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

/** The response of a command. */
export function answer<T extends TSchema>(message: string, data: T) {
  return Type.Object({
    message: text('What was done, as a sentence.', message),
    success: Type.Literal(true, { description: 'Always true.' }),
    data,
  });
}

/** The body of a response as {@link answer} describes it. */
export function answered<T>(message: string, data: T) {
  return { message, success: true as const, data };
}
