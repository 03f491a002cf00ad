import { type Draw, drawn, drawsOf, isDraw, type StoryKey } from '../core/occurrence.ts';
import { asMapping, type CompositeType, readValue } from '../schema/composite-type.ts';
import { shown } from '../schema/diagnostics.ts';
import type { ValueType } from '../schema/value-type.ts';

/** The most values that a draw chooses from. */
const CHOICES_MAX = 1000;
const DRAW_KEYS = 'between: [a, b], with scale: log if you like, or one_of: [a, b, …]';

/** A value, or a draw of one. */
export type Drawable<T> = T | Draw;

/** One of several values, which need not be numbers. */
export interface OneOf<T> {
  readonly oneOf: readonly T[];
}

/** A number or a duration, or a draw of one. */
export function drawable(type: ValueType<number>): CompositeType<Drawable<number>> {
  return {
    expected: `${type.expected}; or a draw`,
    schema: {
      anyOf: [type.schema, { $ref: '#/definitions/between' }, { $ref: '#/definitions/one_of' }],
    },
    read(value, place) {
      const content = asMapping(value);
      if (!content) {
        const parsed = type.parse(value);
        return parsed === undefined ? place.notAccepted(value, type) : parsed;
      }
      const names = Object.keys(content);
      const unknown = names.find((name) => !['between', 'scale', 'one_of'].includes(name));
      if (unknown !== undefined || names.includes('between') === names.includes('one_of'))
        return place.error(`is not a draw; ${DRAW_KEYS}`);
      if (!names.includes('one_of')) return between(content, type, place);
      if (names.includes('scale')) return place.at('scale').errorAtKey('goes with between only');
      return oneOf(type).read(value, place) as Draw | undefined;
    },
  };
}

function between(
  content: Readonly<Record<string, unknown>>,
  type: ValueType<number>,
  place: Parameters<CompositeType<unknown>['read']>[1],
): Draw | undefined {
  const at = place.at('between');
  const given = content['between'];
  if (!Array.isArray(given) || given.length !== 2)
    return at.error(`${shown(given)} is not accepted; a list of two, the lower one first`);
  const [low, high] = given.map((each, i) => readValue(each, type, at.at(i)));
  if (low === undefined || high === undefined) return undefined;
  if (typeof given[0] !== typeof given[1])
    return at.error('mixes a number and a duration; give two of one sort');
  if (low > high) return at.error(`${given[0]} is above ${given[1]}; the lower one comes first`);
  const { scale } = content;
  if (scale === undefined) return { between: [low, high] };
  if (scale !== 'log') return place.at('scale').error(`${shown(scale)} is not accepted; log`);
  if (low <= 0) return at.error(`begins at ${given[0]}; a logarithmic scale begins above 0`);
  return { between: [low, high], scale: 'log' };
}

/** A list to choose from: `{ one_of: […] }`. */
export function oneOf<T>(type: ValueType<T>): CompositeType<OneOf<T>> {
  return {
    expected: 'one_of: a list to choose from',
    schema: { $ref: '#/definitions/one_of' },
    read(value, place) {
      const at = place.at('one_of');
      const given = asMapping(value)?.['one_of'];
      if (!Array.isArray(given) || given.length === 0 || given.length > CHOICES_MAX)
        return at.error(`${shown(given)} is not accepted; a list of 1 to ${CHOICES_MAX}`);
      const values = given.map((each, i) => readValue(each, type, at.at(i)));
      const read = values.filter((each) => each !== undefined);
      return read.length === values.length ? { oneOf: read as T[] } : undefined;
    },
  };
}

/** The least and the most that a value can be. */
export function extent(value: Drawable<number>): readonly [least: number, most: number] {
  if (!isDraw(value)) return [value, value];
  if ('between' in value) return value.between;
  const numbers = value.oneOf.map(Number);
  return [Math.min(...numbers), Math.max(...numbers)];
}

/** What a value is in one occurrence of an event. */
export function resolved<T extends number | string>(
  value: T | Draw | OneOf<T>,
  story: StoryKey,
  event: string,
  index: number,
  what: string,
): T {
  if (!isDraw(value)) return value as T;
  return drawn(value, drawsOf(story, event, what).uniform(0, index)) as T;
}
