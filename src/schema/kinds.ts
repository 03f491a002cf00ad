import { isIP } from 'node:net';
import { nearestName } from '../core/errors.ts';

/** A fragment of a JSON Schema, draft 7. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly $ref?: string;
  readonly [keyword: string]: unknown;
}

/** What is accepted as a value: in words, as JSON Schema, and as a function. */
export interface Kind<T> {
  /** Ends the sentence "… is not accepted; …". */
  readonly accepts: string;
  readonly schema: JsonSchema;
  /** What the value means, or undefined where it is not accepted. */
  read(value: unknown): T | undefined;
  /** Names that are accepted, to find the one that was probably meant. */
  names?(): Iterable<string>;
}

/** A number between two limits, both included. */
export function number(min: number, max: number): Kind<number> {
  return {
    accepts: `${min} to ${max}`,
    schema: { type: 'number', minimum: min, maximum: max },
    read: (value) =>
      typeof value === 'number' && value >= min && value <= max ? value : undefined,
  };
}

/** A whole number between two limits, both included. */
export function whole(min: number, max: number): Kind<number> {
  return {
    accepts: `a whole number from ${min} to ${max}`,
    schema: { type: 'integer', minimum: min, maximum: max },
    read: (value) => (Number.isInteger(value) ? number(min, max).read(value) : undefined),
  };
}

/** A number above zero, up to a limit. */
export function positive(max: number): Kind<number> {
  return {
    accepts: `a number above 0, up to ${max}`,
    schema: { type: 'number', exclusiveMinimum: 0, maximum: max },
    read: (value) => (value === 0 ? undefined : number(0, max).read(value)),
  };
}

/** The lowest and the highest of some numbers. */
export type Range = readonly [low: number, high: number];

/** Two numbers of a kind, the lower one first; both may be the same. */
export function range({ accepts, schema, read }: Kind<number>): Kind<Range> {
  return {
    accepts: `a list of the lowest and the highest, each ${accepts}`,
    schema: { type: 'array', minItems: 2, maxItems: 2, items: schema },
    read: (value) => {
      if (!Array.isArray(value) || value.length !== 2) return undefined;
      const [low, high] = [read(value[0]), read(value[1])];
      return low !== undefined && high !== undefined && low <= high ? [low, high] : undefined;
    },
  };
}

/** Yes or no. */
export const FLAG: Kind<boolean> = {
  accepts: 'true or false',
  schema: { type: 'boolean' },
  read: (value) => (typeof value === 'boolean' ? value : undefined),
};

/** One of some names or numbers; names are accepted in any case. */
export function choice<const T extends string | number>(options: readonly T[]): Kind<T> {
  const isNumeric = typeof options[0] === 'number';
  return {
    accepts: options.join(', ').replace(/, (?=[^,]*$)/, ' or '),
    schema: { type: isNumeric ? 'integer' : 'string', enum: options },
    read: (value) => {
      const wanted = typeof value === 'string' ? value.toLowerCase() : value;
      return options.find((option) => option === wanted);
    },
    names: () => (isNumeric ? [] : options.map(String)),
  };
}

/** Characters that have no place in a name or a topic: controls and halves of surrogate pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/** Printable text that is not blank, up to so many characters. */
export function text(maxLength: number): Kind<string> {
  return {
    accepts: `text of 1 to ${maxLength} printable characters`,
    schema: { type: 'string', minLength: 1, maxLength },
    read: (value) => {
      const isText = typeof value === 'string' && value.trim() !== '' && !UNPRINTABLE.test(value);
      return isText && value.length <= maxLength ? value : undefined;
    },
  };
}

/** Text of a certain form. */
export function pattern(form: RegExp, accepts: string): Kind<string> {
  return {
    accepts,
    schema: { type: 'string', pattern: form.source },
    read: (value) => (typeof value === 'string' && form.test(value) ? value : undefined),
  };
}

/** A name or address to connect to or listen on; names of containers may hold underscores. */
export const HOST: Kind<string> = {
  accepts: 'a host name or an address, without a scheme or a port',
  schema: { type: 'string' },
  read: (value) => {
    if (typeof value !== 'string') return undefined;
    const isName = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_-]+)*\.?$/i.test(value);
    // All digits and dots is an address that must be a right one.
    return isIP(value) || (isName && !/^[\d.]+$/.test(value)) ? value : undefined;
  },
};

/** Host names, separated by commas; they mean the same in small letters. */
export const HOSTS: Kind<readonly string[]> = {
  accepts: 'host names without a scheme or a port, separated by commas',
  schema: { type: 'string' },
  read: (value) => {
    if (typeof value !== 'string') return undefined;
    const hosts = value.split(',').map((each) => each.trim());
    if (!hosts.every((each) => HOST.read(each) !== undefined)) return undefined;
    return hosts.map((each) => each.toLowerCase().replace(/\.$/, ''));
  },
};

/** Web origins, separated by commas. */
export const ORIGINS: Kind<readonly string[]> = {
  accepts: '*, or origins like https://example.com:8080, separated by commas',
  schema: { type: 'string' },
  read: (value) => {
    if (typeof value !== 'string') return undefined;
    const origins = value.split(',').map((each) => each.trim());
    const isOrigin = (each: string) =>
      each === '*' ||
      (/^https?:/.test(each) && URL.canParse(each) && new URL(each).origin === each);
    return origins.every(isOrigin) ? origins : undefined;
  },
};

/** An address with one of some schemes, such as a database's. */
export function url(...schemes: readonly string[]): Kind<string> {
  return {
    accepts: `an address that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
    schema: { type: 'string' },
    read: (value) => {
      const isUrl = typeof value === 'string' && URL.canParse(value);
      return isUrl && schemes.includes(new URL(value).protocol.slice(0, -1)) ? value : undefined;
    },
  };
}

/**
 * Makes of a variable's text what a file would hold: a number or a flag where the kind is one.
 * A variable has no types, so `1`, `yes` and `on` count as true like in other tools.
 */
export function scalar(text: string, { schema }: Kind<unknown>): string | number | boolean {
  const types = [schema.type].flat();
  const isNumeric = types.includes('number') || types.includes('integer');
  if (isNumeric && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (types.includes('boolean') && /^(true|yes|on|1)$/i.test(text)) return true;
  if (types.includes('boolean') && /^(false|no|off|0)$/i.test(text)) return false;
  return text;
}

/** The end of a fault's sentence: what was found, what is accepted, and the nearest name. */
export function notAccepted(value: unknown, kind: Kind<unknown>): string {
  const names = kind.names?.() ?? [];
  const near = typeof value === 'string' ? nearestName(value, names) : undefined;
  const hint = near ? ` (did you mean ${near}?)` : '';
  return `${shown(value)} is not accepted; ${kind.accepts}${hint}`;
}

/** A value as a message shows it: text in quotes, and no more of it than a line takes. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null || value === undefined) return 'an empty value';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > SHOWN_MAX ? `${value.slice(0, SHOWN_MAX)}…` : value);
}

const SHOWN_MAX = 80;
