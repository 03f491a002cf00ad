import { isIP } from 'node:net';

/**
 * A fragment of a JSON Schema, draft 7. TypeBox compiles it unchanged. With TypeBox's
 * constructors, every command would load the library (0.1 s of processor time) to read a few
 * variables.
 */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly additionalProperties?: unknown;
  readonly $ref?: string;
  readonly [keyword: string]: unknown;
}

/** The type of a value: a description, a JSON Schema, and a parser. */
export interface ValueType<T> {
  /** Completes the sentence "… is not accepted; …". */
  readonly expected: string;
  readonly schema: JsonSchema;
  /** The value in the form that the code uses; undefined if it is not accepted. */
  parse(value: unknown): T | undefined;
  /** Converts a value back to its form in a file. Without this, it stays the same. */
  write?(value: T): unknown;
  /** Accepted names, from which to suggest one for a typo. */
  names?(): Iterable<string>;
  /** What a text that is not accepted was probably meant to be, without any secret. */
  guess?(text: string): string | undefined;
}

/** A number between two limits, both included. */
export function number(min: number, max: number): ValueType<number> {
  return {
    expected: `${min} to ${max}`,
    schema: { type: 'number', minimum: min, maximum: max },
    parse: (value) =>
      typeof value === 'number' && value >= min && value <= max ? value : undefined,
  };
}

/** An integer between two limits, both included. */
export function whole(min: number, max: number): ValueType<number> {
  return {
    ...described({ type: 'integer', minimum: min, maximum: max }),
    parse: (value) => (Number.isInteger(value) ? number(min, max).parse(value) : undefined),
  };
}

/** A number above zero, up to a limit. */
export function positive(max: number): ValueType<number> {
  return {
    expected: `a number above 0, up to ${max}`,
    schema: { type: 'number', exclusiveMinimum: 0, maximum: max },
    parse: (value) => (value === 0 ? undefined : number(0, max).parse(value)),
  };
}

/** The lowest and the highest of some numbers. */
export type Range = readonly [low: number, high: number];

/** Two numbers of a type, the lower one first. They may be equal. */
export function range({ expected, schema, parse }: ValueType<number>): ValueType<Range> {
  return {
    expected: `a list of the lowest and the highest value, each ${expected}`,
    schema: { type: 'array', minItems: 2, maxItems: 2, items: schema },
    parse: (value) => {
      if (!Array.isArray(value) || value.length !== 2) return undefined;
      const [low, high] = [parse(value[0]), parse(value[1])];
      return low !== undefined && high !== undefined && low <= high ? [low, high] : undefined;
    },
  };
}

/** A boolean. */
export const FLAG: ValueType<boolean> = {
  ...described({ type: 'boolean' }),
  parse: (value) => (typeof value === 'boolean' ? value : undefined),
};

/** One of several names or numbers. Names are accepted in any case. */
export function choice<const T extends string | number>(options: readonly T[]): ValueType<T> {
  const isNumeric = typeof options[0] === 'number';
  return {
    expected: options.join(', ').replace(/, (?=[^,]*$)/, ' or '),
    schema: { type: isNumeric ? 'integer' : 'string', enum: options },
    parse: (value) => {
      const wanted = typeof value === 'string' ? value.toLowerCase() : value;
      return options.find((option) => option === wanted);
    },
    names: () => (isNumeric ? [] : options.map(String)),
  };
}

/** One of several names, parsed as its index. */
export function position(names: readonly string[]): ValueType<number> {
  const { parse, ...name } = choice(names);
  return {
    ...name,
    parse: (value) => {
      const found = names.indexOf(parse(value) ?? '');
      return found < 0 ? undefined : found;
    },
    write: (value) => names[value],
  };
}

/** A value that is written as text. */
export function textual<T>(
  expected: string,
  parse: (text: string) => T | undefined,
  schema: JsonSchema = {},
): ValueType<T> {
  return {
    expected,
    schema: { type: 'string', ...schema },
    parse: (value) => (typeof value === 'string' ? parse(value) : undefined),
  };
}

/**
 * Characters that do not belong in a name or a topic: control characters and unpaired surrogates.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/** Printable text that is not blank. */
export function text(maxLength: number): ValueType<string> {
  const isAccepted = (given: string) =>
    given.trim() !== '' && given.length <= maxLength && !UNPRINTABLE.test(given);
  return textual(
    `text of 1 to ${maxLength} printable characters`,
    (given) => (isAccepted(given) ? given : undefined),
    { minLength: 1, maxLength },
  );
}

/** Text that matches a regular expression. */
export function pattern(form: RegExp, expected: string): ValueType<string> {
  return textual(expected, (given) => (form.test(given) ? given : undefined), {
    pattern: form.source,
  });
}

/**
 * A host name or address to connect to or listen on. Names of containers may contain underscores.
 */
export const HOST: ValueType<string> = textual(
  'a host name or an address, without a scheme or a port',
  (host) => {
    const isName = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_-]+)*\.?$/i.test(host);
    // Digits and dots alone are an address, which must be valid.
    return isIP(host) || (isName && !/^[\d.]+$/.test(host)) ? host : undefined;
  },
);

function separatedByCommas(
  expected: string,
  parse: (item: string) => string | undefined,
): ValueType<readonly string[]> {
  return textual(`${expected}, separated by commas`, (given) => {
    const items = given.split(',').map((each) => parse(each.trim()));
    return items.every((each) => each !== undefined) ? items : undefined;
  });
}

/** Host names, separated by commas and converted to lower case. */
export const HOSTS = separatedByCommas('host names without a scheme or a port', (host) =>
  HOST.parse(host)?.toLowerCase().replace(/\.$/, ''),
);

/** Stands for the default gateway in a list of addresses. */
export const GATEWAY = 'gateway';

/** Addresses of clients, separated by commas. */
export const ADDRESSES = separatedByCommas(
  `${GATEWAY}, addresses, or ranges like 192.0.2.0/24`,
  (item) => {
    const [address = '', length, ...more] = item.split('/');
    const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    const isRange = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits);
    if (item.toLowerCase() === GATEWAY) return GATEWAY;
    return bits > 0 && isRange && more.length === 0 && !address.includes('%') ? item : undefined;
  },
);

/** Web origins, separated by commas. */
export const ORIGINS = separatedByCommas(
  '*, or origins like https://example.com:8080',
  (origin) => {
    const isUrl = /^https?:/.test(origin) && URL.canParse(origin);
    return origin === '*' || (isUrl && new URL(origin).origin === origin) ? origin : undefined;
  },
);

/** A URL with one of several schemes, such as a database's; the first is the usual one. */
export function url(...schemes: readonly string[]): ValueType<string> {
  const accepted = (given: string) => {
    const scheme = URL.canParse(given) ? new URL(given).protocol.slice(0, -1) : '';
    return schemes.includes(scheme) ? given : undefined;
  };
  return {
    ...textual(
      `a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
      accepted,
    ),
    guess: (text) => accepted(meantUrl(text, schemes[0] as string) ?? ''),
  };
}

/**
 * The URL that was probably meant by a host, port and path without a scheme, or with another one;
 * undefined for anything that may hold a password, such as a single word other than localhost.
 */
export function meantUrl(text: string, scheme: string): string | undefined {
  const parts = /^(\w+:\/\/)?([\w.-]+)(:\d+)?(\/[\w./-]*)?$/.exec(text.trim());
  const [, written = '', host = '', port = '', path = ''] = parts ?? [];
  const isWord = written === '' && port === '' && !host.includes('.');
  return parts && !(isWord && host !== 'localhost')
    ? `${scheme}://${host}${port}${path}`
    : undefined;
}

/**
 * Converts the text of a variable or an option to what a file would hold: a number or a boolean if
 * the type is one. Text has no types, so `1`, `yes` and `on` mean true as in other tools.
 */
export function scalar(text: string, { schema }: ValueType<unknown>): string | number | boolean {
  const types = [schema.type].flat();
  const isNumeric = types.includes('number') || types.includes('integer');
  if (isNumeric && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (types.includes('boolean') && /^(true|yes|on|1)$/i.test(text)) return true;
  if (types.includes('boolean') && /^(false|no|off|0)$/i.test(text)) return false;
  return text;
}

/** A schema with a description of what it accepts. */
function described(schema: JsonSchema): Pick<ValueType<never>, 'expected' | 'schema'> {
  return { expected: wordsFor(schema), schema };
}

/**
 * What a schema accepts, as the end of a sentence: its title, or a description of its keywords.
 */
export function wordsFor(schema: JsonSchema): string {
  if (schema.title) return schema.title;
  if (schema.enum) return `one of ${schema.enum.map(String).join(', ')}`;
  const types = [schema.type ?? 'any value'].flat();
  return types.map((type) => wordsForType(type, schema)).join(' or ');
}

function wordsForType(type: string, schema: JsonSchema): string {
  switch (type) {
    case 'number':
      return `a number${limits(schema.minimum, schema.maximum)}`;
    case 'integer':
      return `a whole number${limits(schema.minimum, schema.maximum)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return `text${limits(schema.minLength, schema.maxLength, ' characters')}`;
    case 'array':
      return `a list${limits(schema.minItems, schema.maxItems, ' entries')}`;
    case 'object': {
      const least = (schema.minProperties ?? 0) > 0 ? 'at least one of ' : '';
      return `an object with ${least}${Object.keys(schema.properties ?? {}).join(', ')}`;
    }
    default:
      return type;
  }
}

function limits(min: number | undefined, max: number | undefined, unit = ''): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}${unit}`;
  if (min !== undefined) return ` of at least ${min}${unit}`;
  return max !== undefined ? ` of at most ${max}${unit}` : '';
}
