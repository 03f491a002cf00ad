import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError, nearestName } from '../core/errors.ts';
import { readRegularFile } from '../runtime/regular-file.ts';
import { decodedText } from '../runtime/text-file.ts';
import { VARIABLES } from './variables.ts';

/** Variables as written, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The content of a file `.env`. */
export interface EnvironmentFile {
  readonly variables: Environment;
  /** What is ignored, or may not mean what was intended. Values are never shown. */
  readonly remarks: readonly string[];
}

/** Space for thousands of variables: a larger file holds no settings. */
const FILE_MAX_BYTES = 1024 * 1024;
/** How many lines or names of one kind to mention individually. */
const SPOKEN_MAX = 20;
/** Longer names cannot be a typo of one of ours. */
const NAME_SHOWN_MAX = 64;

/**
 * Names that certainly belong to other programs: Docker and its images, the compose file next to
 * this program, Node, and shells.
 */
const OTHERS = new RegExp(
  `^(${[
    '(COMPOSE|DOCKER|BUILDKIT|GF|GRAFANA|INFLUX|TELEGRAF|MOSQUITTO|NODE|NPM|LC|XDG|SSL|SSH)_.*',
    'PG[A-Z]+|POSTGRES_(INITDB_(ARGS|WALDIR)|HOST_AUTH_METHOD)|.*_PUBLISHED_PORT',
    'HOME|HOSTNAME|LANG|PATH|PWD|SHELL|TERM|TZ|(TMP|TEMP)(DIR)?|USER|P?[UG]ID',
    '(HTTPS?|NO)_PROXY',
  ].join('|')})$`,
  'i',
);

/** Reads the file `.env` of a folder, if it exists. @throws ConfigError if it cannot be read. */
export function readEnvironmentFile(folder: string): EnvironmentFile {
  const refuse = (message: string) => new ConfigError([{ path: '.env', message }]);
  let bytes: Uint8Array;
  try {
    bytes = readRegularFile(join(folder, '.env'), FILE_MAX_BYTES);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { variables: {}, remarks: [] };
    throw refuse(`cannot be read (${code ?? message})`);
  }
  const text = decodedText(bytes);
  if (text === undefined) throw refuse('is not UTF-8 text; save it as UTF-8');
  const { variables, remarks } = parsed(text);
  // Bytes that never begin UTF-8 text.
  const isUtf16 = bytes[0] === 0xff || bytes[0] === 0xfe;
  const encoding = isUtf16
    ? ['.env is UTF-16 text: accepted, but other programs require UTF-8']
    : [];
  const unknown = unknownNames(Object.keys(variables));
  return { variables, remarks: [...encoding, ...remarks, ...unknown] };
}

const ASSIGNMENT = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*)$/;

/** Parses assignments as Node does, and reports by line number what is ignored. */
function parsed(text: string): EnvironmentFile {
  const lines = text.split(/\r\n|\r|\n/);
  const written = new Map<string, { readonly value: string; readonly line: number }>();
  const slips: { readonly line: number; readonly why: string }[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1;
    const content = lines[i] as string;
    if (/^\s*(#|$)/.test(content)) continue;
    const [, name, start] = ASSIGNMENT.exec(content) ?? [];
    if (name === undefined || start === undefined) {
      slips.push({ line, why: 'is not an assignment like API_PORT=8003, so it is ignored' });
      continue;
    }
    const quote = /^["'`]/.exec(start)?.[0];
    const last = quote === undefined ? i : lastLine(lines, i, start, quote);
    const value = [start, ...lines.slice(i + 1, (last ?? i) + 1)].join('\n');
    const why = last === undefined ? 'has an unclosed quote' : slip(value, quote);
    if (why !== undefined) slips.push({ line, why });
    const before = written.get(name);
    if (before) {
      const again = `sets ${shownName(name)}, which line ${line} sets again`;
      slips.push({ line: before.line, why: `${again}, so it is ignored` });
    }
    written.set(name, { value: parseEnv(`X=${value}`)['X'] ?? '', line });
    i = last ?? i;
  }
  const variables = Object.fromEntries([...written].map(([name, { value }]) => [name, value]));
  const spoken = slips
    .sort((a, b) => a.line - b.line)
    .map(({ line, why }) => `line ${line} of .env ${why}`);
  return { variables, remarks: cut(spoken, (rest) => `${rest} more lines of .env have problems`) };
}

/** The line that closes a quote; undefined if none does. */
function lastLine(
  lines: readonly string[],
  first: number,
  start: string,
  quote: string,
): number | undefined {
  if (start.indexOf(quote, 1) > 0) return first;
  const found = lines.findIndex((line, i) => i > first && line.includes(quote));
  return found < 0 ? undefined : found;
}

/** Which part of a value is ignored, as the end of a sentence. */
function slip(value: string, quote: string | undefined): string | undefined {
  if (quote === undefined)
    return /^[^#]*[^\s#]#/.test(value)
      ? 'has a # that begins a comment; quote the value if the # belongs to it'
      : undefined;
  const rest = value.slice(value.indexOf(quote, 1) + 1).trim();
  return rest === '' || rest.startsWith('#')
    ? undefined
    : 'has text after the closing quote, which is ignored';
}

function unknownNames(names: readonly string[]): readonly string[] {
  const unknown = names.filter((name) => !Object.hasOwn(VARIABLES, name)).sort();
  const others = unknown.filter((name) => OTHERS.test(name));
  const ours = unknown.filter((name) => !OTHERS.test(name));
  const spoken = ours.slice(0, SPOKEN_MAX).map((name) => {
    const near = name.length > NAME_SHOWN_MAX ? undefined : nearestName(name, NAMES);
    return `${shownName(name)} in .env is unknown${near ? `; did you mean ${near}?` : ''}`;
  });
  if (ours.length > SPOKEN_MAX)
    spoken.push(`${ours.length - SPOKEN_MAX} more names in .env are unknown`);
  if (others.length > 0) {
    const list = cut(others.map(shownName), (rest) => `${rest} more`).join(', ');
    spoken.push(`.env has variables of other programs, which are ignored: ${list}`);
  }
  return spoken;
}

const NAMES = Object.keys(VARIABLES);

function shownName(name: string): string {
  return name.length > NAME_SHOWN_MAX ? `${name.slice(0, NAME_SHOWN_MAX)}…` : name;
}

/** The first items of a list, and how many more there are. */
function cut(list: readonly string[], more: (rest: number) => string): readonly string[] {
  return list.length > SPOKEN_MAX
    ? [...list.slice(0, SPOKEN_MAX), more(list.length - SPOKEN_MAX)]
    : list;
}
